import Foundation
import Logging
import Observability
import Testing

struct JSONLogHandlerTests {
    private let sink = MemoryLogSink()

    private func logger(level: Logger.Level = .info) -> Logger {
        let sink = sink
        return Logger(label: "test") { label in
            JSONLogHandler(label: label, level: level, sink: sink, nowMicroseconds: { 1_706_702_400_123_456 })
        }
    }

    @Test func `a record is one object on one line`() throws {
        var logger = logger()
        logger[metadataKey: "jobId"] = "j\"1"
        logger.info(
            "file\nlanded",
            metadata: ["rows": .stringConvertible(7), "nested": ["a": ["x", "y"]], "ok": .stringConvertible(true)])
        #expect(
            sink.lines == [
                #"{"time":"2024-01-31T12:00:00.123Z","level":"info","logger":"test","message":"file\nlanded","jobId":"j\"1","nested":{"a":["x","y"]},"ok":true,"rows":7}"#
                    + "\n"
            ])
    }

    @Test func `levels hold and errors tell their place`() throws {
        let logger = logger(level: .warning)
        logger.info("no")
        logger.error("yes")
        #expect(sink.lines.count == 1)
        #expect(sink.lines.first?.contains("\"source\":\"ObservabilityTests/JSONLogHandlerTests.swift:") == true)
    }

    @Test func `fixed keys can't be hidden and long texts are cut`() throws {
        let long = String(repeating: "é", count: 20_000)
        logger().info("m", metadata: ["level": "fake", "message": "fake", "long": .string(long)])
        let line = try #require(sink.lines.first)
        let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary)
        #expect(record["level"] as? String == "info" && record["meta.level"] as? String == "fake")
        #expect((record["long"] as? String)?.utf8.count == JSONLogHandler.textBytesMax + 3)
    }

    @Test func `metadata of the record wins over that of the logger, and stands once`() throws {
        var logger = logger()
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "b"] = "logger"
        logger.info("m", metadata: ["a": "record", "c": "record"])
        let line = try #require(sink.lines.first)
        #expect(line.hasSuffix(#""a":"record","b":"logger","c":"record"}"# + "\n"))
    }

    @Test func `every character survives`() throws {
        let text = String(String.UnicodeScalarView((0..<0x300).compactMap(Unicode.Scalar.init))) + "\u{2028}\u{1F600}"
        logger().info("\(text)")
        let line = try #require(sink.lines.first)
        let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary)
        #expect(record["message"] as? String == text)
    }
}

struct UTCTextTests {
    @Test func `known instants`() {
        for (microseconds, text) in [
            (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00Z"),
            (253_402_300_799_000_001, "9999-12-31T23:59:59.000001Z"), (-62_135_596_800_000_000, "0001-01-01T00:00:00Z"),
        ] as [(Int64, String)] {
            #expect(UTCText.text(microseconds: microseconds) == text)
            #expect(UTCText.microseconds(of: text) == microseconds)
        }
    }

    @Test func `text and instants go both ways`() {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        for _ in 0..<5_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let instant = Int64(state >> 1) % 253_402_300_799_000_000
            #expect(UTCText.microseconds(of: UTCText.text(microseconds: instant)) == instant, "seed \(seed)")
        }
    }

    @Test func `offsets, dates and spaces are read and nonsense is not`() {
        #expect(UTCText.microseconds(of: "2024-01-31T01:00:00+01:00") == 1_706_659_200_000_000)
        #expect(UTCText.microseconds(of: "2024-01-31") == 1_706_659_200_000_000)
        #expect(UTCText.microseconds(of: "2024-01-31 00:00Z") == 1_706_659_200_000_000)
        #expect(UTCText.microseconds(of: "2024-01-31T00:00:00.1234567Z") == 1_706_659_200_123_456)
        for text in [
            "", "2024", "2024-13-01", "2024-02-30", "2023-02-29", "2024-01-31T", "2024-01-31T24:00:00Z",
            "2024-01-31T00:00:00",
            "2024-01-31T00:00:60Z", "2024-01-31T00:00:00.Z", "2024-01-31T00:00:00Zx", "2024-1-31", "２０２４-01-31",
        ] { #expect(UTCText.microseconds(of: text) == nil, "\(text)") }
    }
}

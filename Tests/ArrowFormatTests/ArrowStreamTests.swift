import LakeModel
import Testing

@testable import ArrowFormat

@Suite struct ArrowStreamTests {
    private func little(_ bytes: [UInt8], at place: Int, count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }

    /// The lengths of metadata and body of each message, by walking the stream as a reader does.
    private func messages(_ stream: [UInt8]) -> [(metadata: ArraySlice<UInt8>, body: ArraySlice<UInt8>)] {
        var found: [(ArraySlice<UInt8>, ArraySlice<UInt8>)] = []
        var place = 0
        while place < stream.count {
            #expect(Array(stream[place..<(place + 4)]) == [0xFF, 0xFF, 0xFF, 0xFF])
            let length = little(stream, at: place + 4, count: 4)
            place += 8
            if length == 0 { break }
            #expect(place % 8 == 0 && length % 8 == 0)
            let metadata = Array(stream[place..<(place + length)])
            // The root table's fourth slot is the body's length.
            let root = little(metadata, at: 0, count: 4)
            let vtable = root - little(metadata, at: root, count: 4)
            let body = little(metadata, at: root + little(metadata, at: vtable + 4 + 2 * 3, count: 2), count: 8)
            let end = place + length
            found.append((stream[place..<end], stream[end..<(end + body)]))
            place = end + body
        }
        #expect(place == stream.count)
        return found
    }

    @Test func `a stream is a schema, batches and an end, each on a multiple of eight`() throws {
        let writer = ArrowStreamWriter(fields: [
            ArrowField("n", .int(bits: 64, isSigned: true)), ArrowField("t", .utf8),
        ])
        let first = try writer.batch([[.integer(1), .null, .integer(3)], [.text("a"), .text("bc"), .null]])
        let stream = writer.schema + first + ArrowStreamWriter.end
        let found = messages(stream)
        #expect(found.count == 2)
        #expect(found[0].body.isEmpty)
        let body = Array(found[1].body)
        // Validity of n, its values, validity of t, its offsets, its bytes: each filled up to eight.
        #expect(body.count == 8 + 24 + 8 + 16 + 8)
        #expect(body[0] == 0b101 && body[32] == 0b011)
        #expect(Array(body[8..<32]) == [1] + [UInt8](repeating: 0, count: 15) + [3] + [UInt8](repeating: 0, count: 7))
        #expect([0, 1, 2, 3].map { little(body, at: 40 + 4 * $0, count: 4) } == [0, 1, 3, 3])
        #expect(Array(body[56..<59]) == Array("abc".utf8))
    }

    @Test func `columns without nulls have no validity`() {
        var column = ArrowColumn(.bool)
        for _ in 0..<9 { #expect(throws: Never.self) { try column.append(.bool(true)) } }
        #expect(column.buffers == [[], [0xFF, 0x01]])
        #expect(column.nullCount == 0)
    }

    @Test func `what a type cannot hold is an error with the column's name`() throws {
        let cases: [(ArrowType, ArrowValue)] = [
            (.int(bits: 8, isSigned: true), .integer(128)), (.int(bits: 8, isSigned: false), .integer(-1)),
            (.int(bits: 64, isSigned: false), .text("18446744073709551616")),
            (.decimal(precision: 38, scale: 0), .text("100000000000000000000000000000000000000")),
            (.decimal(precision: 9, scale: 2), .text("1.234")), (.decimal(precision: 9, scale: 2), .text("x")),
            (.date, .text("2020-13-01")), (.date, .text("soon")),
            (.timestamp(.nanosecond, zone: nil), .text("9999-01-01T00:00:00")),
            (.time(.microsecond), .text("1:2")), (.interval, .text("1D")), (.binary, .text("abc")),
            (.bool, .integer(1)),
            (.structure([ArrowField("a", .bool)]), .structure([])),
            (.fixedList(ArrowField("item", .bool), count: 2), .list([])),
        ]
        for (type, value) in cases {
            let writer = ArrowStreamWriter(fields: [ArrowField("wide", type)])
            let error = #expect(throws: ArrowError.self, "\(type) \(value)") { try writer.batch([[value]]) }
            #expect(error?.code == "value-unrepresentable" && error?.place?.column == "wide")
        }
    }

    @Test func `times are read in every unit, before 1970 and to the ends`() {
        #expect(InstantText.timestamp("1969-12-31T23:59:59.5Z", perSecond: 1_000_000) == -500_000)
        #expect(InstantText.timestamp("2021-11-07T02:48:42", perSecond: 1) == 1_636_253_322)
        #expect(InstantText.timestamp("infinity", perSecond: 1) == .max)
        #expect(InstantText.timestamp("-infinity", perSecond: 1) == -.max)
        #expect(InstantText.days("-0044-03-15") == -735_525)
        #expect(InstantText.time(Array("23:59:59.000000001".utf8)[...], perSecond: 1_000_000_000) == 86_399_000_000_001)
        #expect(
            InstantText.interval("P1Y2M-3DT1H2M3.5S") == .init(months: 14, days: -3, nanoseconds: 3_723_500_000_000))
        #expect(InstantText.interval("PT-0.000001S") == .init(months: 0, days: 0, nanoseconds: -1_000))
        #expect(InstantText.interval("PT0S") == .init())
        #expect(InstantText.interval("PT99999999999999999H") == nil)
    }
}

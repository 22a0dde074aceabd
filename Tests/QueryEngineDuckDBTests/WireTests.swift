import QueryEngine
import Testing

@testable import QueryEngineDuckDB

struct WireTests {
    private func block() -> [UInt8] {
        var writer = ColumnBlockWriter()
        writer.begin(rowCount: 2)
        writer.beginColumn(.integer)
        for value in [1, 1] as [UInt8] { writer.append(value) }
        for value in [7, Int64.min] { writer.append(value) }
        writer.beginColumn(.text)
        for value in [1, 0] as [UInt8] { writer.append(value) }
        for value in [2, 0] as [UInt32] { writer.append(value) }
        writer.append(contentsOf: Array("ü".utf8))
        return writer.bytes
    }

    @Test func `a block reads back as it was written`() throws {
        var reader = ColumnBlockReader(block())
        let rows = try reader.rows(columnCount: 2)
        #expect(rows == [[.integer(7), .text("ü")], [.integer(.min), .null]])
    }

    @Test func `every cut and every longer block is malformed`() {
        let bytes = block()
        for count in bytes.indices {
            var reader = ColumnBlockReader(Array(bytes[..<count]))
            #expect(throws: ColumnBlockReader.Malformed.self) { try reader.rows(columnCount: 2) }
        }
        var longer = ColumnBlockReader(bytes + [0])
        #expect(throws: ColumnBlockReader.Malformed.self) { try longer.rows(columnCount: 2) }
        var fewer = ColumnBlockReader(bytes)
        #expect(throws: ColumnBlockReader.Malformed.self) { try fewer.rows(columnCount: 0) }
    }

    @Test func `damaged blocks are rows or malformed, never a trap`() {
        let seed = UInt64.random(in: 1...UInt64.max)
        var state = seed
        var readable = 0
        for _ in 0..<20_000 {
            var bytes = block()
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 20)
            var reader = ColumnBlockReader(bytes)
            if (try? reader.rows(columnCount: 2)) != nil { readable += 1 }
        }
        #expect(readable > 0, "seed \(seed)")
    }

    @Test func `headers that are none are refused`() {
        let header = Frame.header(kind: .rows, payloadByteCount: 70_000)
        let parsed = Frame.parse(header: header)
        #expect((parsed?.kind, parsed?.payloadByteCount) == (.rows, 70_000))
        #expect(Frame.parse(header: [0, 0, 0, 0, Frame.Kind.rows.rawValue]) == nil)
        #expect(Frame.parse(header: [1, 0, 0, 0, 0]) == nil)
        #expect(Frame.parse(header: [255, 255, 255, 255, Frame.Kind.rows.rawValue]) == nil)
        #expect(Frame.parse(header: Array("Hello".utf8)) == nil)
    }
}

struct RestartBackoffTests {
    @Test func `a few crashes cost no pause, more cost ever longer ones, a success ends them`() {
        var backoff = RestartBackoff()
        for _ in 1..<RestartBackoff.freeFailures { backoff.failed(nowMilliseconds: 0) }
        #expect(backoff.pauseMilliseconds(nowMilliseconds: 0) == 0)
        var pauses: [Int64] = []
        for _ in 0..<30 {
            backoff.failed(nowMilliseconds: 1000)
            pauses.append(backoff.pauseMilliseconds(nowMilliseconds: 1000))
        }
        #expect(pauses.first == RestartBackoff.firstPauseMilliseconds)
        #expect(pauses == pauses.sorted())
        #expect(pauses.last == RestartBackoff.pauseMillisecondsMax)
        #expect(backoff.pauseMilliseconds(nowMilliseconds: 1000 + RestartBackoff.pauseMillisecondsMax) == 0)
        backoff.succeeded()
        backoff.failed(nowMilliseconds: 100_000)
        #expect(backoff.pauseMilliseconds(nowMilliseconds: 100_000) == 0)
    }
}

struct JSONTreeTests {
    @Test func `texts, escapes and nesting are read`() throws {
        let tree = try JSONTree.parse(Array(#"{"a": [1, -2.5, true, null, "x\"\u00fc\ud83e\udd86"], "b": {}}"#.utf8))
        #expect(tree["a"]?.elements == [.integer(1), .real(-2.5), .boolean(true), .other, .string("x\"ü🦆")])
        #expect(tree["b"] == .object([]))
    }

    @Test(arguments: ["", "{", "[1,", "\"a", "{\"a\" 1}", "[1 2]", "1 2", "{1: 2}", "\"\\ud83e\\u0041\"", "\"\\u12\""])
    func `what is no JSON is malformed`(text: String) {
        #expect(throws: JSONTree.Malformed.self) { try JSONTree.parse(Array(text.utf8)) }
    }

    @Test func `nesting past the limit is refused before the stack is`() {
        let text = String(repeating: "[", count: 1_000_000)
        let error = #expect(throws: JSONTree.Malformed.self) { try JSONTree.parse(Array(text.utf8)) }
        #expect(error?.isTooDeep == true)
    }
}

import Testing

@testable import ResultCacheRedis

@Suite struct RESPParserTests {
    private static let stream = Array(
        "+OK\r\n-ERR no\r\n:42\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n*2\r\n$1\r\nx\r\n:-7\r\n*-1\r\n*0\r\n".utf8)
    private static let values: [RESPValue] = [
        .text("OK"), .failure("ERR no"), .integer(42), .bytes(Array("a\r\nbc".utf8)), .bytes([]), .bytes(nil),
        .list([.bytes(Array("x".utf8)), .integer(-7)]), .list(nil), .list([]),
    ]

    @Test(arguments: 1...70)
    func `values are the same however their bytes are cut`(piece: Int) throws {
        var parser = RESPParser(valueBytesMax: 100)
        var found: [RESPValue] = []
        for start in stride(from: 0, to: Self.stream.count, by: piece) {
            parser.push(Self.stream[start..<min(Self.stream.count, start + piece)])
            while let value = try parser.next() { found.append(value) }
        }
        #expect(found == Self.values)
    }

    @Test(arguments: [
        "?\r\n", "$x\r\n", "$101\r\n", "$-2\r\n", "*1025\r\n", "$2\r\nabcd", ":1\r2",
        String(repeating: "*1\r\n", count: 12) + ":1\r\n", "+" + String(repeating: "x", count: 70_000),
    ])
    func `what is no answer ends the connection`(text: String) {
        var parser = RESPParser(valueBytesMax: 100)
        parser.push(text.utf8)
        #expect(throws: RESPFailure.self) { while try parser.next() != nil {} }
    }

    @Test func `a command is a list of its parts`() {
        let bytes = RESPParser.command([Array("SET".utf8), [], Array("a\r\n".utf8)])
        #expect(String(decoding: bytes, as: UTF8.self) == "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$3\r\na\r\n\r\n")
    }
}

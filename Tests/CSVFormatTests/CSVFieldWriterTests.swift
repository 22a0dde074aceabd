import CSVFormat
import LakeModel
import Testing

@Suite struct CSVFieldWriterTests {
    private func row(_ fields: [String?], escapesFormulas: Bool = false) -> String {
        var writer = CSVFieldWriter(escapesFormulas: escapesFormulas)
        var bytes: [UInt8] = []
        for field in fields {
            if let field { writer.append(field, to: &bytes) } else { writer.appendNull(to: &bytes) }
        }
        writer.endRow(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `fields are quoted when they must be`() {
        #expect(row(["a", "b,c", "d\"e", "f\ng", nil, ""]) == "a,\"b,c\",\"d\"\"e\",\"f\ng\",,\"\"\r\n")
    }

    @Test func `formulas are escaped when asked`() {
        for text in ["=1+1", "+1", "-1", "@x", "\tx"] {
            #expect(row([text], escapesFormulas: true) == "'\(text)\r\n")
            #expect(row([text]) == "\(text)\r\n")
        }
        #expect(row(["\rx"], escapesFormulas: true) == "\"'\rx\"\r\n")
        #expect(row(["a=b"], escapesFormulas: true) == "a=b\r\n")
    }

    @Test func `what is written reads back`() throws {
        let values: [[String?]] = [["a\"", "\r\n", ","], ["", nil, "x"], ["\"", " y ", "å"]]
        let text = values.map { row($0) }.joined()
        let table = CSVFixture.table([("a", .string), ("b", .string), ("c", .string)])
        let file = try CSVFixture.read(text, table)
        #expect(file.rows == values.map { $0.map { $0.map { .string($0) } } })
    }
}

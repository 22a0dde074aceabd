import CSVFormat
import Fuzzing
import LakeModel
import Testing

/// What a reject says, to the letter.
@Suite struct CSVRejectsTests {
    private func read(_ bytes: [UInt8], _ table: CSVTable, limits: CSVLimits = CSVLimits()) throws -> ReadFile {
        let sniff = CSVSniff(dialect: CSVDialect(), layout: .positional(columnCount: table.columns.count))
        return try CSVFixture.read(bytes, table, sniff: sniff, limits: limits)
    }

    private func messages(_ text: String, _ table: CSVTable, limits: CSVLimits = CSVLimits()) throws -> [String] {
        try read(Array(text.utf8), table, limits: limits).rejects.map(\.message)
    }

    private let table = CSVTable(
        columns: [
            ColumnDeclaration(name: "n", type: .int, required: true, minimum: .int(1), maximum: .int(9)),
            ColumnDeclaration(name: "t", type: .string, pattern: "[a-z\"é]+"),
            ColumnDeclaration(name: "d", type: .date),
        ], key: [], undeclared: .reject)

    @Test func `each kind of fault has its message`() throws {
        let long = String(repeating: "x", count: 81)
        let cases: [(row: String, code: String, column: String?, message: String)] = [
            (",a,", "value-missing", "n", "column \"n\": there is no value, and the column is required"),
            ("\" \",a,", "value-missing", "n", "column \"n\": there is no value, and the column is required"),
            (
                " two ,a,", "value-invalid", "n",
                "column \"n\": \"two\" is no int: it has a character that is no digit; expected a whole number from "
                    + "-2147483648 to 2147483647"
            ),
            (
                "\"t\"\"o\",a,", "value-invalid", "n",
                "column \"n\": \"t\\\"o\" is no int: it has a character that is no digit; expected a whole number from "
                    + "-2147483648 to 2147483647"
            ),
            (
                "2147483648,a,", "value-out-of-range", "n",
                "column \"n\": \"2147483648\" is no int: it is beyond 32 bits; expected a whole number from "
                    + "-2147483648 to 2147483647"
            ),
            (
                "\"10\",a,", "value-out-of-range", "n",
                "column \"n\": \"10\" is outside the bounds; expected at least 1 and at most 9"
            ),
            ("1,É,", "pattern-mismatch", "t", "column \"t\": \"É\" does not match the pattern [a-z\"é]+"),
            (
                "1, a,", "pattern-mismatch", "t",
                "column \"t\": \" a\" does not match the pattern [a-z\"é]+"
            ),
            (
                "1,\"a\tb\",", "pattern-mismatch", "t",
                "column \"t\": \"a\\tb\" does not match the pattern [a-z\"é]+"
            ),
            (
                "1,a,\(long)", "value-invalid", "d",
                "column \"d\": \"\(long.dropLast())\" (the first 80 of 81 bytes) is no date: it has not the form "
                    + "YYYY-MM-DD; expected a date such as 2021-11-07"
            ),
            (
                "1,\"a\"b,", "quote-misplaced", "t",
                "column \"t\": there is text behind the closing quote of \"\\\"a\\\"b\"; a quote inside quotes is "
                    + "written twice"
            ),
            (
                "1,a,,b", "too-many-fields", nil, "the row has 4 fields where 3 are expected, and field 4 is not empty"
            ),
            ("1,a,\0", "nul-byte", nil, "the row has a byte 0, 4 bytes from its start"),
        ]
        for (row, code, column, message) in cases {
            let file = try read(Array(row.utf8), table)
            let reject = try #require(file.rejects.first, "\(row)")
            #expect(reject.code == code, "\(row)")
            #expect(reject.column == column, "\(row)")
            #expect(reject.message == message, "\(row)")
            #expect(reject.raw == Array(row.utf8))
        }
    }

    @Test func `rows as a whole have their messages`() throws {
        let limits = CSVLimits(rowBytesMax: 20, fieldBytesMax: 5, fieldsMax: 4)
        #expect(try messages("1,abcdef,\n", table, limits: limits) == ["field 2 has 6 bytes; the limit is 5"])
        #expect(try messages("1,,,,,,\n", table, limits: limits) == ["the row has more than 4 fields"])
        #expect(
            try messages("1,abcdefghijklmnopqrstuvw,\n", table, limits: limits)
                == ["the row has 26 bytes; the limit is 20"])
        #expect(
            try messages("1,\"abc", table)
                == ["the file ends inside a quoted field; the quote that opens it is never closed"])
        let late = CSVTable(
            columns: [
                ColumnDeclaration(name: "a", type: .int), ColumnDeclaration(name: "b", type: .int, required: true),
            ],
            key: [], undeclared: .reject)
        #expect(
            try messages("1\n", late) == [
                "column \"b\": the row has 1 fields where 2 are expected, and the required column \"b\" is missing"
            ])
    }

    @Test func `a byte that is not UTF-8 is named by its place in the file`() throws {
        let table = CSVFixture.table([("a", .int), ("b", .string)])
        for (opening, closing) in [("1,ab", ""), ("1,\"ab", "\""), ("1,\"a\"\"b", "\"")] {
            let first = Array("7,x\n".utf8)
            let bytes = first + Array(opening.utf8) + [0xEB] + Array("cd\(closing)\n".utf8)
            let file = try read(bytes, table)
            let content = opening.hasSuffix("\"\"b") ? 3 : 2
            let place = first.count + opening.utf8.count
            #expect(bytes[place] == 0xEB)
            #expect(
                file.rejects.map(\.message) == [
                    "column \"b\": the text is not UTF-8: byte \(content) of it is 0xeb; see byte \(place) of the file"
                ])
        }
    }

    @Test func `the first field of the file is at fault, whatever the order of the columns`() throws {
        let table = CSVFixture.table([("a", .int), ("b", .int), ("c", .int)])
        let layout = try CSVFixture.sniff("c,b,a\n1,2,3\nx,2,y\n3,y,z\n", table)
        let file = try CSVFixture.read(Array("c,b,a\n1,2,3\nx,2,y\n3,y,z\n".utf8), table, sniff: layout)
        #expect(file.rejects.map(\.column) == ["c", "b"])
        #expect(file.rejects.map(\.line) == [3, 4])
    }

    /// Rows that are right, and rows wrong in ways whose reject is known, mixed at random.
    @Test func `every reject is exact among good rows`() throws {
        for seed in UInt64(1)...20 {
            var random = FuzzRandom(seed: seed)
            var bytes: [UInt8] = []
            var rejects: [CSVReject] = []
            var good: [[Datum?]] = []
            let rowCount = Int(random.next() % 4000) + 1
            let badEvery = random.next() % 12 + 1
            for row in 1...rowCount {
                let name = random.next() % 3 == 0 ? "Zoë \(row)" : "Ann \(row)"
                var raw = Array("\(row),\(name)".utf8)
                var expected: (code: String, column: String?, message: String)?
                if random.next() % badEvery == 0 {
                    switch random.next() % 4 {
                    case 0:
                        raw = Array("x\(row),\(name)".utf8)
                        expected = (
                            "value-invalid", "a",
                            "column \"a\": \"x\(row)\" is no int: it has a character that is no digit; expected a whole "
                                + "number from -2147483648 to 2147483647"
                        )
                    case 1:
                        raw = Array("\(row),\(name),more".utf8)
                        expected = (
                            "too-many-fields", nil,
                            "the row has 3 fields where 2 are expected, and field 3 is not empty"
                        )
                    case 2:
                        raw = Array("\(row),Zo".utf8) + [0xEB] + Array(" Kim".utf8)
                        let place = bytes.count + "\(row),Zo".utf8.count
                        expected = (
                            "utf8-invalid", "b",
                            "column \"b\": the text is not UTF-8: byte 2 of it is 0xeb; see byte \(place) of the file"
                        )
                    default:
                        raw = Array("\(row),\"\(name)\"x".utf8)
                        expected = ("quote-misplaced", "b", "")
                    }
                }
                if let expected {
                    rejects.append(
                        CSVReject(
                            line: row, byteOffset: bytes.count, byteCount: raw.count, raw: raw, rawTruncated: false,
                            column: expected.column, code: expected.code, message: expected.message))
                } else {
                    good.append([.int(Int32(row)), .string(name)])
                }
                bytes += raw + [0x0A]
            }
            let limits = CSVLimits(chunkBytesTarget: Int(random.next() % 60_000) + 1_000)
            var file = try read(bytes, CSVFixture.table([("a", .int), ("b", .string)]), limits: limits)
            for index in file.rejects.indices where file.rejects[index].code == "quote-misplaced" {
                file.rejects[index].message = ""
            }
            #expect(file.rejects == rejects, "seed \(seed)")
            #expect(file.rows == good, "seed \(seed)")
        }
    }
}

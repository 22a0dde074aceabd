import CSVFormat
import Fuzzing
import LakeModel
import Testing

@Suite struct CSVChunkParserTests {
    /// Without sniffing: fields are the columns in order.
    private func read(_ text: String, _ table: CSVTable, limits: CSVLimits = CSVLimits()) throws -> ReadFile {
        try read(Array(text.utf8), table, limits: limits)
    }

    private func read(_ bytes: [UInt8], _ table: CSVTable, limits: CSVLimits = CSVLimits()) throws -> ReadFile {
        let sniff = CSVSniff(dialect: CSVDialect(), layout: .positional(columnCount: table.columns.count))
        let file = try CSVFixture.read(bytes, table, sniff: sniff, limits: limits)
        #expect(file.rowsRead == file.rows.count + file.rejects.count + file.blankRows)
        for reject in file.rejects where !reject.rawTruncated {
            #expect(Array(bytes[reject.byteOffset..<reject.byteOffset + reject.byteCount]) == reject.raw)
        }
        return file
    }

    private let pair = CSVFixture.table([("a", .int), ("b", .string)])
    private let texts = CSVFixture.table([("a", .string), ("b", .string), ("c", .string)])

    private func strings(_ values: String?...) -> [Datum?] { values.map { $0.map { .string($0) } } }

    @Test func `a row becomes typed values`() throws {
        let file = try read("1,Harold Vogt,2021-11-07T02:48:42Z,2,96\n", CSVFixture.employees)
        #expect(
            file.rows == [[.long(1), .string("Harold Vogt"), .long(1_636_253_322_000_000), .int(2), .int(96)]])
        #expect(file.places == [.init(byteOffset: 0, byteCount: 39, line: 1)])
    }

    @Test func `whole numbers of every length are read as the language reads them`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("whole numbers: seed \(seed)")
        var random = FuzzRandom(seed: seed)
        var fields = ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "9999999999999999999"]
        for length in 1...21 {
            for _ in 0..<300 {
                var digits = (0..<length).map { _ in UInt8(0x30 + random.next() % 10) }
                // The neighbours of the digits, and what a sign may be taken for.
                if random.next() % 8 == 0 {
                    digits[Int(random.next() % UInt64(length))] = Array("/:.x".utf8)[Int(random.next() % 4)]
                }
                if random.next() % 8 == 0 { digits[0] = Array("-+".utf8)[Int(random.next() % 2)] }
                fields.append(String(decoding: digits, as: UTF8.self))
            }
        }
        let file = try read(fields.map { "\($0),x\n" }.joined(), CSVFixture.table([("a", .long), ("b", .string)]))
        #expect(file.rows.map { $0[0] } == fields.compactMap { Int64($0) }.map { .long($0) }, "seed \(seed)")
    }

    @Test func `quotes enclose delimiters, line ends and doubled quotes`() throws {
        let file = try read("\"a,b\",\"c\r\nd\",\"e \"\"f\"\"\"\r\nx,y,z", texts)
        #expect(file.rows == [strings("a,b", "c\r\nd", "e \"f\""), strings("x", "y", "z")])
        #expect(file.places.map(\.line) == [1, 3])
        #expect(file.lineCount == 2)
    }

    @Test func `a quote inside an unquoted field is text`() throws {
        let file = try read("5\" disk,a\"b\"c, \"d\n", texts)
        #expect(file.rows == [strings("5\" disk", "a\"b\"c", " \"d")])
    }

    @Test func `text behind a closing quote is refused`() throws {
        let file = try read("\"a\"b,c,d\n1,2,\"3\" \nx,y,z\n", texts)
        #expect(file.rejects.map(\.code) == ["quote-misplaced", "quote-misplaced"])
        #expect(file.rejects.map(\.column) == ["a", "c"])
        #expect(file.rows == [strings("x", "y", "z")])
    }

    @Test func `an empty field is null and a quoted empty one is an empty string`() throws {
        let file = try read(",\"\",x\n", texts)
        #expect(file.rows == [strings(nil, "", "x")])
        let numbers = try read("\"\",x\n , y \n", pair)
        #expect(numbers.rows == [[nil, .string("x")], [nil, .string(" y ")]])
    }

    @Test func `a required column refuses both`() throws {
        let table = CSVTable(
            columns: [
                ColumnDeclaration(name: "a", type: .string, required: true), ColumnDeclaration(name: "b", type: .int),
            ], key: [], undeclared: .reject)
        let file = try read(",1\n\"\",2\nx,3\n", table)
        #expect(file.rejects.map(\.code) == ["value-missing", "value-missing"])
        #expect(
            file.rejects.map(\.message)
                == Array(
                    repeating: "column \"a\": there is no value, and the column is required", count: 2))
        #expect(file.rows == [[.string("x"), .int(3)]])
    }

    @Test func `a key column is required`() throws {
        let table = CSVTable(
            columns: [ColumnDeclaration(name: "k", type: .int), ColumnDeclaration(name: "v", type: .int)], key: ["k"],
            undeclared: .reject)
        #expect(try read(",1\n", table).rejects.map(\.code) == ["value-missing"])
    }

    @Test func `blank lines and rows of empty fields are blank`() throws {
        let file = try read("\n1,x\n\r\n,\n,,,,\n\"\",\n\n2,y", pair)
        #expect(file.blankRows == 5)
        #expect(file.rows == [[.int(1), .string("x")], [nil, nil], [.int(2), .string("y")]])
        #expect(file.places.map(\.line) == [2, 6, 8])
    }

    @Test func `a trailing delimiter is tolerated, a surplus value is not`() throws {
        let file = try read("1,x,\n2,y,,\"\"\n3,z,w\n4,v, \n", pair)
        #expect(file.rows.count == 2)
        #expect(file.rejects.map(\.code) == ["too-many-fields", "too-many-fields"])
        #expect(
            file.rejects[0].message == "the row has 3 fields where 2 are expected, and field 3 is not empty")
    }

    @Test func `missing optional columns are null, a missing required one is not`() throws {
        let file = try read("1,Ann,2021-11-07\n2,Bob\n3,Cy,2021-11-07,4\n", CSVFixture.employees)
        #expect(file.rows.map { $0.suffix(2) } == [[nil, nil], [.int(4), nil]])
        #expect(file.rejects.map(\.code) == ["too-few-fields"])
        #expect(file.rejects.map(\.column) == ["hire_datetime"])
        #expect(file.rejects.map(\.line) == [2])
    }

    @Test func `a row is rejected for its first error and keeps its bytes`() throws {
        let text = "1,Ann,2021-11-07,1,2\r\nx,,2021-02-30,1,2\r\n2,Bob,2021-02-30,1,2\r\n"
        let file = try read(text, CSVFixture.employees)
        #expect(file.rejects.map(\.code) == ["value-invalid", "value-invalid"])
        #expect(file.rejects.map(\.column) == ["id", "hire_datetime"])
        #expect(file.rejects.map(\.byteOffset) == [22, 41])
        #expect(
            file.rejects.map { String(decoding: $0.raw, as: UTF8.self) } == [
                "x,,2021-02-30,1,2", "2,Bob,2021-02-30,1,2",
            ])
        #expect(file.rejects.map(\.line) == [2, 3])
        #expect(file.rejects[1].message.contains("\"2021-02-30\" is no timestamptz: that month has no such day"))
    }

    @Test func `numbers beyond their type are out of range`() throws {
        let file = try read("2147483648,x\n-2147483648,y\n99999999999999999999,z\n1234567890123,w\n", pair)
        #expect(file.rejects.map(\.code) == Array(repeating: "value-out-of-range", count: 3))
        #expect(file.rows == [[.int(.min), .string("y")]])
    }

    @Test func `whole numbers of every length are read`() throws {
        let table = CSVFixture.table([("a", .long), ("b", .int)])
        let numbers = (1...19).map { String("1234567890123456789".prefix($0)) }
        let text = numbers.map { "\($0),\($0.prefix(9))\n" }.joined()
        let expected: [[Datum?]] = numbers.map { [Int64($0).map { .long($0) }, Int32($0.prefix(9)).map { .int($0) }] }
        #expect(try read(text, table).rows == expected)
        let negative = numbers.map { "-\($0), +\($0.prefix(9)) \n" }.joined()
        let expectedNegative: [[Datum?]] = numbers.map {
            [Int64("-" + $0).map { .long($0) }, Int32($0.prefix(9)).map { .int($0) }]
        }
        #expect(try read(negative, table).rows == expectedNegative)
    }

    @Test func `a character next to the digits is noticed wherever it stands`() throws {
        for length in 1...17 {
            for position in 0..<length {
                for wrong in ["/", ":", "\u{01}", "x", "é"] {
                    var digits = Array(repeating: "7", count: length)
                    digits[position] = wrong
                    let file = try read("\(digits.joined()),1\n", CSVFixture.table([("a", .long), ("b", .int)]))
                    #expect(file.rejects.map(\.code) == ["value-invalid"], "\(digits)")
                }
            }
        }
    }

    @Test func `the quick form of a timestamp notices every wrong character`() throws {
        let table = CSVFixture.table([("a", .timestamptz), ("b", .int)])
        for text in ["2021-11-07T02:48:42Z", "2021-11-07 02:48:42", "2021-11-07T02:48:42"] {
            let bytes = Array(text.utf8)
            #expect(try read("\(text),1\n", table).rows == [[.long(1_636_253_322_000_000), .int(1)]])
            for position in bytes.indices {
                for wrong in UInt8(0x21)...0x7E where wrong != 0x22 && wrong != 0x2C {
                    var changed = bytes
                    changed[position] = wrong
                    let file = try read(changed + Array(",1\n".utf8), table)
                    let expected = try? ValueParser.parse(changed.span, as: .timestamptz)
                    #expect(file.rows.first?[0] == expected, "\(String(decoding: changed, as: UTF8.self))")
                }
            }
        }
    }

    @Test func `each day of four centuries is the calendar's`() throws {
        let table = CSVFixture.table([("a", .timestamptz), ("b", .date)])
        var text = ""
        var expected: [[Datum?]] = []
        for day in stride(from: -200_000, through: 200_000, by: 3) {
            let date = ValueFormatter.text(.int(Int32(day)), type: .date)
            text += "\(date)T00:00:01Z,\(date)\n"
            expected.append([.long(Int64(day) * 86_400_000_000 + 1_000_000), .int(Int32(day))])
        }
        #expect(try read(text, table).rows == expected)
    }

    @Test func `bounds and patterns are checked`() throws {
        let table = CSVTable(
            columns: [
                ColumnDeclaration(name: "a", type: .int, minimum: .int(1), maximum: .int(10)),
                ColumnDeclaration(name: "b", type: .string, pattern: "[a-z]+"),
                ColumnDeclaration(name: "c", type: .double, maximum: .double(1)),
                ColumnDeclaration(name: "d", type: .timestamptz, minimum: .long(0)),
            ], key: [], undeclared: .reject)
        let file = try read(
            "1,a,1,\n10,,,1970-01-01\n0,a,,\n11,a,,\n5,aB,,\n5,a,1.01,\n5,a,nan,\n5,a,,1969-12-31\n,\"\",,\n", table)
        #expect(file.rows.count == 2)
        #expect(
            file.rejects.map(\.code) == [
                "value-out-of-range", "value-out-of-range", "pattern-mismatch", "value-out-of-range",
                "value-out-of-range", "value-out-of-range", "pattern-mismatch",
            ])
        #expect(
            file.rejects[0].message
                == "column \"a\": \"0\" is outside the bounds; expected at least 1 and at most 10")
        #expect(file.rejects[5].message.hasSuffix("expected at least 1970-01-01T00:00:00Z"))
    }

    @Test func `every type has its column`() throws {
        let table = CSVFixture.table([
            ("a", .boolean), ("b", .float), ("c", .double), ("d", .decimal(precision: 9, scale: 2)), ("e", .date),
            ("f", .time), ("g", .timestamp), ("h", .uuid), ("i", .fixed(length: 2)), ("j", .binary),
        ])
        let row = "yes,1.5,-2,3.14,1970-01-02,00:00:01,1970-01-01T00:00:02,f81d4fae7dec11d0a76500a0c91e6bf6,0aff,00"
        let quoted = row.split(separator: ",").map { "\" \($0) \"" }.joined(separator: ",")
        let file = try read("\(row)\n\(quoted)\n,,,,,,,,,x\ntrue,,,,,,,,,\n", table)
        let uuid: [UInt8] = [
            0xF8, 0x1D, 0x4F, 0xAE, 0x7D, 0xEC, 0x11, 0xD0, 0xA7, 0x65, 0, 0xA0, 0xC9, 0x1E, 0x6B, 0xF6,
        ]
        let values: [Datum?] = [
            .boolean(true), .float(1.5), .double(-2), .decimal(314), .int(1), .long(1_000_000), .long(2_000_000),
            .bytes(uuid), .bytes([10, 255]), .bytes([0]),
        ]
        #expect(file.rows == [values, values, [.boolean(true)] + Array(repeating: nil, count: 9)])
        #expect(file.rejects.map(\.code) == ["value-invalid"])
    }

    @Test func `broken UTF-8 rejects its row only`() throws {
        let bytes = Array("1,å\n2,".utf8) + [0xFF] + Array("\n3,ø\n".utf8)
        let file = try read(bytes, pair)
        #expect(file.rows == [[.int(1), .string("å")], [.int(3), .string("ø")]])
        #expect(file.rejects.map(\.code) == ["utf8-invalid"])
        #expect(file.rejects[0].message.hasSuffix("see byte 7 of the file"))
        #expect(file.rejects[0].raw == [0x32, 0x2C, 0xFF])
    }

    @Test func `a byte 0 rejects its row`() throws {
        let file = try read("1,a\n2,\0\n3,c\n", pair)
        #expect(file.rejects.map(\.code) == ["nul-byte"])
        #expect(file.rows.count == 2)
    }

    @Test func `an open quote swallows the rest into one reject`() throws {
        let text = "1,a\n2,\"b\n3,c\n4,d\n"
        let file = try read(text, pair)
        #expect(file.rows.count == 1)
        #expect(file.rejects.map(\.code) == ["quote-unterminated"])
        #expect(String(decoding: file.rejects[0].raw, as: UTF8.self) == "2,\"b\n3,c\n4,d\n")
        #expect(file.rowsRead == 2)
        #expect(file.lineCount == 4)
    }

    @Test func `a long row is cut in its reject and its end is found`() throws {
        let long = "2,\"" + String(repeating: "x\n", count: 500) + "\""
        let limits = CSVLimits(rowBytesMax: 100, rawBytesMax: 10, chunkBytesTarget: 64)
        let file = try read("1,a\r\n\(long)\r\n3,c", pair, limits: limits)
        #expect(file.rows == [[.int(1), .string("a")], [.int(3), .string("c")]])
        #expect(file.places.map(\.line) == [1, 503])
        let reject = try #require(file.rejects.first)
        #expect(reject.code == "row-too-long")
        #expect(reject.byteCount == 1004)
        #expect(reject.rawTruncated)
        #expect(reject.raw == Array(long.utf8.prefix(10)))
        #expect(reject.message == "the row has 1004 bytes; the limit is 100")
    }

    /// Once, the scan kept its place after such a row and began it again without end.
    @Test func `a long row may end with the file`() throws {
        let text = "1,a\n2,\(String(repeating: "x", count: 200))"
        let limits = CSVLimits(rowBytesMax: 100, rawBytesMax: 10, chunkBytesTarget: 1000)
        let file = try read(text, pair, limits: limits)
        #expect(file.rows.count == 1)
        #expect(file.rejects.map(\.code) == ["row-too-long"])
        #expect(file.rejects.map(\.byteCount) == [202])
        let open = try read("1,a\n2,\"\(String(repeating: "x", count: 200))\n", pair, limits: limits)
        #expect(open.rejects.map(\.code) == ["quote-unterminated"])
        #expect(open.rejects.map(\.byteCount) == [204])
    }

    @Test func `limits on fields are named`() throws {
        let file = try read("1,\(String(repeating: "x", count: 50))\n2,y\n", pair, limits: CSVLimits(fieldBytesMax: 20))
        #expect(file.rejects.map(\.code) == ["field-too-long"])
        let many = try read(
            "1\(String(repeating: ",", count: 50))\n2,y\n", pair, limits: CSVLimits(fieldsMax: 20))
        #expect(many.rejects.map(\.code) == ["too-many-fields"])
        #expect(many.rows.count == 1)
    }

    @Test func `rejects stand in file order among thousands of rows`() throws {
        var text = ""
        var bad: [Int] = []
        for row in 1...5000 {
            let isBad = row % 97 == 0 || row % 89 == 0
            if isBad { bad.append(row) }
            text += row % 97 == 0 ? "x,bad\n" : row % 89 == 0 ? "\(row),bad,very\n" : "\(row),text number \(row)\n"
        }
        let file = try read(text, pair)
        #expect(file.rejects.map(\.line) == bad)
        let expected = (1...5000).filter { !bad.contains($0) }
        #expect(file.rows == expected.map { [.int(Int32($0)), .string("text number \($0)")] })
        #expect(file.places.map(\.line) == expected)
    }

    @Test func `a column that the file lacks is null`() throws {
        let file = try CSVFixture.read("b\nx\ny\n", CSVFixture.table([("a", .int), ("b", .string), ("c", .binary)]))
        #expect(file.rows == [[nil, .string("x"), nil], [nil, .string("y"), nil]])
    }
}

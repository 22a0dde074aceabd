import CSVFormat
import LakeModel
import Testing

@Suite struct CSVSnifferTests {
    private func code(
        _ text: String, _ table: CSVTable = CSVFixture.employees, _ overrides: CSVOverrides = CSVOverrides()
    ) -> String? { code(Array(text.utf8), table, overrides) }

    private func code(
        _ bytes: [UInt8], _ table: CSVTable = CSVFixture.employees, _ overrides: CSVOverrides = CSVOverrides()
    ) -> String? {
        do {
            _ = try CSVFixture.sniff(bytes, table, overrides)
            return nil
        } catch {
            return (error as? any LakeError)?.code
        }
    }

    private let row = "1,Ann,2021-11-07T02:48:42Z,2,96"

    @Test func `a file without header is matched by position`() throws {
        let sniff = try CSVFixture.sniff("\(row)\n", CSVFixture.employees)
        #expect(!sniff.dialect.hasHeader)
        #expect(sniff.header == nil)
        #expect(sniff.dataOffset == 0 && sniff.dataLine == 1)
        #expect(sniff.layout == .positional(columnCount: 5))
        #expect(sniff.evidence.contains("no header: line 1 holds values; fields are the declared columns in order"))
    }

    @Test func `a header is matched by name and alias, whatever its case, order and spaces`() throws {
        let text = " Job_ID , NAME,HIRE_DATE,Id ,department_id\r\n96,Ann,2021-11-07,1,2\r\n"
        let sniff = try CSVFixture.sniff(text, CSVFixture.employees)
        #expect(sniff.header == ["Job_ID", "NAME", "HIRE_DATE", "Id", "department_id"])
        #expect(sniff.layout.columnFields == [3, 1, 2, 4, 0])
        #expect(sniff.dataOffset == 44 && sniff.dataLine == 2)
        #expect(sniff.dialect.lineEnding == .crlf)
        let file = try CSVFixture.read(text, CSVFixture.employees)
        #expect(file.rows == [[.long(1), .string("Ann"), .long(1_636_243_200_000_000), .int(2), .int(96)]])
        #expect(file.places.map(\.line) == [2])
    }

    @Test(arguments: [",", ";", "\t", "|"])
    func `the delimiter is found with and without header`(_ delimiter: String) throws {
        let data = row.split(separator: ",").joined(separator: delimiter)
        let header = ["id", "name", "datetime", "department_id", "job_id"].joined(separator: delimiter)
        for text in ["\(data)\n\(data)\n", "\(header)\n\(data)\n", "\(header)\n"] {
            let sniff = try CSVFixture.sniff(text, CSVFixture.employees)
            #expect(sniff.dialect.delimiter == delimiter.utf8.first)
        }
    }

    @Test func `commas in texts do not mislead it`() throws {
        let table = CSVFixture.table([("id", .int), ("job", .string)])
        let sniff = try CSVFixture.sniff("1;Analyst, junior\n2;Clerk, senior\n3;Chief, a, b\n", table)
        #expect(sniff.dialect.delimiter == UInt8(ascii: ";"))
    }

    @Test func `an override wins`() throws {
        let table = CSVFixture.table([("a", .string), ("b", .string)])
        let sniff = try CSVFixture.sniff("x;y,z\n", table, CSVOverrides(delimiter: UInt8(ascii: ";"), header: false))
        #expect(sniff.dialect.delimiter == UInt8(ascii: ";"))
        #expect(sniff.evidence.contains("delimiter \";\": as asked for"))
        #expect(code("a,b\n", table, CSVOverrides(delimiter: UInt8(ascii: "\""))) == "delimiter-invalid")
        let forced = try CSVFixture.sniff("a,b\n1,2\n", table, CSVOverrides(header: false))
        #expect(!forced.dialect.hasHeader)
    }

    @Test func `a byte order mark and Excel's sep line are left out`() throws {
        let text = "\u{FEFF}sep=;\r\nid;name;datetime\r\n1;Ann;2021-11-07\r\n"
        let sniff = try CSVFixture.sniff(text, CSVFixture.employees)
        #expect(sniff.dialect.hasByteOrderMark)
        #expect(sniff.dialect.delimiter == UInt8(ascii: ";"))
        #expect(sniff.dataLine == 3)
        let file = try CSVFixture.read(text, CSVFixture.employees)
        #expect(file.rows.count == 1)
        #expect(file.places == [.init(byteOffset: text.utf8.count - 18, byteCount: 16, line: 3)])
    }

    @Test func `an undeclared column is refused, or ignored with evidence`() throws {
        let text = "id,name,datetime,Salary\n1,Ann,2021-11-07,100\n"
        #expect(code(text) == "header-column-unknown")
        do {
            _ = try CSVFixture.sniff(text, CSVFixture.employees)
        } catch let error as CSVError {
            #expect(error.message == "the header names \"Salary\", which the table does not declare")
            #expect(error.remedy?.contains("id, name, hire_datetime (or datetime, hire_date)") == true)
        }
        for undeclared in [UndeclaredColumns.ignore, .evolve] {
            let table = CSVTable(columns: CSVFixture.employees.columns, key: ["id"], undeclared: undeclared)
            let sniff = try CSVFixture.sniff(text, table)
            #expect(sniff.layout.undeclared == [.init(name: "Salary", field: 3)])
            #expect(sniff.evidence.contains("column \"Salary\" is not declared and is ignored"))
            #expect(try CSVFixture.read(text, table).rows.count == 1)
        }
    }

    @Test func `a header that lacks a required column is refused`() throws {
        #expect(code("id,name,job_id\n1,Ann,2\n") == "header-mismatch")
        #expect(code("id,name,datetime\n1,Ann,2021-11-07\n") == nil)
    }

    @Test func `a preamble of titles and blank rows above the header is left out`() throws {
        let text = "Staff of May,,\n,,\nid,name,datetime\n1,Ann,2021-11-07\n"
        let sniff = try CSVFixture.sniff(text, CSVFixture.employees)
        #expect(sniff.header == ["id", "name", "datetime"])
        #expect(sniff.dataLine == 4)
        let file = try CSVFixture.read(text, CSVFixture.employees)
        #expect(file.rows.count == 1 && file.rowsRead == 1)
        #expect(file.places.map(\.line) == [4])
    }

    @Test func `a row of data above a header is no preamble`() throws {
        let text = "x,Ann,2021-11-07,1,2\nid,name,datetime,department_id,job_id\n1,Ann,2021-11-07,1,2\n"
        let sniff = try CSVFixture.sniff(text, CSVFixture.employees)
        #expect(sniff.header == nil && sniff.dataOffset == 0)
    }

    @Test func `rows are left out as asked for`() throws {
        let table = CSVFixture.table([("a", .string), ("b", .string)])
        let sniff = try CSVFixture.sniff("x,y\n\n1,2\n", table, CSVOverrides(header: false, skipRows: 2))
        #expect(sniff.dataOffset == 5 && sniff.dataLine == 3)
        #expect(code("x,y\n", table, CSVOverrides(skipRows: 2)) == "skip-rows-invalid")
    }

    @Test func `apostrophes are quotes when the rows come out better with them`() throws {
        let table = CSVFixture.table([("id", .int), ("job", .string)])
        let sniff = try CSVFixture.sniff("1,'a, b'\n2,'c, d'\n", table)
        #expect(sniff.dialect.quote == UInt8(ascii: "'"))
        #expect(try CSVFixture.sniff("1,'tis\n2,it's\n", table).dialect.quote == UInt8(ascii: "\""))
        let asked = try CSVFixture.sniff("1,'tis'\n", table, CSVOverrides(quote: UInt8(ascii: "'")))
        #expect(asked.dialect.quote == UInt8(ascii: "'"))
    }

    @Test func `a file shows its dialect without a table`() throws {
        let text = "Report;;\n;;\na;b;c\n1;\"x;y\";2\n"
        let inspection = try CSVInspection(Array(text.utf8), isWholeFile: true)
        #expect(inspection.dialect.delimiter == UInt8(ascii: ";"))
        #expect(inspection.preambleRowCount == 2 && inspection.tableLine == 3 && inspection.tableOffset == 12)
        #expect(inspection.firstRow == ["a", "b", "c"] && inspection.fieldCount == 3)
    }

    @Test func `a doubled column is refused`() {
        #expect(code("id,name,datetime,NAME\n") == "header-column-duplicate")
        #expect(code("id,name,datetime,hire_date\n") == "header-column-duplicate")
    }

    @Test func `a header of another table is refused unless it is said to be data`() throws {
        let text = "nummer,benaming,tijd\n\(row)\n\(row)\n"
        #expect(code(text) == "header-mismatch")
        #expect(code(text, CSVFixture.employees, CSVOverrides(header: true)) == "header-mismatch")
        #expect(code(text, CSVFixture.employees, CSVOverrides(header: false)) == nil)
    }

    @Test func `a first row with a bad value is data when the rest is no better`() throws {
        let sniff = try CSVFixture.sniff("x,Ann,2021-11-07,1,2\ny,Ann,2021-11-07,1,2\n", CSVFixture.employees)
        #expect(!sniff.dialect.hasHeader)
    }

    @Test func `a value that happens to be a column's name makes no header`() throws {
        let table = CSVFixture.table([("id", .int), ("job", .string)])
        #expect(try CSVFixture.sniff("1,job\n2,id\n", table).header == nil)
        #expect(try CSVFixture.sniff("id,job\n2,id\n", table).header == ["id", "job"])
    }

    @Test func `a header with a trailing delimiter is a header`() throws {
        let file = try CSVFixture.read("id,name,datetime,\n1,Ann,2021-11-07,\n", CSVFixture.employees)
        #expect(file.rows.count == 1)
    }

    @Test func `a header over two lines counts its lines`() throws {
        let table = CSVTable(
            columns: [ColumnDeclaration(name: "a", aliases: ["first\nname"], type: .string)], key: [],
            undeclared: .reject)
        let sniff = try CSVFixture.sniff("\n\"first\nname\"\nx\n", table)
        #expect(sniff.header == ["first\nname"])
        #expect(sniff.dataLine == 4)
    }

    @Test(
        arguments: [
            [0x50, 0x4B, 0x03, 0x04, 0x00], Array("PAR1....".utf8), [0x1F, 0x8B, 0x08], Array("%PDF-1.7".utf8),
            [0xFF, 0xFE, 0x31, 0x00], [0xFE, 0xFF, 0x00, 0x31], [0x31, 0x00, 0x2C, 0x00], Array("1,a\n2,\0\n".utf8),
            [0x28, 0xB5, 0x2F, 0xFD], Array("{\"id\": 1}".utf8), Array("<!doctype html>".utf8),
        ] as [[UInt8]])
    func `other formats are refused by name`(_ bytes: [UInt8]) { #expect(code(bytes) == "not-csv") }

    @Test func `an empty file is refused`() {
        for text in ["", "\u{FEFF}", "\n\r\n", ",,,\n,,\n"] { #expect(code(text) == "file-empty") }
    }

    @Test func `a header alone is a file without rows`() throws {
        let file = try CSVFixture.read("id,name,datetime", CSVFixture.employees)
        #expect(file.rowsRead == 0)
    }

    @Test func `a prefix need not end with a row`() throws {
        let prefix = Array("id,name,datetime\n1,Ann,2021-11-07\n2,Bo".utf8)
        let sniff = try unsafe CSVSniffer.sniff(prefix.span.bytes, isWholeFile: false, table: CSVFixture.employees)
        #expect(sniff.header == ["id", "name", "datetime"])
        #expect(throws: CSVError.self) {
            try unsafe CSVSniffer.sniff(
                prefix.span.bytes.extracting(0..<9), isWholeFile: false, table: CSVFixture.employees)
        }
    }

    @Test func `a bad pattern is the model's error`() {
        let table = CSVTable(
            columns: [ColumnDeclaration(name: "a", type: .string, pattern: "(")], key: [], undeclared: .reject)
        #expect(code("x\n", table) == "pattern-invalid")
    }
}

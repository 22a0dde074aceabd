import LakeModel
import Testing

@testable import Ingestion

struct BatchReaderTests {
    private func read(_ body: String, limits: IngestionLimits = IngestionLimits()) throws -> BatchRows {
        let table = try #require(try HiringModel.declaration().table(named: "hired_employees"))
        var reader = try BatchReader(table: table, limits: limits)
        let bytes = Array(body.utf8)
        return try reader.read(bytes.span)
    }

    private func verdict(_ row: String) throws -> RowVerdict {
        let result = try read("[\(row)]")
        #expect(result.rowsRead == 1)
        return try #require(result.refused.first).verdict
    }

    @Test func `rows become columns, absent fields become null`() throws {
        let result = try read(
            #"""
            [{"id": 1, "name": "Zoë \u00e9", "datetime": "2021-11-07T02:48:42Z", "department_id": 2, "job_id": 96},
             {"id": 2, "name": "B", "hire_datetime": "2021-11-07 02:48:42"}]
            """#)
        #expect(result.refused.isEmpty)
        #expect(result.accepted.columns[0].datum(0) == .long(1))
        #expect(result.accepted.columns[1].datum(0) == .string("Zoë é"))
        #expect(result.accepted.columns[2].datum(0) == .long(1_636_253_322_000_000))
        #expect(result.accepted.columns[2].datum(1) == .long(1_636_253_322_000_000))
        #expect(result.accepted.columns[3].datum(1) == nil)
    }

    @Test(arguments: [
        (#"{"id": 1, "nam": "A", "datetime": "2021-11-07T02:48:42Z"}"#, "field-unknown", "nam"),
        (#"{"id": "x", "name": "A", "datetime": "2021-11-07T02:48:42Z"}"#, "value-invalid", "id"),
        (#"{"id": true, "name": "A", "datetime": "2021-11-07T02:48:42Z"}"#, "type-mismatch", "id"),
        (#"{"id": 1, "name": 7, "datetime": "2021-11-07T02:48:42Z"}"#, "type-mismatch", "name"),
        (#"{"id": 1, "name": "\ud800", "datetime": "2021-11-07T02:48:42Z"}"#, "surrogate-lone", "name"),
        (#"{"id": 1, "name": "\udc00\ud800", "datetime": "2021-11-07T02:48:42Z"}"#, "surrogate-lone", "name"),
        ("{\"id\": 1, \"name\": \"a\tb\", \"datetime\": \"2021-11-07T02:48:42Z\"}", "control-character", "name"),
        (#"{"id": 1, "name": "A", "ID": 2, "datetime": "2021-11-07T02:48:42Z"}"#, "field-repeated", "id"),
        (#"{"id": 1.5, "name": "A", "datetime": "2021-11-07T02:48:42Z"}"#, "value-invalid", "id"),
        (#"{"id": 9223372036854775808, "name": "A", "datetime": "2021-11-07T02:48:42Z"}"#, "value-out-of-range", "id"),
        (#"{"id": 1, "name": "A", "datetime": "2021-02-30T00:00:00Z"}"#, "value-invalid", "hire_datetime"),
        (#"{"id": 1, "name": "", "datetime": "2021-11-07T02:48:42Z"}"#, "value-missing", "name"),
        (#"{"name": "A", "datetime": "2021-11-07T02:48:42Z"}"#, "value-missing", "id"),
        (#"{"id": 1, "id": 2, "name": "A", "datetime": "2021-11-07T02:48:42Z"}"#, "field-repeated", "id"),
        (#"{"id": 1, "name": ["A"], "datetime": "2021-11-07T02:48:42Z"}"#, "type-mismatch", "name"),
    ])
    func `a refused row names its column and the reason`(_ row: String, _ code: String, _ column: String) throws {
        let verdict = try verdict(row)
        #expect(verdict.code == code)
        #expect(verdict.column == column)
        #expect(verdict.message.contains(column))
    }

    @Test func `a row that is no object is refused, the others are taken`() throws {
        let result = try read(#"[7, {"id": 1, "name": "A", "datetime": "2021-11-07T02:48:42Z"}]"#)
        #expect(result.refused.map(\.verdict.code) == ["row-not-object"])
        #expect(result.accepted.rowCount == 1)
        #expect(result.rowsRead == 2)
    }

    @Test(arguments: [
        ("", "batch-empty"), ("[]", "batch-empty"), ("{}", "json-syntax"), ("[{]", "json-syntax"),
        ("[{\"id\": 01}]", "json-syntax"), ("[{\"id\": 1}] x", "json-syntax"), ("[{\"id\": \"\\x\"}]", "json-syntax"),
        ("[{\"id\": 1,}]", "json-syntax"), ("[{\"id\": 1.}]", "json-syntax"), ("[{\"id\": +1}]", "json-syntax"),
        ("[{\"id\": nul}]", "json-syntax"), ("[{\"name\": \"a", "json-syntax"), ("[{\"name\": \"a\\", "json-syntax"),
        ("[{\"x\": [1, {\"a\": 1]}]", "json-syntax"), ("[1 2]", "json-syntax"), ("[{\"id\" 1}]", "json-syntax"),
        ("[{\"name\": \"\\u12g4\"}]", "json-syntax"), ("[{},]", "json-syntax"), ("\u{0}[]", "json-syntax"),
    ])
    func `a body that is no batch is refused whole`(_ body: String, _ code: String) throws {
        let error = try #require(throws: IngestionError.self) { try read(body) }
        #expect(error.code == code)
        #expect(error.remedy != nil)
    }

    @Test func `one row too many is refused with the limit`() throws {
        var limits = IngestionLimits()
        limits.batchRowsMax = 3
        let error = try #require(throws: IngestionError.self) { try read("[1,2,3,4,5]", limits: limits) }
        #expect(error.code == "batch-too-large")
        #expect(error.message.contains("5") && error.message.contains("3"))
        #expect(try read("[1,2,3]", limits: limits).rowsRead == 3)
    }

    @Test func `the raw bytes of a refused row are its bytes in the body`() throws {
        let body = #"[ {"id": 1, "x": "}"} , 2]"#
        let result = try read(body)
        let raw = result.refused.map { String(decoding: $0.raw, as: UTF8.self) }
        #expect(raw == [#"{"id": 1, "x": "}"}"#, "2"])
    }

    @Test func `a syntax error names line and byte`() throws {
        let error = try #require(throws: IngestionError.self) { try read("[\n{\"id\": 1,\n\"name\" 2}]") }
        #expect(error.place?.line == 3)
        #expect(error.place?.byteOffset == 19)
    }
}

extension BatchReaderTests {
    @Test func `invalid UTF-8 refuses its row alone`() throws {
        var body = Array(#"[{"id": 1, "name": "A", "datetime": "2021-11-07T02:48:42Z"}, {"id": 2, "name": ""#.utf8)
        body += [0xC3, 0x28]
        body += Array(#"", "datetime": "2021-11-07T02:48:42Z"}]"#.utf8)
        let table = try #require(try HiringModel.declaration().table(named: "hired_employees"))
        var reader = try BatchReader(table: table, limits: IngestionLimits())
        let result = try reader.read(body.span)
        #expect(result.accepted.rowCount == 1)
        #expect(result.refused.map(\.verdict.code) == ["utf8-invalid"])
        #expect(result.refused.map(\.verdict.index) == [1])
    }

    @Test func `a value nested too deeply refuses its row, however deep it is`() throws {
        for depth in [7, 100_000] {
            let body =
                #"[{"id": 1, "name": "A", "datetime": "2021-11-07T02:48:42Z", "x": "#
                + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}, 1]"
            var table = try #require(try HiringModel.declaration().table(named: "hired_employees"))
            table.undeclaredColumns = .ignore
            var reader = try BatchReader(table: table, limits: IngestionLimits())
            let bytes = Array(body.utf8)
            #expect(try reader.read(bytes.span).refused.map(\.verdict.code) == ["depth-exceeded", "row-not-object"])
        }
    }

    @Test func `fields in any order, case and escaping, absent or null, come to their columns`() throws {
        let result = try read(
            #"""
            [{"id":1,"name":"A","datetime":"2021-11-07T02:48:42Z","department_id":2,"job_id":96},
            {"job_id":"97","NAME":"B","i\u0064":2,"hire_date":"2021-11-07 02:48:42.5"},
            {"department_id":null,"hire_datetime":"2021-11-07T04:48:42+02:00","name":"C \"x\" \ud83d\ude00 ÿ","id":-0},
            {"id":9223372036854775807,"name":"D","datetime":"2024-02-29T23:59:59Z","job_id":-2147483648}]
            """#)
        #expect(result.refused.map(\.verdict) == [])
        let batch = result.accepted
        #expect((0..<4).map { batch.columns[0].datum($0) } == [.long(1), .long(2), .long(0), .long(.max)])
        #expect(batch.columns[1].datum(2) == .string("C \"x\" 😀 ÿ"))
        #expect(batch.columns[2].datum(1) == .long(1_636_253_322_500_000))
        #expect(batch.columns[2].datum(2) == .long(1_636_253_322_000_000))
        #expect(batch.columns[2].datum(3) == .long(1_709_251_199_000_000))
        #expect((0..<4).map { batch.columns[3].datum($0) } == [.int(2), nil, nil, nil])
        #expect((0..<4).map { batch.columns[4].datum($0) } == [.int(96), .int(97), nil, .int(.min)])
    }

    @Test func `what is logged is what was read, under this declaration and others`() throws {
        let rows = try read(
            #"""
            [{"id": 1, "name": "A", "datetime": "2021-11-07T02:48:42Z", "department_id": 2},
            {"id": 2, "name": "", "datetime": "x"}, {"id": 3, "name": "Zoë", "datetime": "2021-11-07T02:48:42Z"}]
            """#)
        var table = try #require(try HiringModel.declaration().table(named: "hired_employees"))
        let bytes = BatchCoding.encode(rows, bodyBytes: 77, table: table)
        let (back, bodyBytes) = try BatchCoding.decode(bytes, table: table)
        #expect(bodyBytes == 77 && BatchCoding.bodyBytes(bytes) == 77)
        #expect(back.accepted == rows.accepted && back.refused == rows.refused && back.rowsRead == 3)
        for cut in [bytes.count - 1, bytes.count / 2, 9, 0] {
            #expect(throws: IngestionError.self) { try BatchCoding.decode(Array(bytes[..<cut]), table: table) }
        }

        // A column less, one more, one of another type, and one that is required now.
        table.columns.removeAll { $0.name == "job_id" }
        table.columns.append(ColumnDeclaration(name: "note", type: .string))
        table.columns[0].type = .int
        table.columns[3].required = true
        let (reshaped, _) = try BatchCoding.decode(bytes, table: table)
        #expect(reshaped.accepted.rowCount == 1)
        #expect(reshaped.accepted.columns.map { $0.datum(0) }.first == .int(1))
        #expect(reshaped.accepted.columns.last?.datum(0) == nil)
        #expect(reshaped.refused.map(\.verdict.code) == ["value-missing", "value-missing"])
        #expect(reshaped.rowsRead == reshaped.acceptedCount + reshaped.refused.count)
    }

    @Test func `lines are rows by themselves, a broken one is a reject`() throws {
        let table = try #require(try HiringModel.declaration().table(named: "hired_employees"))
        let good = #"{"id": 1, "name": "A", "datetime": "2021-11-07T02:48:42Z"}"#
        let text = "\(good)\r\n\n{\"id\": 2,\n[1]\n\(good) x\n  \n\(good)"
        var reader = try LineReader(table: table, limits: IngestionLimits())
        var position = LineReader.Position(lines: 10, bytes: 1_000)
        let bytes = Array(text.utf8)
        let rows = reader.read(bytes.span, &position)
        #expect(rows.rowsRead == 7 && rows.blankRows == 2 && rows.accepted.rowCount == 2)
        #expect(rows.refused.map(\.verdict.code) == ["json-syntax", "row-not-object", "json-syntax"])
        #expect(rows.refused.map(\.verdict.index) == [12, 13, 14])
        #expect(rows.refused[0].place.byteOffset == 1_000 + good.utf8.count + 3)
        #expect(rows.refused.map { String(decoding: $0.raw, as: UTF8.self) }[2] == "\(good) x")
        #expect(position == LineReader.Position(lines: 17, bytes: 1_000 + bytes.count))
    }
}

import LakeModel
import Testing

@testable import Ingestion

struct BatchReaderTests {
    private func read(_ body: String, limits: IngestionLimits = IngestionLimits()) throws -> BatchReader.Result {
        let table = try #require(try HiringModel.declaration().table(named: "hired_employees"))
        return try BatchReader(table: table, limits: limits).read(Array(body.utf8))
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
        #expect(result.acceptedPlaces.map(\.line) == [1, 2])
    }

    @Test(arguments: [
        (#"{"id": 1, "nam": "A", "datetime": "2021-11-07T02:48:42Z"}"#, "field-unknown", "nam"),
        (#"{"id": "1", "name": "A", "datetime": "2021-11-07T02:48:42Z"}"#, "type-mismatch", "id"),
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
        ("[{\"id\": 01}]", "json-syntax"), ("[{\"id\": 1}] x", "json-syntax"), ("[{\"id\": \"a\nb\"}]", "json-syntax"),
        ("[{\"name\": \"\\ud800\"}]", "json-syntax"), ("[{\"a\": [[[[[[[[[[1]]]]]]]]]]}]", "json-syntax"),
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
        let raw = result.refused.map { String(decoding: Array(body.utf8)[$0.byteRange], as: UTF8.self) }
        #expect(raw == [#"{"id": 1, "x": "}"}"#, "2"])
    }

    @Test func `a syntax error names line and byte`() throws {
        let error = try #require(throws: IngestionError.self) { try read("[\n{\"id\": 1,\n\"name\" 2}]") }
        #expect(error.place?.line == 3)
        #expect(error.place?.byteOffset == 19)
    }
}

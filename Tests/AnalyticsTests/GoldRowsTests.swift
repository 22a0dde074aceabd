import LakeModel
import QueryEngine
import Testing

@testable import Analytics

@Suite struct GoldRowsTests {
    private func rows(_ types: [String], _ rows: [[QueryValue]]) throws -> GoldRows {
        let columns = types.indices.map { QueryResult.Column(name: "c\($0)", type: types[$0]) }
        return try GoldRows(
            QueryResult(columns: columns, rows: rows, isTruncated: false, elapsedMicroseconds: 0),
            of: GoldDeclaration(name: "g", sql: "SELECT 1"), limits: GoldLimits())
    }

    @Test func `every type of the engine that gold has lies as its own`() throws {
        let found = try rows(
            [
                "BOOLEAN", "SMALLINT", "UINTEGER", "FLOAT", "DOUBLE", "DECIMAL(38,3)", "DATE", "TIMESTAMP",
                "TIMESTAMP WITH TIME ZONE", "VARCHAR",
            ],
            [
                [
                    .boolean(true), .integer(-7), .integer(4_294_967_295), .double(0.5), .double(-.infinity),
                    .text("-12345678901234567890123456789012345.678"), .text("1969-12-31"),
                    .text("1970-01-01T00:00:00.000001"), .text("2021-11-07T02:48:42.5Z"), .text("é\0"),
                ],
                [.null, .null, .null, .null, .null, .null, .null, .null, .null, .null],
            ])
        #expect(
            found.fields.map(\.type.primitive) == [
                .boolean, .int, .long, .float, .double, .decimal(precision: 38, scale: 3), .date, .timestamp,
                .timestamptz, .string,
            ])
        let batch = try found.batch(0..<2)
        #expect(
            batch.columns.map { $0.datum(0) } == [
                .boolean(true), .int(-7), .long(4_294_967_295), .float(0.5), .double(-.infinity),
                .decimal(-12_345_678_901_234_567_890_123_456_789_012_345_678), .int(-1), .long(1),
                .long(1_636_253_322_500_000), .string("é\0"),
            ])
        #expect(batch.columns.allSatisfy { $0.datum(1) == nil })
    }

    @Test(arguments: [
        ("DATE", "2021-02-29"), ("DATE", "2021-1-1"), ("DATE", "infinity"), ("DATE", "2021-01-01T00:00:00"),
        ("TIMESTAMP WITH TIME ZONE", "2021-01-01T00:00:00"), ("TIMESTAMP", "2021-01-01T24:00:00"),
        ("TIMESTAMP", "-infinity"), ("TIMESTAMP", "2021-01-01T00:00:00.1234567"), ("DECIMAL(9,2)", "1.5"),
        ("DECIMAL(9,0)", "1.5"), ("DECIMAL(9,2)", "x"), ("BIGINT", "1"),
    ])
    func `a text that is no value of its column is refused`(type: String, text: String) throws {
        let found = try rows([type], [[.text(text)]])
        let error = try #require(throws: GoldError.self) { try found.batch(0..<1) }
        #expect(error.code == "gold-value-unsupported")
    }

    @Test func `dates before the year 1000 and before Christ are dates`() {
        #expect(EngineValues.days("0001-01-01") == -719_162)
        #expect(EngineValues.days("-0001-01-01") == -719_893)
        #expect(EngineValues.microseconds("0001-01-01T00:00:00Z", isUTC: true) == -62_135_596_800_000_000)
    }

    @Test func `rows that differ in a value, its type or its place have different digests`() throws {
        let variants: [[[QueryValue]]] = [
            [], [[.null, .null]], [[.integer(0), .null]], [[.null, .integer(0)]], [[.double(0), .null]],
            [[.boolean(false), .null]], [[.text(""), .null]], [[.text("a"), .text("b")]], [[.text("ab"), .text("")]],
            [[.null, .null], [.null, .null]], [[.double(-0.0), .null]],
        ]
        let digests = try variants.map { try rows(["DOUBLE", "DOUBLE"], $0).digest }
        #expect(Set(digests).count == variants.count)
    }

    @Test func `two columns of one name are refused`() {
        let result = QueryResult(
            columns: [.init(name: "a", type: "BIGINT"), .init(name: "A", type: "BIGINT")], rows: [],
            isTruncated: false, elapsedMicroseconds: 0)
        let error = #expect(throws: GoldError.self) {
            try GoldRows(result, of: GoldDeclaration(name: "g", sql: ""), limits: GoldLimits())
        }
        #expect(error?.code == "gold-columns-differ")
    }
}

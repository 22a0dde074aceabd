import LakeModel
import QueryEngine
import QueryEngineDuckDB
import Testing

extension DuckDBTests {
    @Suite struct ValueTests {
        static let cases: [(sql: String, type: String, value: QueryValue)] = [
            ("NULL::INTEGER", "INTEGER", .null),
            ("true", "BOOLEAN", .boolean(true)),
            ("(-128)::TINYINT", "TINYINT", .integer(-128)),
            ("65535::USMALLINT", "USMALLINT", .integer(65535)),
            ("4294967295::UINTEGER", "UINTEGER", .integer(4_294_967_295)),
            ("(-9223372036854775808)::BIGINT", "BIGINT", .integer(.min)),
            ("18446744073709551615::UBIGINT", "UBIGINT", .text("18446744073709551615")),
            (
                "(-170141183460469231731687303715884105728)::HUGEINT", "HUGEINT",
                .text("-170141183460469231731687303715884105728")
            ),
            (
                "340282366920938463463374607431768211455::UHUGEINT", "UHUGEINT",
                .text("340282366920938463463374607431768211455")
            ),
            ("0.1::FLOAT", "FLOAT", .double(0.1)),
            ("0.1::DOUBLE", "DOUBLE", .double(0.1)),
            ("'-infinity'::DOUBLE", "DOUBLE", .double(-.infinity)),
            ("(-0.05)::DECIMAL(4,2)", "DECIMAL(4,2)", .text("-0.05")),
            ("123456789::DECIMAL(9,0)", "DECIMAL(9,0)", .text("123456789")),
            ("(-1234567890123.45678)::DECIMAL(18,5)", "DECIMAL(18,5)", .text("-1234567890123.45678")),
            (
                "99999999999999999999999999999999.999999::DECIMAL(38,6)", "DECIMAL(38,6)",
                .text("99999999999999999999999999999999.999999")
            ),
            ("'twelve bytes'", "VARCHAR", .text("twelve bytes")),
            ("'thirteen bytes and ü 🦆'", "VARCHAR", .text("thirteen bytes and ü 🦆")),
            ("''", "VARCHAR", .text("")),
            ("'\\x00\\xFFa'::BLOB", "BLOB", .text("00ff61")),
            ("'00112233-4455-6677-8899-AABBCCDDEEFF'::UUID", "UUID", .text("00112233-4455-6677-8899-aabbccddeeff")),
            ("'f0112233-4455-6677-8899-AABBCCDDEEFF'::UUID", "UUID", .text("f0112233-4455-6677-8899-aabbccddeeff")),
            ("DATE '2024-02-29'", "DATE", .text("2024-02-29")),
            ("DATE '0001-01-01'", "DATE", .text("0001-01-01")),
            ("DATE '1969-12-31'", "DATE", .text("1969-12-31")),
            ("'infinity'::DATE", "DATE", .text("infinity")),
            ("TIME '23:59:59.000001'", "TIME", .text("23:59:59.000001")),
            ("TIMETZ '10:00:00-05:30'", "TIME WITH TIME ZONE", .text("10:00:00-05:30")),
            ("TIMESTAMP '2021-11-07 02:48:42'", "TIMESTAMP", .text("2021-11-07T02:48:42")),
            ("TIMESTAMP '1969-12-31 23:59:59.5'", "TIMESTAMP", .text("1969-12-31T23:59:59.5")),
            ("TIMESTAMP_S '2021-11-07 02:48:42'", "TIMESTAMP_S", .text("2021-11-07T02:48:42")),
            ("TIMESTAMP_MS '2021-11-07 02:48:42.125'", "TIMESTAMP_MS", .text("2021-11-07T02:48:42.125")),
            ("TIMESTAMP_NS '2021-11-07 02:48:42.000000001'", "TIMESTAMP_NS", .text("2021-11-07T02:48:42.000000001")),
            ("TIMESTAMPTZ '2021-11-07 02:48:42-05'", "TIMESTAMP WITH TIME ZONE", .text("2021-11-07T07:48:42Z")),
            ("TIMESTAMPTZ '2021-11-07 02:48:42'", "TIMESTAMP WITH TIME ZONE", .text("2021-11-07T02:48:42Z")),
            ("'infinity'::TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", .text("infinity")),
            ("INTERVAL '14 months 3 days 1 hour 2.5 seconds'", "INTERVAL", .text("P1Y2M3DT1H2.5S")),
            ("INTERVAL 0 SECOND", "INTERVAL", .text("PT0S")),
            ("'b'::ENUM('a', 'b')", "ENUM", .text("b")),
            ("[1, NULL, 3]", "INTEGER[]", .text("[1,null,3]")),
            ("[]::VARCHAR[]", "VARCHAR[]", .text("[]")),
            ("[['a\"b'], []]", "VARCHAR[][]", .text(#"[["a\"b"],[]]"#)),
            ("[1, 2]::INTEGER[2]", "INTEGER[2]", .text("[1,2]")),
            (
                "{'a': 1, 'b': {'c': 'x\n'}}", "STRUCT(a INTEGER, b STRUCT(c VARCHAR))",
                .text(#"{"a":1,"b":{"c":"x\u000a"}}"#)
            ),
            ("MAP {'k': 1.5}", "MAP(VARCHAR, DECIMAL(2,1))", .text(#"{"k":"1.5"}"#)),
            ("MAP {1: true}", "MAP(INTEGER, BOOLEAN)", .text("[[1,true]]")),
            ("[DATE '2021-01-01']", "DATE[]", .text(#"["2021-01-01"]"#)),
            ("['nan'::DOUBLE, 1.5]", "DOUBLE[]", .text(#"["nan",1.5]"#)),
            ("'{\"a\": 1}'::JSON", "JSON", .text(#"{"a": 1}"#)),
            ("year(TIMESTAMPTZ '2021-01-01 00:30:00+00')", "BIGINT", .integer(2021)),
            ("quarter(TIMESTAMPTZ '2021-03-31 23:30:00+00')", "BIGINT", .integer(1)),
            (
                "date_trunc('day', TIMESTAMPTZ '2021-03-31 23:30:00+00')", "TIMESTAMP WITH TIME ZONE",
                .text("2021-03-31T00:00:00Z")
            ),
        ]

        @Test func `every type arrives in its form`() async throws {
            try await Lab.run({ $0.environment["TZ"] = "America/Bogota" }) { lab in
                for (sql, type, value) in Self.cases {
                    let result = try await lab.engine.execute(QueryRequest(sql: "SELECT \(sql) AS v", tables: []))
                    #expect(result.rows == [[value]], "\(sql)")
                    #expect(result.columns == [.init(name: "v", type: type)], "\(sql)")
                }
            }
        }

        @Test func `nulls stand where they were in every kind of column`() async throws {
            try await Lab.run { lab in
                let sql = """
                    SELECT CASE WHEN x % 3 = 0 THEN x END, CASE WHEN x % 3 = 1 THEN x > 5 END,
                           CASE WHEN x % 3 = 2 THEN x / 2 END, CASE WHEN x % 2 = 0 THEN 'n' || x END,
                           CASE WHEN x % 2 = 0 THEN [x] END
                    FROM range(5000) t(x)
                    """
                let rows = try await lab.rows(sql)
                #expect(rows.count == 5000)
                for (x, row) in rows.enumerated() {
                    let expected: [QueryValue] = [
                        x % 3 == 0 ? .integer(Int64(x)) : .null, x % 3 == 1 ? .boolean(x > 5) : .null,
                        x % 3 == 2 ? .double(Double(x) / 2) : .null, x % 2 == 0 ? .text("n\(x)") : .null,
                        x % 2 == 0 ? .text("[\(x)]") : .null,
                    ]
                    guard row == expected else {
                        Issue.record("row \(x) is \(row)")
                        return
                    }
                }
            }
        }

        @Test func `types without a text form say how to ask for them`() async throws {
            try await Lab.run { lab in
                for sql in ["SELECT union_value(a := 1)", "SELECT '101'::BIT", "SELECT [12345678901234567890::BIGNUM]"]
                {
                    let error = try await lab.error(sql)
                    #expect(error.code == "sql-invalid")
                    #expect(error.remedy == "cast the column to VARCHAR")
                }
            }
        }

        @Test func `parameters are bound by place and by name`() async throws {
            try await Lab.run { lab in
                let values: [QueryValue] = [.null, .boolean(true), .integer(-5), .double(2.5), .text("it's\u{0}ü")]
                let byPlace = try await lab.rows("SELECT ?, ?, ?, ?, ?", .positional(values))
                #expect(byPlace == [values])
                let byNumber = try await lab.rows("SELECT $2, $1", .positional([.integer(1), .integer(2)]))
                #expect(byNumber == [[.integer(2), .integer(1)]])
                let byName = try await lab.rows(
                    "SELECT $b || $a || $b", .named(["a": .text("x"), "b": .text("'; DROP")]))
                #expect(byName == [[.text("'; DROPx'; DROP")]])
            }
        }

        @Test func `parameters that do not fit are sql-invalid`() async throws {
            try await Lab.run { lab in
                let cases: [(String, QueryParameters)] = [
                    ("SELECT 1", .positional([.integer(1)])), ("SELECT ?", .positional([])), ("SELECT $a", .named([:])),
                    ("SELECT $a", .named(["b": .integer(1)])),
                    ("SELECT $a", .named(["a": .integer(1), "b": .integer(1)])),
                ]
                for (sql, parameters) in cases {
                    let error = try await lab.error(sql, parameters)
                    #expect(error.code == "sql-invalid", "\(sql)")
                }
            }
        }

        @Test(arguments: [0, 1, 2047, 2048, 2049, 9999, 10000, 10001])
        func `the row limit cuts exactly and says so`(rowsMax: Int) async throws {
            try await Lab.run { lab in
                let result = try await lab.engine.execute(
                    QueryRequest(
                        sql: "SELECT range FROM range(10000)", tables: [], limits: QueryLimits(rowsMax: rowsMax)))
                #expect(result.rows.count == min(rowsMax, 10000))
                #expect(result.isTruncated == (rowsMax < 10000))
                #expect(result.rows.last == (rowsMax == 0 ? nil : [.integer(Int64(min(rowsMax, 10000) - 1))]))
            }
        }

        @Test func `an endless result is cut without being computed`() async throws {
            try await Lab.run { lab in
                let result = try await lab.engine.execute(
                    QueryRequest(
                        sql: "SELECT x, hash(x) FROM range(1000000000000) t(x)", tables: [],
                        limits: QueryLimits(timeoutMilliseconds: 10_000, rowsMax: 5)))
                #expect(result.rows.count == 5)
                #expect(result.isTruncated)
            }
        }

        @Test func `a result past its byte limit is an error`() async throws {
            try await Lab.run { lab in
                let error = try await lab.error(
                    "SELECT repeat('x', 1000) FROM range(100000)", limits: QueryLimits(resultBytesMax: 1 << 20))
                #expect(error.code == "result-too-large")
                let one = try await lab.error("SELECT repeat('x', 300000000)")
                #expect(["result-too-large", "query-memory"].contains(one.code))
                let after = try await lab.rows("SELECT 1")
                #expect(after == [[.integer(1)]])
            }
        }
    }
}

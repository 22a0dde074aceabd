import Foundation
import Testing

@testable import TrinoSQL

@Suite struct TranslationTests {
    /// An expression over `mix`, what it becomes, and its type. The execution of such texts is tested with the engine.
    @Test(arguments: [
        ("i / 2", "(r1.\"i\" // 2)", "integer"),
        ("f / 2", "(r1.\"f\" / 2)", "double"),
        ("i / b", "(CASE WHEN r1.\"b\" = 0 THEN error('Division by zero') ELSE (r1.\"i\" // r1.\"b\") END)", "bigint"),
        ("TRY(i / b)", "TRY((r1.\"i\" // r1.\"b\"))", "bigint"),
        ("d / 3", "CAST((r1.\"d\" / 3) AS DECIMAL(15,2))", "decimal(15,2)"),
        ("d * d", "(r1.\"d\" * r1.\"d\")", "decimal(30,4)"),
        ("sum(i)", "CAST(sum(r1.\"i\") AS BIGINT)", "bigint"),
        ("avg(d)", "CAST(avg(r1.\"d\") AS DECIMAL(15,2))", "decimal(15,2)"),
        ("day + INTERVAL '1' MONTH", "CAST((r1.\"day\" + (to_months(1))) AS DATE)", "date"),
        ("date_add('quarter', 2, day)", "CAST((r1.\"day\" + to_months(3 * CAST(2 AS INTEGER))) AS DATE)", "date"),
        (
            "date_diff('day', day, day)",
            "date_sub('day', CAST(r1.\"day\" AS TIMESTAMP), CAST(r1.\"day\" AS TIMESTAMP))", "bigint"
        ),
        ("date_format(ts, '%Y-%m-%d %H:%i')", "strftime(r1.\"ts\", '%Y-%m-%d %H:%M')", "varchar"),
        ("format_datetime(ts, 'yyyy''Y''MM')", "strftime(r1.\"ts\", '%YY%m')", "varchar"),
        ("date_parse(s, '%d/%c')", "strptime(r1.\"s\", '%d/%-m')", "timestamp(3)"),
        ("hour(tz AT TIME ZONE 'Asia/Tokyo')", "date_part('hour', timezone('Asia/Tokyo', r1.\"tz\"))", "bigint"),
        ("approx_distinct(s)", "approx_count_distinct(r1.\"s\")", "bigint"),
        ("element_at(list, 1)", "list_extract(r1.\"list\", 1)", "integer"),
        ("cardinality(map)", "CAST(cardinality(r1.\"map\") AS BIGINT)", "bigint"),
        (
            "transform(list, x -> x + i)", "list_transform(r1.\"list\", lambda \"_e0\": (\"_e0\" + r1.\"i\"))",
            "array(integer)"
        ),
        ("pair.y", "struct_extract(r1.\"pair\", 'y')", "varchar"),
        ("regexp_replace(s, 'a', '$1')", "regexp_replace(r1.\"s\", 'a', '\\1', 'g')", "varchar"),
        ("CAST(ts AS varchar)", "strftime(r1.\"ts\", '%Y-%m-%d %H:%M:%S.%f')", "varchar"),
        ("1.50", "CAST('1.50' AS DECIMAL(3,2))", "decimal(3,2)"),
        ("1.5e0", "CAST('1.5E0' AS DOUBLE)", "double"), ("5000000000", "5000000000", "bigint"),
        ("'it''s'", "'it''s'", "varchar(4)"), ("X'0aFF'", "unhex('0aff')", "varbinary"),
        ("concat(s, 'a')", "(r1.\"s\" || 'a')", "varchar"), ("lower(\"S\")", "lower(r1.\"s\")", "varchar"),
        (
            "CASE WHEN flag THEN 1 ELSE 2.5 END", "(CASE WHEN r1.\"flag\" THEN 1 ELSE CAST('2.5' AS DECIMAL(2,1)) END)",
            "decimal(11,1)"
        ),
        ("max_by(s, i)", "arg_max_null(r1.\"s\", r1.\"i\")", "varchar"),
        ("array_agg(i ORDER BY s)", "list(r1.\"i\" ORDER BY r1.\"s\" ASC NULLS LAST)", "array(integer)"),
        (
            "lag(i, 1) IGNORE NULLS OVER (ORDER BY i DESC)",
            "lag(r1.\"i\", 1 IGNORE NULLS) OVER (ORDER BY r1.\"i\" DESC NULLS LAST)", "integer"
        ),
    ]) func `expressions are written out as the engine means them`(_ text: String, _ sql: String, _ type: String) throws
    {
        let translation = try Lab.translate("SELECT \(text) AS x FROM mix")
        #expect(translation.sql == "SELECT \(sql) AS \"_c0\" FROM \"silver\".\"mix\" AS r1")
        #expect(translation.columns?.map(\.name) == ["x"])
        #expect(translation.columns?.first?.type.name == type)
    }

    @Test(arguments: [
        ("SELECT nope FROM jobs", "COLUMN_NOT_FOUND", 8), ("SELECT j.id FROM jobs", "COLUMN_NOT_FOUND", 8),
        ("SELECT id FROM jobs a, jobs b", "AMBIGUOUS_NAME", 8), ("SELECT id = 'x' FROM jobs", "TYPE_MISMATCH", 11),
        ("SELECT day > '2020-01-01' FROM mix", "TYPE_MISMATCH", 12), ("SELECT foo(1)", "FUNCTION_NOT_FOUND", 8),
        ("SELECT lower(1, 2)", "FUNCTION_NOT_FOUND", 8), ("SELECT CAST(1 AS foo)", "TYPE_NOT_FOUND", 18),
        ("SELECT 1 UNION SELECT 'a'", "TYPE_MISMATCH", 10), ("SELECT 1 ORDER BY 2", "INVALID_COLUMN_REFERENCE", 19),
        ("SELECT rank()", "MISSING_OVER", 8), ("SELECT lower('a') OVER ()", "FUNCTION_NOT_WINDOW", 8),
        ("SELECT 1 WHERE 1", "TYPE_MISMATCH", 16), ("SELECT * ", "COLUMN_NOT_FOUND", 8),
        ("SELECT date_format(day, '%U') FROM mix", "NOT_SUPPORTED", 25),
        ("SELECT a FROM (VALUES 1) t(a, b)", "MISMATCHED_COLUMN_ALIASES", 26),
        ("SELECT DATE 'x'", "INVALID_LITERAL", 8),
        ("SELECT JSON_VALUE(a, 'b')", "NOT_SUPPORTED", 8), ("SELECT * FROM TABLE(f())", "NOT_SUPPORTED", 15),
        ("SELECT ?", "INVALID_PARAMETER_USAGE", 8), ("SELECT -'a'", "TYPE_MISMATCH", 8),
    ]) func `what is wrong or unknown is named with its place`(_ text: String, _ name: String, _ column: Int) {
        let error = #expect(throws: TrinoSQLError.self) { try Lab.translate(text) }
        #expect(error?.name == name, "\(error?.message ?? "")")
        #expect(error?.location == SourceLocation(line: 1, column: column), "\(error?.message ?? "")")
    }

    @Test func `every column of a result has Trino's name`() throws {
        let names = try Lab.translate("SELECT id, count(*), job AS \"Job\", jobs.id FROM jobs GROUP BY 1, 3").columns
        #expect(names?.map(\.name) == ["id", "_col1", "Job", "id"])
    }

    @Test func `relations are told apart by names of their own`() throws {
        let sql = try Lab.translate("SELECT a.id FROM jobs a JOIN jobs b ON a.id = b.id WHERE b.job = 'x'").sql
        #expect(
            sql == "SELECT r1.\"id\" AS \"_c0\" FROM \"silver\".\"jobs\" AS r1 INNER JOIN \"silver\".\"jobs\" AS r2 "
                + "ON (r1.\"id\" = r2.\"id\") WHERE (r2.\"job\" = 'x')")
    }

    @Test func `joined columns of USING come once, and first`() throws {
        let found = try Lab.translate("SELECT * FROM jobs FULL JOIN jobs j USING (id)")
        #expect(found.columns?.map(\.name) == ["id", "job", "job"])
        #expect(found.sql.hasPrefix("SELECT COALESCE(r1.\"id\", r2.\"id\") AS \"_c0\""))
    }

    @Test func `an order by a result's name is told from one by a column`() throws {
        let sql = try Lab.translate("SELECT job AS id, id AS n FROM jobs ORDER BY id DESC, jobs.id, n + 1").sql
        #expect(
            sql.hasSuffix("ORDER BY \"_c0\" DESC NULLS LAST, r1.\"id\" ASC NULLS LAST, (r1.\"id\" + 1) ASC NULLS LAST"))
    }

    @Test func `a version of a table goes along`() throws {
        let sql = try Lab.translate("SELECT id FROM jobs FOR VERSION AS OF 42 AS j").sql
        #expect(sql.hasSuffix("FROM \"silver\".\"jobs\" AS r1 AT (VERSION => 42)"))
        let time = try Lab.translate("SELECT id FROM jobs FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00 UTC'").sql
        #expect(time.contains(" AT (TIMESTAMP => CAST("))
    }

    @Test func `columns that the engine alone knows keep their names`() throws {
        let found = try Lab.translate("SELECT snapshot_id AS s FROM \"jobs$snapshots\" t WHERE t.operation = 'append'")
        #expect(
            found.sql == "SELECT r1.\"snapshot_id\" AS \"_c0\" FROM \"silver\".\"jobs$snapshots\" AS r1 "
                + "WHERE (r1.\"operation\" = 'append')")
        #expect(try Lab.translate("SELECT * FROM \"jobs$snapshots\"").columns == nil)
    }

    @Test func `small tables go into the statement`() throws {
        let sql = try Lab.translate("SELECT table_cat FROM system.jdbc.catalogs").sql
        #expect(sql.contains("VALUES ('lake', CAST(NULL AS BIGINT)), ('it''s', CAST(1 AS BIGINT))"))
    }

    @Test func `a table without a definition is asked for`() {
        let missing = #expect(throws: MissingTable.self) { try Lab.translate("SELECT 1 FROM Gold.x") }
        #expect(missing?.name == TableName(catalog: "lake", schema: "gold", table: "x"))
        let plain = TranslationContext(catalog: nil, schema: nil, user: "ada")
        let error = #expect(throws: TrinoSQLError.self) { try Lab.translate("SELECT 1 FROM x", context: plain) }
        #expect(error?.name == "MISSING_CATALOG_NAME")
    }

    @Test func `a common table hides a table of its name, inside its query alone`() throws {
        let sql = try Lab.translate("SELECT * FROM (WITH jobs AS (SELECT 1 AS x) SELECT x FROM jobs) a, jobs").sql
        #expect(sql.contains("FROM w1 AS r"))
        #expect(sql.contains("\"silver\".\"jobs\""))
    }

    @Test func `a statement cannot grow without end`() {
        let text =
            "SELECT 1 FROM mix WHERE i = " + String(repeating: "1 / (i + ", count: 60) + "1"
            + String(repeating: ")", count: 60)
        let error = #expect(throws: TrinoSQLError.self) { try Lab.translate(text) }
        #expect(error?.name == "QUERY_TEXT_TOO_LARGE")
    }

    @Test func `all queries of TPC-H are translated`() throws {
        let file = try #require(Bundle.module.url(forResource: "tpch", withExtension: "sql", subdirectory: "Fixtures"))
        let queries = try String(contentsOf: file, encoding: .utf8).split(separator: ";\n").map(String.init)
            .filter { $0.contains("SELECT") }
        #expect(queries.count == 22)
        for query in queries { #expect(try Lab.translate(query).columns?.isEmpty == false) }
    }
}

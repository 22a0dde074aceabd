import Testing

@testable import TrinoSQL

@Suite struct ParserTests {
    /// Statements of each rule of the grammar that is read here.
    static let statements: [String] = [
        "SELECT 1", "select 1;", "SELECT ALL a, b AS c, d e FROM t", "SELECT DISTINCT t.*, x FROM a.b.t AS t",
        "SELECT r.* AS (x, y) FROM t", "TABLE t", "VALUES 1, 2", "VALUES (1, 'a'), (2, 'b') ORDER BY 1 LIMIT 1",
        "(SELECT 1) UNION ALL (SELECT 2) INTERSECT SELECT 3 EXCEPT DISTINCT SELECT 4",
        "WITH a AS (SELECT 1), b (x) AS (SELECT 2) SELECT * FROM a, b",
        "WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT * FROM t",
        "SELECT * FROM a JOIN b USING (x) LEFT OUTER JOIN c ON a.x = c.x FULL JOIN d ON true CROSS JOIN e, f",
        "SELECT * FROM (a JOIN b ON true) JOIN c ON true", "SELECT * FROM ((SELECT 1) UNION SELECT 2) t(x)",
        "SELECT * FROM ((SELECT 1) t CROSS JOIN u)", "SELECT ((SELECT 1) + 2), ((1))",
        "SELECT * FROM t CROSS JOIN UNNEST(a, b) WITH ORDINALITY AS u (x, y, n)",
        "SELECT * FROM t, LATERAL (SELECT t.x + 1) AS l(y)", "SELECT * FROM t AS x TABLESAMPLE BERNOULLI (10)",
        "SELECT * FROM t FOR VERSION AS OF 12 WHERE x", "SELECT * FROM t FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01' u",
        "SELECT * FROM \"t$snapshots\"", "SELECT \"a\"\"b\" FROM \"x y\"",
        "SELECT a, count(*) FROM t GROUP BY a, (b, c), ROLLUP (d, (e, f)), CUBE (g), GROUPING SETS ((h), (i, j), ()), ()",
        "SELECT a FROM t WHERE a BETWEEN 1 AND 2 AND b NOT IN (1, 2) AND c LIKE 'x!%' ESCAPE '!' OR d IS NOT NULL",
        "SELECT a IS DISTINCT FROM b, a IS NOT DISTINCT FROM b, NOT a, a <> b, a != b",
        "SELECT a > ALL (SELECT 1), a = ANY (VALUES 1), a <= SOME (SELECT 2), EXISTS (SELECT 1)",
        "SELECT CASE a WHEN 1 THEN 'x' ELSE 'y' END, CASE WHEN a THEN b END, IF(a, b), NULLIF(a, b), COALESCE(a, b)",
        "SELECT CAST(a AS decimal(10, 2)), TRY_CAST(a AS row(x integer, y array(varchar(3)))), CAST(a AS map(varchar, double))",
        "SELECT CAST(a AS timestamp(3) with time zone), CAST(a AS interval day to second), CAST(a AS double precision)",
        "SELECT DATE '2020-01-01', TIMESTAMP '2020-01-01 00:00:00 UTC', TIME '01:02:03', DECIMAL '1.5', X'00ff', U&'\\00e9'",
        "SELECT INTERVAL '1' DAY, INTERVAL -'2' HOUR, INTERVAL '1-2' YEAR TO MONTH",
        "SELECT 0x1F, 1_000, 1.5, .5, 1e-3",
        "SELECT EXTRACT(YEAR FROM a), POSITION('a' IN b), SUBSTRING(a FROM 1 FOR 2), TRIM(LEADING 'x' FROM a)",
        "SELECT ARRAY[1, 2][1], ROW(1, 'a'), (1, 2), m['k'].x, a.b.c", "SELECT x -> 1, (x, y) -> x + y",
        "SELECT transform(a, x -> x + 1), reduce(a, 0, (s, x) -> s + x, s -> s)",
        "SELECT ts AT TIME ZONE 'UTC', CURRENT_DATE, CURRENT_TIMESTAMP(6), LOCALTIME, CURRENT_USER, -a + +b",
        "SELECT count(DISTINCT a) FILTER (WHERE b), array_agg(a ORDER BY b DESC NULLS FIRST)",
        "SELECT listagg(a, ',') WITHIN GROUP (ORDER BY a)",
        "SELECT sum(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING) FROM t",
        "SELECT lag(a) IGNORE NULLS OVER w, rank() OVER (w ORDER BY a) FROM t WINDOW w AS (PARTITION BY b)",
        "SELECT a FROM t ORDER BY a OFFSET 5 ROWS FETCH FIRST 10 ROWS ONLY", "SELECT a FROM t LIMIT ALL",
        "SELECT ? FROM t WHERE a = ? LIMIT ?", "-- nothing\nSELECT /* here */ 1 -- end",
        "EXPLAIN SELECT 1", "EXPLAIN (TYPE LOGICAL, FORMAT TEXT) SELECT 1", "EXPLAIN ANALYZE VERBOSE SELECT 1",
        "SHOW CATALOGS LIKE 'l%'", "SHOW SCHEMAS FROM lake LIKE 'a!_%' ESCAPE '!'", "SHOW TABLES FROM lake.silver",
        "SHOW COLUMNS FROM t", "DESCRIBE lake.silver.t", "DESC t", "SHOW FUNCTIONS", "SHOW SESSION",
        "SHOW CREATE TABLE t", "DESCRIBE INPUT p", "DESCRIBE OUTPUT p", "USE lake.silver", "USE silver",
        "PREPARE p FROM SELECT * FROM t WHERE a = ?", "EXECUTE p", "EXECUTE p USING 1, 'a', DATE '2020-01-01'",
        "EXECUTE IMMEDIATE 'SELECT ''x'', ?' USING ARRAY[1]", "DEALLOCATE PREPARE p",
        "SET SESSION query_max_run_time = '10s'", "SET SESSION lake.x = true", "RESET SESSION query_max_run_time",
        "START TRANSACTION READ ONLY, ISOLATION LEVEL SERIALIZABLE", "COMMIT", "ROLLBACK WORK", "SET TIME ZONE 'UTC'",
        "INSERT INTO t VALUES (1)", "CREATE TABLE t AS SELECT 1", "DROP TABLE t", "DELETE FROM t",
        "MERGE INTO t USING u ON a",
    ]

    @Test(arguments: statements) func `every form of statement is read`(_ text: String) throws {
        _ = try TrinoStatement(text)
    }

    @Test(arguments: [
        ("SELECT", 1, 7), ("SELECT 1 +\n  FROM t", 2, 3), ("SELECT 'abc", 1, 8), ("SELECT (1", 1, 10),
        ("SELECT a FROM t WHERE", 1, 22), ("SELECT 1 2", 1, 10), ("\n\nFOO", 3, 1), ("SELECT `a`", 1, 8),
        ("SELECT 1a", 1, 8), ("SELECT /* x", 1, 8), ("SELECT * FROM a JOIN b", 1, 23), ("", 1, 1),
    ]) func `an error of syntax tells its place`(_ text: String, _ line: Int, _ column: Int) {
        let error = #expect(throws: TrinoSQLError.self) { try TrinoStatement(text) }
        #expect(error?.name == "SYNTAX_ERROR")
        #expect(error?.location == SourceLocation(line: line, column: column), "\(text): \(error?.message ?? "")")
    }

    @Test func `parameters are counted, those of an attempt that failed once`() throws {
        #expect(try TrinoStatement("SELECT ?, (SELECT ?), ((SELECT ?) + ?)").parameterCount == 4)
    }

    @Test func `the text of a prepared statement is its own`() throws {
        guard case .prepare(let name, let text) = try TrinoStatement("PREPARE p FROM  SELECT 'é', ? ;").kind else {
            Issue.record("no PREPARE")
            return
        }
        #expect(name == "p")
        #expect(text == "SELECT 'é', ?")
    }

    @Test func `nesting is bounded, whatever nests`() {
        let deep = 20_000
        let texts = [
            "SELECT " + String(repeating: "(", count: deep) + "1" + String(repeating: ")", count: deep),
            "SELECT " + String(repeating: "NOT ", count: deep) + "true",
            "SELECT " + String(repeating: "- ", count: deep) + "1",
            "SELECT " + String(repeating: "ARRAY[", count: deep), "SELECT " + String(repeating: "abs(", count: deep),
            String(repeating: "SELECT * FROM (", count: deep), String(repeating: "(", count: deep) + "SELECT 1",
            "SELECT CAST(a AS " + String(repeating: "array(", count: deep), String(repeating: "EXPLAIN ", count: deep),
            "SELECT a" + String(repeating: "[1]", count: deep), "SELECT a" + String(repeating: ".b", count: deep),
            String(repeating: "WITH a AS (", count: deep), "SELECT " + String(repeating: "x -> ", count: deep),
            "SELECT " + String(repeating: "CASE WHEN ", count: deep),
            "SELECT " + String(repeating: "((SELECT ", count: deep),
        ]
        for text in texts { #expect(throws: TrinoSQLError.self) { try TrinoStatement(text) } }
    }

    @Test func `long chains are no nesting`() throws {
        for joint in [" + 1", " || 'a'", " AND true", " OR false", " UNION ALL SELECT 1", ", 1"] {
            let text = "SELECT 1" + String(repeating: joint, count: 5_000)
            guard case .query(let query) = try TrinoStatement(text).kind else { continue }
            guard !joint.contains("AND"), !joint.contains("OR"), !joint.contains("||") else { continue }
            _ = try query.translated(for: Lab.context)
        }
        let joins = "SELECT 1 FROM jobs a" + String(repeating: " CROSS JOIN jobs", count: 1_000)
        _ = try TrinoStatement(joins)
    }

    /// Texts made of the pieces of statements and of any characters: the answer is a statement or an error, never a crash.
    @Test func `garbage is refused without harm`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Seeded(seed)
        let pieces =
            Self.statements.flatMap { $0.split(separator: " ").map(String.init) } + [
                "(", ")", "[", "]", "'", "\"", "->", "=>", "::", "\u{0}", "é", "U&'\\", "X'", "1e", "0x", "--", "/*",
                "$", "{",
            ]
        for round in 0..<3_000 {
            var text = ""
            if round % 3 == 0 {
                var scalars = Array(Self.statements.randomElement(using: &random)?.unicodeScalars ?? "".unicodeScalars)
                for _ in 0..<Int.random(in: 1...4, using: &random) where !scalars.isEmpty {
                    let place = Int.random(in: 0..<scalars.count, using: &random)
                    scalars[place] = Unicode.Scalar(UInt8.random(in: 1...127, using: &random))
                }
                text = String(String.UnicodeScalarView(scalars))
            } else {
                for _ in 0..<Int.random(in: 1...30, using: &random) {
                    text += (pieces.randomElement(using: &random) ?? "") + " "
                }
            }
            do {
                if case .query(let query) = try TrinoStatement(text).kind { _ = try query.translated(for: Lab.context) }
            } catch is TrinoSQLError {
            } catch is MissingTable {
            } catch {
                Issue.record("seed \(seed): \(text) ended in \(error)")
            }
        }
    }
}

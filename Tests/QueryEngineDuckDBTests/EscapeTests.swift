import Foundation
import LakeModel
import QueryEngine
import QueryEngineDuckDB
import Testing

extension DuckDBTests {
    /// Statements that reach for what a request does not carry. Each must be turned away, whatever the reason given.
    @Suite struct EscapeTests {
        /// `{data}` is the path of a data file of a table that the request does not carry.
        static let attempts: [String] = [
            // Files as tables.
            "SELECT * FROM '{data}'",
            "SELECT * FROM \"{data}\"",
            "FROM '/etc/passwd'",
            "TABLE \"{data}\"",
            "SELECT * FROM 'file://{data}'",
            "WITH a AS (SELECT 1) SELECT * FROM a, '{data}'",
            "WITH \"{data}\" AS (SELECT 1 AS x) SELECT * FROM \"{data}\"",
            "SELECT * FROM (WITH \"{data}\" AS (SELECT 1) SELECT 1), \"{data}\"",
            "SELECT (SELECT count(*) FROM '{data}')",
            "SELECT 1 WHERE EXISTS (FROM '{data}')",
            "SELECT 1 ORDER BY (SELECT count(*) FROM '{data}')",
            "SELECT 1 LIMIT (SELECT count(*) FROM '{data}')",
            "SELECT 1 UNION ALL SELECT count(*) FROM '{data}'",
            "SELECT sum(x) FILTER (WHERE x IN (SELECT id FROM '{data}')) FROM range(3) t(x)",
            "SELECT sum(x) OVER (ORDER BY (SELECT count(*) FROM '{data}')) FROM range(3) t(x)",
            "SELECT x FROM range(3) t(x) QUALIFY row_number() OVER () > (SELECT count(*) FROM '{data}')",
            "SELECT list_transform([1], lambda x: (SELECT count(*) FROM '{data}'))",
            "SELECT CASE WHEN true THEN (SELECT count(*) FROM '{data}') END",
            "VALUES ((SELECT count(*) FROM '{data}'))",
            "PIVOT '{data}' ON name IN ('a') USING count(*)",
            "UNPIVOT '{data}' ON id INTO NAME n VALUE v",
            "DESCRIBE '{data}'",
            "SUMMARIZE '{data}'",
            "SELECT * FROM range(1) t(x) LEFT JOIN '{data}' f ON true",
            "SELECT * FROM range(1) t(x), LATERAL (SELECT * FROM '{data}')",
            "WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT id FROM '{data}') SELECT * FROM r",
            // Table functions.
            "SELECT * FROM read_parquet('{data}')",
            "SELECT * FROM parquet_scan('{data}')",
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT * FROM read_blob('{data}')",
            "SELECT * FROM read_csv_auto('/etc/passwd')",
            "SELECT * FROM read_json('/etc/passwd')",
            "SELECT * FROM glob('/**')",
            "SELECT * FROM parquet_metadata('{data}')",
            "SELECT * FROM sniff_csv('/etc/passwd')",
            "SELECT * FROM query('SELECT * FROM ''{data}''')",
            "SELECT * FROM query_table('silver.secret')",
            "SELECT * FROM \"READ_TEXT\"('/etc/passwd')",
            "SELECT * FROM system.main.read_text('/etc/passwd')",
            "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
            "SELECT * FROM histogram('{data}', 'id')",
            "SELECT * FROM unnest((SELECT list(content) FROM read_text('/etc/passwd')))",
            // The catalog, settings and the environment.
            "SELECT * FROM duckdb_settings()",
            "SELECT * FROM duckdb_views()",
            "SELECT * FROM duckdb_views",
            "SELECT * FROM pragma_database_list",
            "SELECT * FROM sqlite_master",
            "SELECT * FROM information_schema.tables",
            "SELECT * FROM pg_catalog.pg_views",
            "SELECT * FROM main.duckdb_tables",
            "WITH duckdb_views AS (SELECT * FROM duckdb_views) SELECT * FROM duckdb_views",
            "WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a",
            "SHOW TABLES", "SHOW ALL TABLES", "SHOW DATABASES", "SHOW VARIABLES",
            "SELECT * FROM (SHOW ALL TABLES)",
            "SELECT getenv('HOME')",
            "SELECT current_setting('temp_directory')",
            "SELECT 'temp_directory'.current_setting()",
            "SELECT main.current_setting('temp_directory')",
            "SELECT getvariable('x')",
            "SELECT list_transform(['temp_directory'], lambda x: current_setting(x))",
            "SELECT json_serialize_plan('SELECT * FROM silver.secret')",
            "SELECT write_log('x')",
            "SELECT sleep_ms(10)", "SELECT pg_sleep(1)",
            "SELECT nextval('x')",
            // What is not a SELECT.
            "COPY (SELECT 1) TO '{data}.csv'",
            "COPY silver.secret TO '{data}.csv'",
            "EXPORT DATABASE '{data}.d'",
            "IMPORT DATABASE '{data}.d'",
            "ATTACH '{data}.db' AS x",
            "ATTACH ':memory:' AS x",
            "INSTALL httpfs", "LOAD httpfs", "LOAD '{data}.so'",
            "SET threads = 64", "RESET TimeZone", "SET VARIABLE x = 1", "USE pg_catalog",
            "PRAGMA threads = 64", "PRAGMA database_list", "CALL pragma_version()",
            "CREATE TABLE t AS SELECT 1", "CREATE OR REPLACE VIEW silver.secret AS SELECT 1",
            "CREATE MACRO f(x) AS (SELECT count(*) FROM '{data}')",
            "CREATE TEMP TABLE t (x INT)", "DROP SCHEMA silver CASCADE", "INSERT INTO silver.secret VALUES (1)",
            "UPDATE silver.secret SET id = 1", "DELETE FROM silver.secret", "TRUNCATE silver.secret",
            "PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1",
            "BEGIN", "COMMIT", "CHECKPOINT", "VACUUM", "ANALYZE",
            "WITH x AS (DELETE FROM silver.secret RETURNING *) SELECT * FROM x",
            // Several statements, and texts that two readers might see differently.
            "SELECT 1; SELECT 2",
            "SELECT 1; DROP VIEW silver.secret",
            "SELECT 1\u{0}; DROP VIEW silver.secret",
            "SELECT 1 -- \u{0}\n; COPY (SELECT 1) TO '{data}.csv'",
            "", ";", "-- nothing", "/* nothing */",
            "SELECT /* ", "SELECT 'abc", "SELECT \"abc",
            // Other tables, and other ways to name them.
            "SELECT * FROM silver.secret",
            "SELECT * FROM secret",
            "SELECT * FROM memory.silver.secret",
            "SELECT * FROM SILVER.SECRET",
            "SELECT * FROM silver.open AT (VERSION => 1)",
        ]

        @Test func `nothing that a request does not carry can be reached`() async throws {
            try await Lab.run({ $0.workers = 1 }) { lab in
                let path = try lab.write(
                    "secret.parquet", [.init("id", 1, .long([42])), .init("name", 2, .text(["a"]))])
                let secret = QueryTable("secret", [(1, "id", .long), (2, "name", .string)], files: [path])
                let open = QueryTable("open", [(1, "id", .long)], files: [path])
                // The engine has the table from here on; only the first request may see it.
                let seen = try await lab.rows("SELECT id FROM silver.secret", tables: [secret])
                #expect(seen == [[.integer(42)]])
                for attempt in Self.attempts {
                    let sql = attempt.replacing("{data}", with: path)
                    let error = try await lab.error(sql, tables: [open])
                    #expect(["sql-refused", "sql-syntax", "sql-invalid"].contains(error.code), "\(sql): \(error)")
                    #expect(!error.message.contains("root:"), "\(sql): \(error)")
                }
                let files = try FileManager.default.contentsOfDirectory(atPath: lab.dataFolder)
                #expect(files == ["secret.parquet"])
                let after = try await lab.rows("SELECT id FROM silver.open", tables: [open])
                #expect(after == [[.integer(42)]])
            }
        }

        @Test(
            arguments: [
                "SELECT id FROM silver.open", "SELECT o.id FROM SILVER.Open o", "FROM silver.open SELECT id",
                "WITH a AS (SELECT * FROM silver.open) SELECT id FROM a",
                "WITH RECURSIVE r AS (SELECT 41::BIGINT AS id UNION ALL SELECT id + 1 FROM r WHERE id < 42) "
                    + "SELECT max(id) FROM r",
                "WITH a AS (SELECT 42::BIGINT AS id), b AS (SELECT * FROM a) SELECT (SELECT id FROM b)",
                "SELECT id FROM silver.open WHERE id IN (SELECT x + 42 FROM range(1) t(x)) -- a comment",
                "SELECT x.id FROM (VALUES (42::BIGINT)) x(id);", "SELECT unnest([42::BIGINT])",
                "SELECT id FROM silver.open ORDER BY id LIMIT 1",
                "SELECT length('read_text(''/etc/passwd'')')::BIGINT + 18",
                "SELECT ('{\"function_name\": \"getenv\", \"a\": 42}'::JSON->>'a')::BIGINT",
            ])
        func `what only reads the request's tables is let through`(sql: String) async throws {
            try await Lab.run { lab in
                let path = try lab.write("open.parquet", [.init("id", 1, .long([42]))])
                let open = QueryTable("open", [(1, "id", .long)], files: [path])
                let rows = try await lab.rows(sql, tables: [open])
                #expect(rows == [[.integer(42)]])
            }
        }

        @Test func `describe and summarize work on the request's tables`() async throws {
            try await Lab.run { lab in
                let path = try lab.write("open.parquet", [.init("id", 1, .long([42]))])
                let open = QueryTable("open", [(1, "id", .long)], files: [path])
                let described = try await lab.rows("DESCRIBE silver.open", tables: [open])
                #expect(described.first?.prefix(2) == [.text("id"), .text("BIGINT")])
                let summarized = try await lab.rows("SUMMARIZE SELECT * FROM silver.open", tables: [open])
                #expect(summarized.count == 1)
            }
        }

        @Test func `errors tell their place in the text`() async throws {
            try await Lab.run { lab in
                let syntax = try await lab.error("SELECT 1 FORM x y")
                #expect(syntax.code == "sql-syntax")
                #expect(syntax.place?.byteOffset == 14)
                let column = try await lab.error("SELECT nix FROM range(3)")
                #expect((column.code, column.place?.byteOffset) == ("sql-invalid", 7))
                let refused = try await lab.error("SELECT 1, getenv('HOME')")
                #expect((refused.code, refused.place?.byteOffset) == ("sql-refused", 10))
                let value = try await lab.error("SELECT 'x'::INTEGER")
                #expect(value.code == "sql-invalid")
            }
        }

        @Test func `deep nesting ends in an error or an answer, never in the server`() async throws {
            try await Lab.run { lab in
                let sum = try await lab.rows("SELECT " + repeatElement("1", count: 400).joined(separator: "+"))
                #expect(sum == [[.integer(400)]])
                for depth in [2_000, 50_000] {
                    let parentheses = String(repeating: "(", count: depth) + "1" + String(repeating: ")", count: depth)
                    let selects =
                        String(repeating: "SELECT (", count: depth) + "1" + String(repeating: ")", count: depth)
                    for sql in [
                        "SELECT \(parentheses)", selects, "SELECT \(String(repeating: "-", count: 1))\(parentheses)",
                    ] {
                        let result = try? await lab.rows(sql)
                        #expect(result == nil || result == [[.integer(1)]] || result == [[.integer(-1)]])
                    }
                }
                let after = try await lab.rows("SELECT 1")
                #expect(after == [[.integer(1)]])
            }
        }
    }
}

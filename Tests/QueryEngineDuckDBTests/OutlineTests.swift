import LakeModel
import QueryEngine
import Testing

@testable import QueryEngineDuckDB

extension DuckDBTests {
    @Suite struct OutlineTests {
        private typealias Column = RowFilter.Column

        private func outline(_ sql: String) async throws -> StatementOutline {
            var found = StatementOutline()
            try await Lab.run { lab in found = try await lab.engine.outline(of: sql) }
            return found
        }

        @Test func `tables are found wherever they are named, and common table expressions are none`() async throws {
            let outline = try await outline(
                """
                WITH a AS (SELECT * FROM silver.one) SELECT (SELECT max(x) FROM Silver."Two") FROM a
                JOIN silver.three t ON t.x = a.x WHERE a.x IN (SELECT x FROM other.four)
                UNION ALL SELECT * FROM silver.five
                """)
            let names = Set(outline.references.map { "\($0.namespace).\($0.name)" })
            #expect(names == ["silver.one", "Silver.Two", "silver.three", "other.four", "silver.five"])
        }

        @Test func `a WHERE clause is read as far as it compares columns with constants`() async throws {
            let outline = try await outline(
                """
                SELECT 1 FROM silver.t e WHERE a = 5 AND 3 < e.b AND c BETWEEN 1 AND $1 AND d IN ('x', 'y')
                AND f LIKE 'ab%' AND g IS NULL AND h + 1 = 2 AND i < DATE '2020-01-01' AND NOT (j >= 1.5 OR k)
                """)
            let scope = try #require(outline.references.first?.scope)
            let wanted: [RowFilter] = [
                .compare(Column(name: "a"), .equal, .integer(5)),
                .compare(Column(qualifier: ["e"], name: "b"), .greater, .integer(3)),
                .all([
                    .compare(Column(name: "c"), .greaterOrEqual, .integer(1)),
                    .compare(Column(name: "c"), .lessOrEqual, .parameter("1")),
                ]), .isIn(Column(name: "d"), [.text("x"), .text("y")]),
                .all([.startsWith(Column(name: "f"), "ab"), .unknown]), .isNull(Column(name: "g")), .unknown,
                .compare(Column(name: "i"), .less, .cast(.text("2020-01-01"), type: "DATE")),
            ]
            guard case .all(let parts) = outline.scopes[scope] else {
                Issue.record("\(outline.scopes[scope])")
                return
            }
            #expect(Array(parts.prefix(wanted.count)) == wanted)
            // The engine's parser may have taken the negation apart; what it is about must be there.
            #expect("\(parts.dropFirst(wanted.count))".contains("decimal(unscaled: 15, scale: 1)"))
        }

        @Test(
            arguments: [
                "SELECT 1", "SELECT count(*), sum(a + 1), max(b) FILTER (WHERE a > 1) FROM silver.t GROUP BY ALL",
                "WITH c AS (SELECT * FROM silver.t) SELECT c.*, lower(b), t.current_date FROM c JOIN silver.t t USING (a)",
                "SELECT row_number() OVER (ORDER BY a), lag(b) OVER (PARTITION BY c ORDER BY a) FROM silver.t",
                "SELECT a IN (1, 2), b LIKE 'x%', a BETWEEN $1 AND $2, CASE WHEN a = 1 THEN 'now' END, -a FROM silver.t",
                "SELECT date_trunc('month', d), year(d), d + INTERVAL 1 DAY, d::DATE FROM silver.t ORDER BY ALL LIMIT 3",
                "SELECT [x * 2 for x in l], {'a': a}, MAP {'k': 1}, l[1], j ->> '$.a' FROM silver.t, range(3)",
                "SELECT (SELECT max(a) FROM silver.u u WHERE u.a = t.a) FROM silver.t t WHERE EXISTS (SELECT 1)",
                "SELECT * EXCLUDE (a), COLUMNS('b.*') FROM silver.t UNION ALL SELECT * FROM silver.u",
                "SELECT 1 FROM silver.t AT (TIMESTAMP => '2020-01-01')", "SELECT \"now\" FROM silver.t",
                "PIVOT silver.t ON a IN (1, 2) USING sum(b)", "SELECT nullif(a, b), coalesce(a, b) FROM silver.t",
            ])
        func `a statement of its rows alone is repeatable`(sql: String) async throws {
            #expect(try await outline(sql).isRepeatable)
        }

        @Test(
            arguments: [
                "SELECT now()", "SELECT Random() FROM silver.t", "SELECT current_date", "SELECT Current_Timestamp",
                "SELECT 1 FROM silver.t WHERE d < today()", "SELECT localtime", "SELECT \"current_user\" FROM silver.t",
                "SELECT uuid()", "SELECT gen_random_uuid()", "SELECT age(d) FROM silver.t",
                "SELECT ago(INTERVAL 1 DAY)",
                "SELECT user", "SELECT version()", "SELECT current_database()",
                "SELECT no_such_function(a) FROM silver.t",
                "SELECT (SELECT (SELECT get_current_time()))", "SELECT 1 FROM silver.t ORDER BY random() LIMIT 1",
                "WITH c AS (SELECT transaction_timestamp()) SELECT 1 FROM silver.t", "SELECT main.now()",
                "SELECT sum(a) OVER (ORDER BY d RANGE BETWEEN (now() - d) PRECEDING AND CURRENT ROW) FROM silver.t",
                "SELECT list_transform(l, x -> x + random()) FROM silver.t", "SELECT 1 LIMIT (random() * 5)::INT",
                "SELECT 1 FROM silver.t TABLESAMPLE 10 PERCENT", "SELECT 1 FROM silver.t USING SAMPLE 5",
                "SELECT 1 FROM silver.t AT (TIMESTAMP => now())", "DESCRIBE SELECT 1",
                "SELECT 1 FROM silver.t JOIN silver.u ON t.a = u.a + random()", "SELECT 1 FROM range(random()::INT)",
            ])
        func `a statement that time, chance or the reader bears on is not`(sql: String) async throws {
            #expect(try await !outline(sql).isRepeatable)
        }

        @Test(
            arguments: [
                "SELECT 1 FROM silver.t TABLESAMPLE 10 PERCENT WHERE a = 1",
                "SELECT 1 FROM silver.t AS t(b, c) WHERE b = 1",
                "SELECT 1 FROM silver.t WHERE a = 1 USING SAMPLE 5",
                "SELECT 1 FROM silver.t ASOF JOIN silver.u ON t.a >= u.a WHERE u.b = 1",
                "SELECT 1 FROM silver.t POSITIONAL JOIN silver.u WHERE u.b = 1",
            ])
        func `rows that are picked before the filter are not filtered`(sql: String) async throws {
            let outline = try await outline(sql)
            for reference in outline.references {
                #expect(reference.scope.map { outline.scopes[$0] } ?? .unknown == .unknown)
            }
        }

        @Test func `conditions as deep as the parser takes them are outlined`() async throws {
            let deep = (0..<150).reduce("a = 0") { "(\($0) OR a = \($1)) AND a < \($1)" }
            let outline = try await outline("SELECT 1 FROM silver.t WHERE \(deep)")
            #expect(outline.references.count == 1 && outline.scopes.count == 1)
            let casts = String(repeating: "CAST(", count: 200) + "1" + String(repeating: " AS BIGINT)", count: 200)
            #expect(try await self.outline("SELECT 1 FROM silver.t WHERE a = \(casts)").scopes == [.unknown])
        }

        @Test func `a test for null says nothing beside an outer join`() async throws {
            let outline = try await outline(
                "SELECT 1 FROM silver.t LEFT JOIN silver.u ON t.a = u.a WHERE u.a IS NULL AND t.a = 1")
            #expect(
                outline.scopes == [
                    .all([.unknown, .compare(Column(qualifier: ["t"], name: "a"), .equal, .integer(1))])
                ])
        }

        @Test func `a point in time is read with its place in the text`() async throws {
            let sql = """
                SELECT 'é' FROM silver."a b" AS x AT (VERSION => 5), silver.c /* AT */ AT ( TIMESTAMP => '2020-01-01' ) ,
                silver.d AT (VERSION => 'tag') WHERE x.a = 1
                """
            let references = try await outline(sql).references
            #expect(
                references.map(\.moment) == [
                    .snapshot(5), .instant(microseconds: 1_577_836_800_000_000), .reference("tag"),
                ])
            let bytes = Array(sql.utf8)
            let texts = references.map { reference in
                [reference.nameBytes, reference.momentBytes].map { range in
                    range.map { String(decoding: bytes[$0], as: UTF8.self) } ?? ""
                }
            }
            #expect(
                texts == [
                    ["silver.\"a b\"", "AT (VERSION => 5)"], ["silver.c", "AT ( TIMESTAMP => '2020-01-01' )"],
                    ["silver.d", "AT (VERSION => 'tag')"],
                ])
        }

        @Test(
            arguments: [
                "SELECT 1 FROM silver.t AT (VERSION => 1 + 1)", "SELECT 1 FROM silver.t AT (TIMESTAMP => 'soon')",
                "SELECT 1 FROM silver.t AT (TIMESTAMP => (SELECT now() FROM silver.u))",
                "SELECT 1 FROM silver.t AT (TIMESTAMP => getenv('HOME')::TIMESTAMP)",
                "SELECT 1 FROM silver.t AT (TIMESTAMP => (SELECT max(x) FROM '/etc/passwd'))",
            ])
        func `what is no point in time is refused`(sql: String) async throws {
            try await Lab.run { lab in
                await #expect(throws: QueryError.self) { _ = try await lab.engine.outline(of: sql) }
            }
        }
    }

    @Suite struct MoreTablesTests {
        @Test func `rows that a request brings along are a table of their types`() async throws {
            var table = QueryTable(
                "t$x", [(1, "a b", .long), (2, "at", .timestamptz), (3, "n", .decimal(precision: 9, scale: 2))],
                files: [])
            table.fields.append(
                .init(
                    id: 4, name: "m",
                    type: .map(
                        keyID: 0, key: .primitive(.int), valueID: 0, value: .primitive(.string), valueRequired: false),
                    required: false))
            table.json = """
                [{"a b": 5, "at": "2020-01-01T00:00:00.5Z", "n": "1.25", "m": {"7": "it's"}}, {"a b": null, "at": null, "n": null, "m": null}]
                """
            let fixed = table
            try await Lab.run { lab in
                let rows = try await lab.rows(
                    "SELECT *, m[7], typeof(m) FROM silver.\"t$x\" ORDER BY 1", tables: [fixed])
                #expect(
                    rows.first == [
                        .integer(5), .text("2020-01-01T00:00:00.5Z"), .text("1.25"), .text("[[7,\"it's\"]]"),
                        .text("it's"),
                        .text("MAP(INTEGER, VARCHAR)"),
                    ])
                #expect(rows.count == 2)
            }
        }

        @Test func `equality deletes take away the rows that they match, nulls too`() async throws {
            try await Lab.run { lab in
                let data = try lab.write(
                    "data.parquet",
                    [.init("id", 1, .long([1, 2, nil, 4])), .init("gone", 9, .text(["a", "b", "c", "d"]))])
                let other = try lab.write("other.parquet", [.init("id", 1, .long([2, 5]))])
                let byID = try lab.write("eq-1.parquet", [.init("id", 1, .long([2, nil]))])
                let byOther = try lab.write("eq-2.parquet", [.init("gone", 9, .text(["d"]))])
                var table = QueryTable("t", [(1, "id", .long)], files: [other])
                table.equalityGroups = [
                    .init(
                        files: [data], hasPositionDeletes: false,
                        deletes: [
                            .init(files: [byID], fields: [.init(id: 1, name: "id", type: .long, required: false)]),
                            .init(
                                files: [byOther], fields: [.init(id: 9, name: "gone", type: .string, required: false)]),
                        ])
                ]
                let rows = try await lab.rows("SELECT id FROM silver.t ORDER BY id", tables: [table])
                #expect(rows == [[.integer(1)], [.integer(2)], [.integer(5)]])
            }
        }

        @Test func `a process reads no folder but those of its tables`() async throws {
            try await Lab.run({ $0.workers = 1 }) { lab in
                let open = try lab.write("open/a.parquet", [.init("id", 1, .long([1]))])
                let other = try lab.write("other/a.parquet", [.init("id", 1, .long([2]))])
                var table = QueryTable("t", [(1, "id", .long)], files: [open])
                table.folders = [lab.dataFolder + "/open/"]
                #expect(try await lab.rows("SELECT id FROM silver.t", tables: [table]) == [[.integer(1)]])
                // A file outside of what the table says is out of reach, although it lies in the warehouse.
                var wrong = QueryTable("t", [(1, "id", .long)], files: [other])
                wrong.folders = table.folders
                let error = try await lab.error("SELECT id FROM silver.t", tables: [wrong])
                #expect(error.code == "data-unreadable")
                // Another table's folder is added; one for itself leaves the others behind.
                var second = QueryTable("u", [(1, "id", .long)], files: [other])
                second.folders = [lab.dataFolder + "/other/"]
                #expect(try await lab.rows("SELECT id FROM silver.u", tables: [second]) == [[.integer(2)]])
                let shared = lab.engine.workerProcessIDs
                #expect(try await lab.rows("SELECT id FROM silver.t", tables: [table]) == [[.integer(1)]])
                #expect(lab.engine.workerProcessIDs == shared)
                let alone = try await lab.engine.execute(
                    QueryRequest(sql: "SELECT id FROM silver.t", tables: [table], isIsolated: true))
                #expect(alone.rows == [[.integer(1)]])
                #expect(lab.engine.workerProcessIDs != shared)
            }
        }
    }
}

struct TableSQLTests {
    @Test func `files that are read by field id bring their number of rows along`() {
        let definition = WireRequest.Definition(
            fields: [], plainFiles: ["/a", "/b", "/c"], deletedFromFiles: ["/d"], deleteFiles: [],
            locationScheme: "file://",
            locationRoot: "", rowCount: 40, equalityGroups: [])
        let table = TableSQL(
            namespace: "n", name: "t", fields: [WireField(id: 1, name: "x", type: "BIGINT", isNested: false)],
            deleteFiles: [], locationScheme: "file://", locationRoot: "", rowsPerFile: definition.rowsPerFile)
        let byID = table.createView(groups: [.init(files: ["/a", "/b", "/c"], columnNames: nil, hasDeletes: false)])
        #expect(byID.contains("explicit_cardinality = 30"))
        let byName = table.createView(groups: [.init(files: ["/a"], columnNames: ["x"], hasDeletes: false)])
        #expect(!byName.contains("explicit_cardinality"))
    }

    @Test func `a large file that is alone has one without rows beside it`() {
        func view(_ files: [String], rowsPerFile: Double, names: Set<String>? = nil) -> String {
            TableSQL(
                namespace: "n", name: "t", fields: [WireField(id: 1, name: "x", type: "BIGINT", isNested: false)],
                deleteFiles: [], locationScheme: "file://", locationRoot: "", rowsPerFile: rowsPerFile,
                emptyFile: "/tmp/empty/rows.parquet"
            ).createView(groups: [.init(files: files, columnNames: names, hasDeletes: false)])
        }
        let alone = view(["/a"], rowsPerFile: 1_000_000)
        #expect(alone.contains("['/a', '/tmp/empty/rows.parquet']") && alone.contains("explicit_cardinality = 1000000"))
        #expect(!view(["/a"], rowsPerFile: 1_000).contains("rows.parquet"))
        #expect(!view(["/a", "/b"], rowsPerFile: 1_000_000).contains("rows.parquet"))
        #expect(!view(["/a"], rowsPerFile: 1_000_000, names: ["x"]).contains("rows.parquet"))
    }
}

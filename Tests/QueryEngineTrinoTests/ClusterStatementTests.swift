import LakeModel
import QueryEngine
import QueryEngineTrino
import Testing

@Suite struct ClusterStatementTests {
    private func text(_ sql: String) throws -> String {
        try ClusterStatement.text(
            sql, catalog: "lake", namespace: "silver", snapshots: ["jobs": 7, "a\"b": 8],
            parameters: ["year": "CAST(2021 AS integer)", "name": "'it''s'"])
    }

    private static let jobs = #""lake"."silver"."jobs" FOR VERSION AS OF 7"#

    @Test(arguments: [
        ("SELECT * FROM silver.jobs j WHERE j.id = 1.5;\n", "SELECT * FROM \(jobs) j WHERE j.id = 1.5"),
        ("SELECT silver.jobs.id FROM Silver . \"JOBS\"", "SELECT silver.jobs.id FROM \(jobs)"),
        (#"SELECT 1 FROM silver."a""b""#, #"SELECT 1 FROM "lake"."silver"."a""b" FOR VERSION AS OF 8"#),
        ("SELECT 'silver.jobs $year' -- silver.jobs $x\n, j.*", "SELECT 'silver.jobs $year' -- silver.jobs $x\n, j.*"),
        ("/* silver.jobs /* */ SELECT 1 FROM silver.jobs", "/* silver.jobs /* */ SELECT 1 FROM \(jobs)"),
        ("SELECT 1e5, $year, $name FROM silver.jobs", "SELECT 1e5, CAST(2021 AS integer), 'it''s' FROM \(jobs)"),
        (#"SELECT "$year", "silver.jobs" FROM x"#, #"SELECT "$year", "silver.jobs" FROM x"#),
        ("SELECT 'open", "SELECT 'open"), ("SELECT \"open", "SELECT \"open"), ("/* open", "/* open"), ("", ""),
    ])
    func `tables are pinned and parameters put in, where they are names`(_ sql: String, _ wanted: String) throws {
        #expect(try text(sql) == wanted)
    }

    @Test(arguments: [
        "SELECT * FROM silver.departments", #"SELECT * FROM silver."jobs$snapshots""#, "SELECT $other FROM silver.jobs",
        "SELECT * FROM hive.silver.jobs", "SELECT * FROM silver.jobs JOIN hive . sales . orders ON true", "SELECT $",
    ])
    func `what can't be pinned is not sent`(_ sql: String) {
        let error = #expect(throws: TrinoClusterError.self) { try text(sql) }
        #expect(error?.code == "cluster-statement-invalid")
    }

    @Test func `literals have their parameter's type, and text stays text`() {
        let cases: [(QueryValue, PrimitiveType, String?)] = [
            (.integer(-5), .int, "CAST(-5 AS integer)"),
            (.integer(.min), .long, "CAST('-9223372036854775808' AS bigint)"),
            (.boolean(true), .boolean, "true"), (.double(0.1), .double, "CAST('0.1' AS double)"),
            (.text("x' OR '1'='1"), .string, "'x'' OR ''1''=''1'"),
            (.text("2021-01-31"), .date, "CAST('2021-01-31' AS date)"),
            (.text("1.50"), .decimal(precision: 9, scale: 2), "CAST('1.50' AS decimal(9, 2))"),
            (.text("12:00:00"), .time, nil), (.null, .int, nil),
        ]
        for (value, type, wanted) in cases { #expect(ClusterStatement.literal(value, type) == wanted) }
    }
}

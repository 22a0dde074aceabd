import Foundation
import Testing

@testable import LakeModel

@Suite struct GoldDeclarationTests {
    @Test(arguments: [
        ("SELECT * FROM silver.a_cleaned", ["silver.a_cleaned"]),
        ("SELECT * FROM Silver . A_Cleaned AS x", ["silver.a_cleaned"]),
        ("SELECT * FROM \"silver\".\"a_cleaned\"", ["silver.a_cleaned"]),
        ("SELECT * FROM silver/* it */. -- is\n a_cleaned", ["silver.a_cleaned"]),
        ("SELECT 'silver.a_cleaned', -- silver.a_cleaned\n 1 /* silver. /* nested */ a_cleaned */", []),
        ("SELECT 'it''s silver.a_cleaned' FROM \"a\"\"b\".c", ["a\"b.c"]),
        ("SELECT a.b.c, 1.5, f(x).y", ["a.b", "b.c", "1.5"]),
        ("", []), ("'", []), ("\"", []), ("/*", []), ("--", []), ("a.", []),
    ])
    func `names are found where they are names`(_ sql: String, _ expected: [String]) {
        #expect(SQLNames.pairs(in: sql) == Set(expected))
    }

    @Test func `inputs are the declared tables that the SQL names in full`() throws {
        let model = try ModelFile.parse(
            """
            tables:
              - {name: a, columns: [{name: x, type: int}]}
              - {name: aa, columns: [{name: x, type: int}]}
            gold:
              - {name: g, sql: "SELECT aa_cleaned.x FROM silver.a_cleaned AS aa_cleaned"}
            """, source: "test")
        #expect(model.inputs(of: model.gold[0]).map(\.name) == ["a"])
    }

    @Test func `expressions stand in front, also of SQL that has its own`() {
        let one = [(name: "x", body: "SELECT 1;  \n")]
        #expect(
            SQLComposition.with(one, "SELECT * FROM x ;")
                == "WITH \"x\" AS NOT MATERIALIZED (\nSELECT 1\n)\nSELECT * FROM x")
        #expect(
            SQLComposition.with(one, "-- first\n with y AS (SELECT 2) SELECT * FROM x, y")
                == "WITH \"x\" AS NOT MATERIALIZED (\nSELECT 1\n),\n y AS (SELECT 2) SELECT * FROM x, y")
        #expect(
            SQLComposition.with(one, "WITH RECURSIVE y AS (SELECT 2) SELECT 1").hasPrefix(
                "WITH RECURSIVE \"x\" AS NOT MATERIALIZED"))
        #expect(SQLComposition.with([], "SELECT 1;") == "SELECT 1")
    }

    @Test func `a question over gold tables is one over silver with their definitions`() throws {
        let model = try ModelFile.parse(
            """
            tables:
              - {name: a, columns: [{name: x, type: int}]}
            gold:
              - {name: up, from: low, sql: SELECT * FROM low}
              - {name: low, columns: [{name: x, type: long}], sql: SELECT x FROM silver.a_cleaned}
            analytics:
              - {name: q, from: up, sql: SELECT count(*) FROM up}
            """, source: "test")
        let analytic = model.analytics[0]
        let low = try #require(analytic.sql.range(of: "\"low\" AS"))
        let up = try #require(analytic.sql.range(of: "\"up\" AS"))
        #expect(low.lowerBound < up.lowerBound)
        #expect(analytic.sql.contains("CAST(\"x\" AS BIGINT)"))
        #expect(analytic.gold?.tables == ["up"])
        #expect(analytic.gold?.sql.contains("FROM gold.\"up\"") == true)
        #expect(analytic.gold?.sql.contains("silver") == false)
    }
}

import CatalogService
import Iceberg
import LakeModel
import LakeTesting
import QueryEngine
import Testing

@testable import Analytics

@Suite struct GoldRefreshTests {
    private let rows: [[Datum?]] = [[.long(1), .long(10)], [.long(2), nil]]

    @Test func `the first refresh makes the table and names what it was computed from`() async throws {
        let lab = try await GoldLab()
        try await lab.commit(lab.items)
        #expect(try await lab.refresh() == .written(rows: 2))
        #expect(try await lab.rows() == rows)
        let metadata = try await lab.metadata()
        let snapshot = try #require(metadata.currentSnapshot)
        let input = try await lab.catalog.currentMetadata(lab.items).currentSnapshotID
        #expect(snapshot.summary["dipper.input.silver.items_cleaned"] == input.map { String($0) })
        #expect(snapshot.summary["dipper.input.silver.others_cleaned"] == nil)
        #expect(snapshot.summary["total-records"] == "2")
        #expect(try await lab.room().isCurrent("totals"))
        #expect(try await lab.violations() == [])
    }

    @Test func `while no input changes the engine is not asked`() async throws {
        let lab = try await GoldLab()
        try await lab.refresh()
        try await lab.commit(lab.others)
        #expect(try await lab.refresh() == .current)
        #expect(lab.engine.requests.count == 1)
        #expect(try await lab.metadata().snapshots.count == 1)
    }

    @Test func `the engine gets the inputs and nothing else, and one order`() async throws {
        let lab = try await GoldLab()
        try await lab.refresh()
        let request = try #require(lab.engine.requests.first)
        #expect(request.tables.map { "\($0.namespace).\($0.name)" } == ["silver.items_cleaned"])
        #expect(request.sql.hasSuffix("ORDER BY ALL"))
    }

    @Test func `a changed input replaces the rows in one snapshot`() async throws {
        let lab = try await GoldLab()
        try await lab.refresh()
        try await lab.commit(lab.items)
        #expect(try await !lab.room().isCurrent("totals"))
        lab.engine.answer(["id", "n"], ["BIGINT", "BIGINT"], [[.integer(3), .integer(30)]])
        #expect(try await lab.refresh() == .written(rows: 1))
        #expect(try await lab.rows() == [[.long(3), .long(30)]])
        #expect(try await lab.metadata().currentSnapshot?.operation == "overwrite")
        #expect(try await lab.liveFiles().count == 1)
        #expect(try await lab.violations() == [])
    }

    @Test func `equal rows keep their file, and the inputs are noted`() async throws {
        let lab = try await GoldLab()
        try await lab.refresh()
        let file = try await lab.liveFiles()
        for _ in 0..<2 {
            try await lab.commit(lab.items)
            #expect(try await lab.refresh() == .unchanged(rows: 2))
        }
        #expect(try await lab.liveFiles() == file)
        #expect(try await lab.dataFiles().count == 1)
        #expect(try await lab.metadata().currentSnapshot?.summary["total-records"] == "2")
        #expect(try await lab.room().isCurrent("totals"))
        #expect(try await lab.violations() == [])
    }

    @Test func `an input whose files were only rewritten has changed nothing`() async throws {
        let lab = try await GoldLab()
        try await lab.commit(lab.items)
        try await lab.refresh()
        try await lab.commit(lab.items, .replace)
        try await lab.commit(lab.items, .replace)
        #expect(try await lab.room().isCurrent("totals"))
        #expect(try await lab.refresh() == .current)
        try await lab.commit(lab.items)
        try await lab.commit(lab.items, .replace)
        #expect(try await !lab.room().isCurrent("totals"))
    }

    @Test func `a rewritten gold table still is what it was computed from`() async throws {
        let lab = try await GoldLab()
        try await lab.refresh()
        try await lab.commit(GoldBook.identifier("totals"), .replace)
        #expect(try await lab.room().isCurrent("totals"))
    }

    @Test func `what another engine writes into a gold table is overwritten`() async throws {
        let lab = try await GoldLab()
        try await lab.refresh()
        try await lab.commit(GoldBook.identifier("totals"))
        #expect(try await !lab.room().isCurrent("totals"))
        #expect(try await lab.refresh() == .written(rows: 2))
        #expect(try await lab.rows() == rows)
    }

    @Test func `a changed definition is materialised anew, and columns that stay keep their ids`() async throws {
        let lab = try await GoldLab()
        try await lab.refresh()
        let before = try await lab.metadata().schema.fields
        let changed = GoldLab.model.replacing("count(*) AS n", with: "sum(1.5) AS n, 'x' AS word")
        lab.engine.answer(
            ["id", "n", "word"], ["BIGINT", "DECIMAL(9,2)", "VARCHAR"], [[.integer(1), .text("-1.50"), .text("é")]])
        #expect(try await lab.refresh("totals", changed) == .written(rows: 1))
        let after = try await lab.metadata().schema.fields
        #expect(after.map(\.name) == ["id", "n", "word"])
        #expect(after[0].id == before[0].id)
        #expect(after[1].id > 2 && after[2].id > 2 && after[1].id != after[2].id)
        #expect(try await lab.rows() == [[.long(1), .decimal(-150), .string("é")]])
        #expect(try await lab.violations() == [])
    }

    @Test func `no rows are a table without rows`() async throws {
        let lab = try await GoldLab()
        lab.engine.answer(["id"], ["INTEGER"], [])
        #expect(try await lab.refresh() == .written(rows: 0))
        #expect(try await lab.rows() == [])
        #expect(try await lab.room().isCurrent("totals"))
        try await lab.commit(lab.items)
        lab.engine.answer(["id"], ["INTEGER"], [[.integer(1)]])
        #expect(try await lab.refresh() == .written(rows: 1))
        try await lab.commit(lab.items)
        lab.engine.answer(["id"], ["INTEGER"], [])
        #expect(try await lab.refresh() == .written(rows: 0))
        #expect(try await lab.rows() == [])
        #expect(try await lab.violations() == [])
    }

    // MARK: Failures

    @Test func `what the engine refuses changes nothing`() async throws {
        let lab = try await GoldLab()
        try await lab.refresh()
        let before = try await lab.metadata()
        try await lab.commit(lab.items)
        lab.engine.fail(QueryError(code: "sql-invalid", message: "there is no column"))
        let error = await #expect(throws: QueryError.self) { try await lab.refresh() }
        #expect(error?.code == "sql-invalid")
        #expect(try await lab.metadata() == before)
        #expect(try await !lab.room().isCurrent("totals"))
    }

    @Test func `a table that grows past the limit is refused by name`() async throws {
        let lab = try await GoldLab()
        var limits = GoldLimits()
        limits.goldRowsMax = 1
        let error = await #expect(throws: GoldError.self) { try await lab.refresh(limits: limits) }
        #expect(error?.code == "gold-too-large" && error?.message.contains("gold.totals") == true)
        #expect(lab.engine.requests.first?.limits.rowsMax == 1)
        #expect(try await lab.dataFiles() == [])
    }

    @Test(arguments: ["HUGEINT", "INTERVAL", "BIGINT[]", "UUID", "BLOB", "DECIMAL(39,2)"])
    func `a type that gold tables have not is refused with the column`(type: String) async throws {
        let lab = try await GoldLab()
        lab.engine.answer(["odd"], [type], [[.null]])
        let error = await #expect(throws: GoldError.self) { try await lab.refresh() }
        #expect(error?.code == "gold-type-unsupported" && error?.message.contains("odd") == true)
    }

    @Test func `a value that can't be stored is refused, and its file does not stay`() async throws {
        let lab = try await GoldLab()
        lab.engine.answer(["day"], ["DATE"], [[.text("2021-01-01")], [.text("infinity")]])
        let error = await #expect(throws: GoldError.self) { try await lab.refresh() }
        #expect(error?.code == "gold-value-unsupported")
        #expect(try await lab.dataFiles() == [])
    }

    @Test func `a commit that comes first makes the refresh begin anew`() async throws {
        let lab = try await GoldLab()
        try await lab.refresh()
        try await lab.commit(lab.items)
        lab.engine.answer(["id", "n"], ["BIGINT", "BIGINT"], [[.integer(9), .integer(9)]])
        lab.engine.during { try await lab.commit(GoldBook.identifier("totals")) }
        #expect(try await lab.refresh() == .written(rows: 1))
        #expect(lab.engine.requests.count == 3)
        #expect(try await lab.rows() == [[.long(9), .long(9)]])
        // The file of the first attempt is gone, that of the first refresh belongs to its snapshot.
        #expect(try await lab.dataFiles().count == 2)
    }

    @Test func `a commit whose answer is lost is found`() async throws {
        let lab = try await GoldLab()
        try await lab.refresh()
        try await lab.commit(lab.items)
        lab.engine.answer(["id", "n"], ["BIGINT", "BIGINT"], [[.integer(9), .integer(9)]])
        lab.store.hooks.setAfter { _ in throw CatalogError(code: "commit-state-unknown", message: "no answer") }
        #expect(try await lab.refresh() == .written(rows: 1))
        lab.store.hooks.setAfter(nil)
        #expect(try await lab.rows() == [[.long(9), .long(9)]])
    }

    @Test func `many refreshes at once leave one sound table`() async throws {
        let lab = try await GoldLab()
        try await withThrowingTaskGroup(of: GoldOutcome.self) { group in
            for _ in 0..<8 { group.addTask { try await lab.refresh() } }
            var written = 0
            for try await outcome in group where outcome != .current { written += 1 }
            #expect(written == 1)
        }
        #expect(try await lab.rows() == rows)
        #expect(try await lab.dataFiles().count == 1)
        #expect(try await lab.violations() == [])
    }

    // MARK: Gold over gold

    private let chain = """
        tables:
          - name: items
            columns: [{name: id, type: long}]
        gold:
          - name: upper
            from: lower
            sql: SELECT * FROM lower
          - name: lower
            sql: SELECT id, count(*) AS n FROM silver.items_cleaned GROUP BY id
        """

    @Test func `a gold table over another follows it`() async throws {
        let lab = try await GoldLab()
        let model = try ModelFile.parse(chain, source: "test")
        #expect(model.goldInOrder.map(\.name) == ["lower", "upper"])
        try await lab.refresh("lower", chain)
        try await lab.refresh("upper", chain)
        #expect(lab.engine.requests.last?.tables.map(\.name) == ["lower"])
        #expect(try await lab.room(chain).isCurrent("upper"))
        try await lab.commit(lab.items)
        #expect(try await !lab.room(chain).isCurrent("upper"))
        #expect(try await lab.refresh("lower", chain) == .unchanged(rows: 2))
        // The rows of `lower` are what they were, so those of `upper` are.
        #expect(try await lab.refresh("upper", chain) == .current)
        try await lab.commit(lab.items)
        lab.engine.answer(["id", "n"], ["BIGINT", "BIGINT"], [])
        try await lab.refresh("lower", chain)
        #expect(try await !lab.room(chain).isCurrent("upper"))
        #expect(try await lab.refresh("upper", chain) == .written(rows: 0))
    }
}

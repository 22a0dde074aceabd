import CatalogService
import Iceberg
import LakeModel
import LakeTesting
import ObjectStorage
import Synchronization
import Testing

@testable import Ingestion

struct CommitTests {
    private let header = "id,name,day\n"

    /// A lake with a row, and a catalog in memory to make fail.
    private func lake() async throws -> (TestLake, MemoryCatalogStore) {
        let catalog = MemoryCatalogStore()
        var stores = TestStores.memory()
        stores.catalog = catalog
        let lake = try await TestLake(TestTables.items(), stores: stores)
        _ = try await lake.load("items", header + "1,a,2021-01-01\n2,b,2021-01-01\nx,,\n")
        return (lake, catalog)
    }

    /// Throws `error` on the first call only.
    private func once(_ error: CatalogError) -> FaultHooks.Hook {
        let isSpent = Mutex(false)
        return { _ in
            let isFirst = isSpent.withLock { spent in
                defer { spent = true }
                return !spent
            }
            if isFirst { throw error }
        }
    }

    /// Inserts, updates with a change of partition, deletes and rejects: files of every kind.
    private let change = "id,name,day\n1,A,2021-06-01\n3,c,2021-01-01\ny,,\n"

    private func checkChanged(_ lake: TestLake, _ id: String) async throws {
        #expect(try await lake.rows("items") == ["1|A|2021-06-01", "2|b|2021-01-01", "3|c|2021-01-01"])
        #expect(try await lake.rejects("items").count == 2)
        let receipt = try await lake.receipt(id)
        #expect(receipt.rows.text == "read 3, accepted 2, inserted 1, updated 1, rejected 1")
        let snapshot = try #require(try await lake.snapshotID("items"))
        #expect(receipt.snapshotId == "\(snapshot)")
    }

    @Test func `a lost race is worked again and leaves no file`() async throws {
        let (lake, catalog) = try await lake()
        catalog.hooks.setBefore(once(CatalogError(code: "commit-conflict", message: "another came first")))
        let id = try await lake.upload("items", change).id
        let error = try await #require(throws: CatalogError.self) { try await lake.drain() }
        #expect(error.code == "commit-conflict")
        try await lake.engine.drain(operational: true)
        try await lake.check()
        try await checkChanged(lake, id)
    }

    @Test func `a commit whose answer was lost stands once`() async throws {
        let (lake, catalog) = try await lake()
        catalog.hooks.setAfter(once(CatalogError(code: "commit-state-unknown", message: "lost")))
        let id = try await lake.upload("items", change).id
        try await lake.drain()
        try await lake.check()
        try await checkChanged(lake, id)
    }

    @Test func `a commit of which nothing is heard is worked again, and its files are kept`() async throws {
        let (lake, catalog) = try await lake()
        catalog.hooks.setBefore(once(CatalogError(code: "commit-state-unknown", message: "lost")))
        let id = try await lake.upload("items", change).id
        let error = try await #require(throws: CatalogError.self) { try await lake.drain() }
        #expect(error.code == "commit-state-unknown")
        try await lake.drain()
        // It may still arrive until the second attempt has taken its place; no one may miss a file then.
        try await lake.check(allowsLeftOvers: true)
        try await checkChanged(lake, id)
    }

    @Test(arguments: [true, false]) func `an error of unknown kind is taken for a lost answer`(_ stands: Bool)
        async throws
    {
        let (lake, catalog) = try await lake()
        let error = CatalogError(code: "database-gone", message: "the server went away")
        if stands { catalog.hooks.setAfter(once(error)) } else { catalog.hooks.setBefore(once(error)) }
        let id = try await lake.upload("items", change).id
        if !stands {
            let thrown = try await #require(throws: CatalogError.self) { try await lake.drain() }
            #expect(thrown.code == "database-gone")
        }
        try await lake.drain()
        try await lake.check()
        try await checkChanged(lake, id)
    }

    @Test func `a failed file's lost answer is settled too`() async throws {
        let (lake, catalog) = try await lake()
        catalog.hooks.setAfter(once(CatalogError(code: "commit-state-unknown", message: "lost")))
        let receipt = try await lake.load("items", "id,name,day\nz,,\n", onError: .fail)
        #expect(receipt.state == .failed)
    }

    @Test func `a writer that was fenced off commits nothing more`() async throws {
        let (lake, _) = try await lake()
        let old = lake.engine
        try await lake.restart()
        let id = try await lake.upload("items", change).id
        let error = try await #require(throws: CatalogError.self) { try await old.drain(operational: false) }
        #expect(error.code == "commit-conflict")
        try await lake.drain()
        try await lake.check()
        try await checkChanged(lake, id)
    }

    @Test func `rows that another writer brought are found`() async throws {
        let (lake, _) = try await lake()
        // Another engine over the same stores moves the table on; the first one's index knows nothing of it.
        let old = lake.engine
        try await lake.restart()
        _ = try await lake.load("items", header + "5,e,2021-01-01\n")
        _ = old
        let receipt = try await lake.load("items", header + "5,E,2021-12-01\n1,a,2021-01-01\n")
        #expect(receipt.rows.text == "read 2, accepted 2, updated 1, unchanged 1")
    }
}

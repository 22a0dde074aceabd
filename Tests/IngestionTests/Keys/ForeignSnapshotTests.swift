import CatalogService
import EventLog
import Iceberg
import LakeModel
import LakeTesting
import ObjectStorage
import Synchronization
import Testing

@testable import Ingestion

/// Other engines write the same table between and during our commits.
struct ForeignSnapshotTests {
    private let header = "id,name,day\n"

    private struct Setup {
        let lake: TestLake
        let objects: CountingObjects
        let catalog: MemoryCatalogStore
        let foreign: ForeignWriter
    }

    private func setup(_ rows: String) async throws -> Setup {
        let objects = CountingObjects(MemoryObjectStore())
        let catalog = MemoryCatalogStore()
        var stores = TestStores.memory()
        stores.objects = objects
        stores.catalog = catalog
        let lake = try await TestLake(TestTables.items(), stores: stores)
        _ = try await lake.load("items", header + rows)
        let foreign = ForeignWriter(tables: lake.tables, declaration: try lake.declaration("items"))
        return Setup(lake: lake, objects: objects, catalog: catalog, foreign: foreign)
    }

    private func load(_ lake: TestLake, _ rows: String) async throws -> JobReceipt {
        let id = try await lake.upload("items", header + rows).id
        try await lake.engine.drain(operational: false)
        return try await lake.receipt(id)
    }

    private func row(_ id: Int64, _ name: String) -> ForeignWriter.Row {
        ForeignWriter.Row(id: id, name: name, day: nil)
    }

    @Test func `keys that another engine appended are known, by reading its files alone`() async throws {
        let setup = try await setup("1,a,\n2,b,\n")
        try await setup.foreign.append([row(7, "x"), row(8, "y")])
        _ = setup.objects.takeOpened()
        _ = try await load(setup.lake, "9,z,\n")
        #expect(setup.objects.takeOpened().allSatisfy { $0.contains("foreign") })
        // The next start knows them too.
        try await setup.lake.restart()
        _ = try await load(setup.lake, "10,z,\n")
        #expect(setup.objects.takeOpened().isEmpty)
        let receipt = try await load(setup.lake, "7,X,\n8,y,\n1,a,\n")
        #expect(receipt.rows.text == "read 3, accepted 3, updated 1, unchanged 2")
        #expect(try await setup.lake.rows("items") == ["10|z|-", "1|a|-", "2|b|-", "7|X|-", "8|y|-", "9|z|-"])
    }

    @Test func `rewritten files bring no key and are not read for any`() async throws {
        let setup = try await setup("1,a,\n2,b,\n")
        try await setup.foreign.rewrite { _ in true }
        _ = setup.objects.takeOpened()
        _ = try await load(setup.lake, "9,z,\n")
        #expect(setup.objects.takeOpened().isEmpty)
        let receipt = try await load(setup.lake, "1,A,\n2,b,\n")
        #expect(receipt.rows.text == "read 2, accepted 2, updated 1, unchanged 1")
    }

    @Test func `doubled keys all go when the key is written again`() async throws {
        let setup = try await setup("1,a,\n2,b,\n")
        try await setup.foreign.append([row(1, "a"), row(1, "c"), row(2, "b")])
        let receipt = try await load(setup.lake, "1,a,\n")
        #expect(receipt.rows.text == "read 1, accepted 1, updated 1")
        #expect(try await setup.lake.rows("items") == ["1|a|-", "2|b|-", "2|b|-"])
    }

    @Test func `rows that were deleted elsewhere are new`() async throws {
        let setup = try await setup("1,a,\n2,b,\n3,c,\n")
        try await setup.foreign.merge(deleting: { $0.id == 2 }, adding: [])
        let receipt = try await load(setup.lake, "2,b,\n3,c,\n")
        #expect(receipt.rows.text == "read 2, accepted 2, inserted 1, unchanged 1")
        #expect(try await setup.lake.rows("items") == ["1|a|-", "2|b|-", "3|c|-"])
    }

    /// What another engine does while our commit is under way.
    enum Change: CaseIterable { case append, merge, rewrite, copyOnWrite, rollback }

    @Test(arguments: Change.allCases) func `a commit that met another resolves its keys again`(_ change: Change)
        async throws
    {
        let setup = try await setup("1,a,\n2,b,\n3,c,\n")
        _ = try await load(setup.lake, "4,d,\n2,B,\n")
        let first = try #require(try await setup.foreign.metadata().snapshots.first)
        let foreign = setup.foreign
        let isDone = Mutex(false)
        setup.catalog.hooks.setBefore { _ in
            let isFirst = isDone.withLock { done in
                defer { done = true }
                return !done
            }
            guard isFirst else { return }
            switch change {
            case .append: try await foreign.append([ForeignWriter.Row(id: 3, name: "x", day: nil)])
            case .merge:
                try await foreign.merge(
                    deleting: { $0.id == 1 }, adding: [ForeignWriter.Row(id: 5, name: "e", day: nil)])
            case .rewrite: try await foreign.rewrite { _ in true }
            case .copyOnWrite:
                try await foreign.rewrite({ _ in true }, changing: { $0.id == 4 ? nil : $0 })
            case .rollback: try await foreign.rollback(to: first.id)
            }
        }
        let id = try await setup.lake.upload("items", header + "1,A,\n3,C,\n4,d,\n5,E,\n").id
        let error = try await #require(throws: CatalogError.self) {
            try await setup.lake.engine.drain(operational: false)
        }
        #expect(error.code == "commit-conflict")
        setup.catalog.hooks.setBefore(nil)
        try await setup.lake.engine.drain(operational: false)
        let second = change == .rollback ? "2|b|-" : "2|B|-"
        #expect(try await setup.lake.rows("items") == ["1|A|-", second, "3|C|-", "4|d|-", "5|E|-"])
        let expected =
            switch change {
            case .append: "read 4, accepted 4, inserted 1, updated 2, unchanged 1"
            case .merge: "read 4, accepted 4, inserted 1, updated 2, unchanged 1"
            case .rewrite: "read 4, accepted 4, inserted 1, updated 2, unchanged 1"
            case .copyOnWrite, .rollback: "read 4, accepted 4, inserted 2, updated 2"
            }
        #expect(try await setup.lake.receipt(id).rows.text == expected)
    }

    @Test(arguments: [true, false]) func `a table that was rolled back has its old keys`(_ restarts: Bool) async throws
    {
        let setup = try await setup("1,a,\n2,b,\n")
        let before = try #require(try await setup.lake.snapshotID("items"))
        _ = try await load(setup.lake, "1,A,\n3,c,\n")
        try await setup.foreign.rollback(to: before)
        if restarts { try await setup.lake.restart() }
        let receipt = try await load(setup.lake, "1,a,\n3,d,\n")
        #expect(receipt.rows.text == "read 2, accepted 2, inserted 1, unchanged 1")
        #expect(try await setup.lake.rows("items") == ["1|a|-", "2|b|-", "3|d|-"])
    }

    @Test func `a table that was rolled back is not given its records again`() async throws {
        let setup = try await setup("1,a,\n2,b,\n")
        let lake = setup.lake
        let before = try #require(try await lake.snapshotID("items"))
        _ = try await load(lake, "1,A,\n3,c,\n")
        try await setup.foreign.rollback(to: before)
        for loses in [false, true] {
            try await lake.restart()
            try await lake.engine.drain(operational: false)
            #expect(try await lake.snapshotID("items") == before, "nothing was worked")
            #expect(try await lake.rows("items") == ["1|a|-", "2|b|-"])
            // The catalog's row may be of an older backup; the table's own property still tells.
            let row = loses ? nil : try await lake.stores.catalog.watermark(topic: "items", partition: 0)
            let mark = LogWatermark.effective(
                topic: "items", partition: 0, incarnation: lake.stores.log.incarnation, row: row,
                silver: try await lake.silver("items"))
            #expect(mark.nextOffset == 2)
        }
        _ = try await load(lake, "4,d,\n")
        #expect(try await lake.rows("items") == ["1|a|-", "2|b|-", "4|d|-"])
    }

    @Test func `expired snapshots make the index be read from the table`() async throws {
        let setup = try await setup("1,a,\n2,b,\n")
        try await setup.foreign.append([row(5, "e")])
        try await setup.foreign.expire()
        let receipt = try await load(setup.lake, "2,b,\n5,E,\n6,f,\n")
        #expect(receipt.rows.text == "read 3, accepted 3, inserted 1, updated 1, unchanged 1")
    }

    @Test func `an index of mostly old keys is read from the table`() async throws {
        var limits = IngestionLimits()
        limits.keyIndexStaleKeysMin = 1
        let objects = CountingObjects(MemoryObjectStore())
        var stores = TestStores.memory()
        stores.objects = objects
        let lake = try await TestLake(TestTables.items(), stores: stores, limits: limits)
        _ = try await lake.load("items", header + (0..<10).map { "\($0),a,\n" }.joined())
        let foreign = ForeignWriter(tables: lake.tables, declaration: try lake.declaration("items"))
        try await foreign.merge(deleting: { $0.id > 2 }, adding: [])
        _ = objects.takeOpened()
        _ = try await load(lake, "20,z,\n")
        #expect(!objects.takeOpened().isEmpty)
        // Now the deleted ones are out of it.
        _ = try await load(lake, "5,z,\n")
        #expect(objects.takeOpened().isEmpty)
    }
}

import CatalogService
import Iceberg
import LakeModel
import LakeTesting
import ObjectStorage
import Testing

@testable import Ingestion

/// What is stored of a key index, and what is made of it.
struct KeyIndexTests {
    private let header = "id,name,day\n"

    private func lake(
        _ table: TableDeclaration = TestTables.items(), limits: IngestionLimits = IngestionLimits()
    ) async throws -> (TestLake, CountingObjects) {
        let objects = CountingObjects(MemoryObjectStore())
        var stores = TestStores.memory()
        stores.objects = objects
        return (try await TestLake(table, stores: stores, limits: limits), objects)
    }

    private func pieces(_ lake: TestLake, _ table: String = "items") async throws -> [KeyPiece] {
        try await lake.stores.catalog.keyIndex(LakeTables.silver(lake.declaration(table))).map { try KeyPiece($0) }
    }

    private func indexObjects(_ lake: TestLake) async throws -> Set<String> {
        Set(try await lake.stores.objects.list(prefix: "key-index/", after: nil, limit: .max).map(\.key))
    }

    @Test func `a start reads no key columns`() async throws {
        let (lake, objects) = try await lake()
        _ = try await lake.load("items", header + (0..<500).map { "\($0),a,2021-01-01\n" }.joined())
        try await lake.batch("items", #"[{"id": 3, "name": "x"}, {"id": 900, "name": "y"}]"#)
        try await lake.drain()
        try await lake.restart()
        _ = objects.takeOpened()
        try await lake.batch("items", #"[{"id": 1000, "name": "z"}]"#)
        try await lake.engine.drain(operational: false)
        #expect(objects.takeOpened() == [])
        // A known key needs its row, but only the file that may hold it.
        try await lake.batch("items", #"[{"id": 900, "name": "z"}]"#)
        try await lake.engine.drain(operational: false)
        #expect(objects.takeOpened().count == 1)
        try await lake.drain()
        try await lake.check()
    }

    @Test func `each commit stores a piece of its own keys`() async throws {
        let (lake, _) = try await lake()
        for id in 0..<5 { _ = try await lake.load("items", header + "\(id),a,\n") }
        let stored = try await pieces(lake)
        #expect(stored.map(\.isBase) == [true, false, false, false, false])
        #expect(zip(stored.dropFirst(), stored).allSatisfy { $0.parentID == $1.snapshotID })
        #expect(stored.last?.snapshotID == (try await lake.snapshotID("items")))
        let snapshot = try await lake.snapshotID("items")
        // Nothing changes, so nothing is stored.
        _ = try await lake.load("items", header + "3,a,\n")
        #expect(try await lake.snapshotID("items") == snapshot)
        #expect(try await pieces(lake).count == 5)
    }

    @Test func `a long run of keys takes few bytes`() async throws {
        let (lake, _) = try await lake(TestTables.groups)
        _ = try await lake.load("groups", "id,label\n" + (0..<100_000).map { "\($0),a\n" }.joined())
        let stored = try await pieces(lake, "groups")
        #expect(stored.count == 1)
        #expect(stored[0].byteCount < 200)
    }

    @Test(arguments: [true, false]) func `pieces are merged and their objects dropped`(_ inObjects: Bool) async throws {
        var limits = IngestionLimits()
        limits.keyIndexPiecesMax = 3
        limits.keyIndexInlineBytesMax = inObjects ? 0 : 1 << 20
        let (lake, objects) = try await lake(limits: limits)
        for id in 0..<20 {
            _ = try await lake.load("items", header + "\(id * 1_000_000_000_000),a,\n\(id),b,\n")
            let stored = try await pieces(lake)
            #expect(stored.count <= 3)
            #expect(stored[0].isBase)
            #expect(try await indexObjects(lake) == Set(stored.compactMap(\.objectKey)))
            #expect(stored.allSatisfy { ($0.objectKey != nil) == inObjects })
            if id % 7 == 3 { try await lake.restart() }
        }
        try await lake.restart()
        _ = objects.takeOpened()
        _ = try await lake.load("items", header + "\(7 * 1_000_000_000_000 + 1),new,\n")
        try await lake.restart()
        let again = try await lake.load(
            "items", header + (0..<20).map { "\($0 * 1_000_000_000_000),a,\n\($0),b,\n" }.joined())
        // 0 came twice in the first file, the last of both stays.
        #expect(again.rows.text == "read 40, accepted 40, unchanged 39, superseded 1")
    }

    /// Ways to lose what is stored.
    enum Damage: CaseIterable { case none, dropped, cutRow, otherBytes, lostObject, otherObject, lostBase, otherTable }

    @Test(arguments: Damage.allCases) func `what is damaged or lost is read from the table`(_ damage: Damage)
        async throws
    {
        var limits = IngestionLimits()
        limits.keyIndexInlineBytesMax = [.lostObject, .otherObject].contains(damage) ? 0 : 1 << 20
        let (lake, objects) = try await lake(limits: limits)
        for id in 0..<4 { _ = try await lake.load("items", header + "\(id),a,2021-01-01\n\(id + 100),a,\n") }
        let table = LakeTables.silver(try lake.declaration("items"))
        var rows = try await lake.stores.catalog.keyIndex(table)
        let named = KeyPiece.objectKey(of: rows[1]) ?? "none"
        switch damage {
        case .none: break
        case .dropped: rows = []
        case .cutRow: rows[2].bytes.removeLast()
        case .otherBytes: rows[3].bytes[20] ^= 1
        case .lostObject: try await lake.stores.objects.delete(named)
        case .otherObject:
            let bytes = try await lake.stores.objects.get(named, bytesMax: .max)
            try await lake.stores.objects.put(named, bytes: bytes.map { $0 ^ 1 }, ifAbsent: false)
        case .lostBase: rows.removeFirst()
        case .otherTable: rows[3].bytes = try await otherTablesPiece()
        }
        var commit = CatalogCommit()
        commit.keyIndexResets = [table]
        commit.keyIndexPieces = rows
        try await lake.stores.catalog.commit(commit)
        try await lake.restart()
        _ = objects.takeOpened()
        try await lake.batch("items", #"[{"id": 50, "name": "n"}]"#)
        try await lake.engine.drain(operational: false)
        #expect(objects.takeOpened().isEmpty == (damage == .none))
        // It is stored anew and of use.
        try await lake.restart()
        try await lake.batch("items", #"[{"id": 51, "name": "n"}]"#)
        try await lake.engine.drain(operational: false)
        #expect(objects.takeOpened().isEmpty)
        let receipt = try await lake.load("items", header + "2,b,2021-01-01\n102,a,\n50,n,\n52,c,\n")
        #expect(receipt.rows.text == "read 4, accepted 4, inserted 1, updated 1, unchanged 2")
        #expect(try await indexObjects(lake) == Set(try await pieces(lake).compactMap(\.objectKey)))
    }

    private func otherTablesPiece() async throws -> [UInt8] {
        let (lake, _) = try await lake()
        for id in 0..<4 { _ = try await lake.load("items", header + "\(id),a,\n") }
        let rows = try await lake.stores.catalog.keyIndex(LakeTables.silver(lake.declaration("items")))
        return try #require(rows.last).bytes
    }

    @Test func `an object that no commit came to name is deleted at the next start`() async throws {
        let (lake, _) = try await lake()
        _ = try await lake.load("items", header + "1,a,\n")
        let left = "key-index/silver/items_cleaned/7-left"
        try await lake.stores.objects.put(left, bytes: [1], ifAbsent: true)
        try await lake.restart()
        _ = try await lake.load("items", header + "2,a,\n")
        #expect(try await indexObjects(lake) == [])
    }

    @Test func `an overwrite starts the index anew`() async throws {
        var limits = IngestionLimits()
        limits.keyIndexInlineBytesMax = 0
        let (lake, objects) = try await lake(limits: limits)
        _ = try await lake.load("items", header + "1,a,\n2,b,\n")
        _ = try await lake.load("items", header + "3,c,\n", mode: .overwrite)
        #expect(try await pieces(lake).map(\.isBase) == [true])
        #expect(try await indexObjects(lake) == Set(try await pieces(lake).compactMap(\.objectKey)))
        try await lake.restart()
        _ = objects.takeOpened()
        try await lake.batch("items", #"[{"id": 1, "name": "n"}]"#)
        try await lake.engine.drain(operational: false)
        #expect(objects.takeOpened().isEmpty)
        let failed = try await lake.load("items", header + "9,,\n", mode: .overwrite, onError: .fail)
        #expect(failed.state == .failed)
        let receipt = try await lake.load("items", header + "1,n,\n3,C,\n9,z,\n")
        #expect(receipt.rows.text == "read 3, accepted 3, inserted 1, updated 1, unchanged 1")
    }

    @Test func `keys of other kinds are kept too`() async throws {
        var limits = IngestionLimits()
        limits.keyIndexPiecesMax = 2
        let objects = CountingObjects(MemoryObjectStore())
        var stores = TestStores.memory()
        stores.objects = objects
        let lake = try await TestLake(TestTables.codes, TestTables.stock, stores: stores, limits: limits)
        for round in 0..<4 {
            _ = try await lake.load("codes", "code,amount\nk\(round),1\nsame,\(round)\n")
            _ = try await lake.load("stock", "site,part,amount\na,\(round),1\nb,\(round),1\n")
            try await lake.restart()
        }
        _ = objects.takeOpened()
        try await lake.batch("codes", #"[{"code": "new", "amount": 1}]"#)
        try await lake.batch("stock", #"[{"site": "ab", "part": 1, "amount": 1}]"#)
        try await lake.engine.drain(operational: false)
        #expect(objects.takeOpened().isEmpty)
        let codes = try await lake.load("codes", "code,amount\nk0,1\nk1,2\nsame,9\nother,1\n")
        #expect(codes.rows.text == "read 4, accepted 4, inserted 1, updated 2, unchanged 1")
        let stock = try await lake.load("stock", "site,part,amount\na,3,1\nb,0,2\nab,1,1\n")
        #expect(stock.rows.text == "read 3, accepted 3, updated 1, unchanged 2")
    }
}

import Iceberg
import LakeModel
import LakeTesting
import ObjectStorage
import OperationalStore
import RowBackup
import Testing

@testable import Ingestion

struct RestoreTests {
    private let header = "id,name,day\n"

    /// The Avro file of rows of `items`, in the order of a model that has the columns another way round.
    private func file(
        _ rows: [(id: Int64, name: String, day: Int32?)], announced: Int? = nil, dayName: String = "DAY"
    ) throws -> [UInt8] {
        let schema = Schema(
            id: 0,
            fields: [
                SchemaField(id: 5, name: "day_year", type: .int, required: false),
                SchemaField(id: 3, name: dayName, type: .date, required: false),
                SchemaField(id: 1, name: "id", type: .int, required: true),
                SchemaField(id: 2, name: "name", type: .string, required: false),
            ])
        var names = ByteVector()
        var validity = Bitmap()
        for row in rows {
            names.append(Array(row.name.utf8))
            validity.append(row.day != nil)
        }
        let batch = ColumnBatch(
            columns: [
                ColumnVector(type: .int, storage: .int32(rows.map { _ in 0 })),
                ColumnVector(type: .date, storage: .int32(rows.map { $0.day ?? 0 }), validity: validity),
                ColumnVector(type: .int, storage: .int32(rows.map { Int32($0.id) })),
                ColumnVector(type: .string, storage: .bytes(names)),
            ], rowCount: rows.count)
        var random = SeededRandom(quietSeed: 1)
        var writer = try RowAvroWriter(
            BackupDescription(
                table: "silver.other", snapshotID: 7, schema: schema, partitionSpec: .unpartitioned,
                sortOrder: .unsorted, properties: [:], rowCount: Int64(announced ?? rows.count),
                createdAt: "2026-01-01T00:00:00.000Z"), using: &random)
        try writer.append(batch)
        return try writer.finish()
    }

    @discardableResult private func restore(
        _ lake: TestLake, _ bytes: [UInt8], key: String? = nil
    ) async throws -> JobReceipt {
        var request = UploadRequest(table: "items")
        request.format = .avro
        request.mode = .overwrite
        request.onError = .fail
        request.idempotencyKey = key
        let session = try await lake.ingestion.beginUpload(request)
        try await session.write(bytes)
        return try await session.finish()
    }

    private static let day: Int32 = 18_628  // 2021-01-01

    @Test func `a restore takes the place of all rows in one snapshot`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", header + "1,a,2021-01-01\n2,b,2021-05-01\n3,c,\n")
        let before = try await lake.silver("items").snapshots.count
        let accepted = try await restore(lake, file([(2, "", nil), (4, "d", Self.day), (5, "e\u{0}", Self.day + 400)]))
        #expect(accepted.state == .accepted && accepted.durable)
        try await lake.drain()
        try await lake.check()
        let receipt = try await lake.receipt(accepted.id)
        #expect(receipt.state == .committed && receipt.dialect == nil && receipt.snapshotId != nil)
        #expect(receipt.rows.text == "read 3, accepted 3, inserted 3")
        #expect(try await lake.rows("items") == ["2||-", "4|d|2021-01-01", "5|e\u{0}|2022-02-05"])
        #expect(try await lake.silver("items").snapshots.count == before + 1)
        // Keys, partitions and operational rows are those of the restored ones.
        let next = try await lake.load("items", header + "1,x,\n4,d,2021-01-01\n5,f,2022-02-05\n")
        #expect(next.rows.text == "read 3, accepted 3, inserted 1, updated 1, unchanged 1")
        #expect(try await lake.stores.operational.rowCount(table: "items") == 4)
    }

    @Test func `a restore stands between the writes around it`() async throws {
        let lake = try await TestLake(TestTables.items())
        try await lake.batch("items", #"[{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]"#)
        try await restore(lake, file([(2, "b", nil)]))
        try await lake.batch("items", #"[{"id": 3, "name": "c"}]"#)
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items") == ["2|b|-", "3|c|-"])
    }

    @Test func `a restore without rows empties the table`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", header + "1,a,2021-01-01\n")
        try await restore(lake, file([]))
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items").isEmpty)
    }

    @Test func `a file that is damaged or of other columns is refused and leaves nothing`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", header + "1,a,2021-01-01\n")
        let good = try file([(2, "b", nil)])
        let wrong: [([UInt8], String)] = [
            (Array("id,name\n1,a\n".utf8), "backup-damaged"), (Array(good.dropLast(1)), "backup-damaged"),
            (try file([(2, "b", nil)], announced: 3), "backup-damaged"),
            (try file([(2, "b", nil)], dayName: "unknown"), "backup-columns-differ"),
        ]
        for (bytes, code) in wrong {
            let error = await #expect(throws: BackupError.self) { try await restore(lake, bytes) }
            #expect(error?.code == code)
        }
        let objects = try await lake.stores.objects.list(prefix: "avro-files/", after: nil, limit: 10)
        #expect(objects.isEmpty)
        try await lake.drain()
        #expect(try await lake.rows("items") == ["1|a|2021-01-01"])
        await #expect(throws: IngestionError.self) {
            var request = UploadRequest(table: "items")
            request.format = .avro
            _ = try await lake.ingestion.beginUpload(request)
        }
    }

    @Test func `a restore that comes again under its key is taken once`() async throws {
        let lake = try await TestLake(TestTables.items())
        let bytes = try file([(2, "b", nil)])
        let first = try await restore(lake, bytes, key: "k")
        let again = try await restore(lake, bytes, key: "k")
        #expect(again.id == first.id && again.isReplay)
        await #expect(throws: IngestionError.self) { try await restore(lake, try file([(3, "b", nil)]), key: "k") }
    }

    @Test(arguments: [ConflictAction.replace, .ignore, .reject])
    func `a key that comes twice is settled as the table says`(_ conflict: ConflictAction) async throws {
        let lake = try await TestLake(TestTables.items(conflict: conflict))
        _ = try await lake.load("items", header + "9,z,\n")
        let accepted = try await restore(lake, file([(2, "a", nil), (2, "b", nil)]))
        try await lake.drain()
        try await lake.check()
        let receipt = try await lake.receipt(accepted.id)
        switch conflict {
        case .replace: #expect(try await lake.rows("items") == ["2|b|-"])
        case .ignore: #expect(try await lake.rows("items") == ["2|a|-"])
        case .reject:
            #expect(receipt.state == .failed && receipt.error?.code == "rows-refused")
            #expect(try await lake.rows("items") == ["9|z|-"])
        }
    }

    @Test func `the operational store goes on where a restore broke off`() async throws {
        let operational = MemoryOperationalStore()
        var stores = TestStores.memory()
        stores.operational = operational
        let lake = try await TestLake(TestTables.items(), stores: stores)
        _ = try await lake.load("items", header + "1,a,2021-01-01\n")
        // More than are taken together, so that there are several changes.
        let count = IngestionLimits.avroRowsMax + 10
        try await restore(lake, file((0..<count).map { (Int64($0), "n", nil) }))
        let failing = operational.hooks.count(of: "apply") + 2
        operational.hooks.setBefore { call in
            if call == "apply", operational.hooks.count(of: call) == failing { throw InjectedFault(call: "apply") }
        }
        await #expect(throws: InjectedFault.self) { try await lake.drain() }
        try await lake.restart()
        try await lake.drain()
        try await lake.check()
        #expect(try await operational.rowCount(table: "items") == count)
    }
}

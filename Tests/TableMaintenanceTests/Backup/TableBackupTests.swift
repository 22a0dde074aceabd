import AvroFormat
import CatalogService
import Iceberg
import LakeModel
import LakeTesting
import RowBackup
import Testing

@testable import TableMaintenance

struct TableBackupTests {
    private typealias Row = MaintainedLake.Row

    private func row(_ id: Int64, _ name: String? = "a") -> Row { Row(id: id, part: Int32(id % 2), name: name) }

    private func read(_ lake: MaintainedLake, _ stream: BackupStream) async throws -> [Row: Int] {
        var bytes: [UInt8] = []
        while let next = try await stream.next() { bytes += next }
        let columns = MaintainedLake.schema.fields.map { field in
            RowAvroReader.Column(name: field.name, type: field.type.primitive ?? .int, isRequired: field.required)
        }
        var reader = try RowAvroReader(MemorySource(bytes), columns: columns)
        #expect(reader.description == stream.description)
        var rows: [Row: Int] = [:]
        while let batch = try reader.next(rowsMax: 9, bytesMax: 1 << 20) {
            for index in 0..<batch.rowCount {
                guard case .long(let id)? = batch.columns[0].datum(index),
                    case .int(let part)? = batch.columns[1].datum(index)
                else { continue }
                var name: String?
                if case .string(let text)? = batch.columns[2].datum(index) { name = text }
                rows[Row(id: id, part: part, name: name), default: 0] += 1
            }
        }
        return rows
    }

    private func backup(_ lake: MaintainedLake) -> TableBackup { TableBackup(room: lake.room(), pool: lake.pool) }

    @Test func `a backup has the rows of its snapshot and no deleted one`() async throws {
        let lake = try await MaintainedLake()
        try await lake.append((0..<100).map { row($0, $0 % 3 == 0 ? nil : "n\($0)") })
        let first = try #require(try await lake.metadata().currentSnapshotID)
        try await lake.upsert((10..<30).map { row($0, "new") })
        try await lake.delete([1, 2, 50])
        let now = try #require(try await backup(lake).begin(lake.table))
        #expect(now.description.rowCount == 97)
        #expect(now.description.table == "silver.items")
        #expect(try await read(lake, now) == lake.rows())
        let then = try #require(try await backup(lake).begin(lake.table, snapshotID: first))
        #expect(try await read(lake, then) == lake.rows(at: first))
        #expect(try await backup(lake).begin(lake.table, snapshotID: 17) == nil)
    }

    @Test func `a table without rows gives a file without rows`() async throws {
        let lake = try await MaintainedLake()
        let stream = try #require(try await backup(lake).begin(lake.table))
        #expect(stream.description.snapshotID == nil)
        #expect(try await read(lake, stream).isEmpty)
    }

    @Test func `a snapshot that is read does not expire`() async throws {
        let lake = try await MaintainedLake()
        let room = lake.room()
        try await lake.append((0..<50).map { row($0) })
        let rows = try await lake.rows()
        let stream = try #require(try await TableBackup(room: room, pool: lake.pool).begin(lake.table))
        let first = try #require(try await stream.next())
        #expect(!first.isEmpty)
        try await lake.overwrite([row(1, "x")])
        lake.time.advance(10_000)
        let expiry = SnapshotExpiry(room: room, policy: .thorough)
        let wish = SnapshotExpiry.Wish(maxSnapshotAgeMilliseconds: 0, minSnapshotsToKeep: 1)
        _ = try await expiry.run(lake.table, wish: wish)
        #expect(try await lake.metadata().snapshots.count == 2)
        while try await stream.next() != nil {}
        stream.close()
        #expect(stream.description.rowCount == Int64(rows.count))
        _ = try await expiry.run(lake.table, wish: wish)
        #expect(try await lake.metadata().snapshots.count == 1)
    }

    @Test func `a file that breaks off ends the backup with an error`() async throws {
        let lake = try await MaintainedLake()
        try await lake.append((0..<50).map { row($0) })
        let stream = try #require(try await backup(lake).begin(lake.table))
        lake.faults.arm(first: 0, count: 100)
        await #expect(throws: (any Error).self) { while try await stream.next() != nil {} }
    }

    @Test func `files outside of the reader's folders are refused, and the snapshot is let go`() async throws {
        let lake = try await MaintainedLake()
        try await lake.append((0..<10).map { row($0) })
        let backup = backup(lake)
        let error = await #expect(throws: BackupError.self) {
            try await backup.begin(lake.table, within: ["warehouse/silver/other", "warehouse/silver/item"])
        }
        #expect(error?.code == "forbidden")
        #expect(backup.room.pins.snapshots(of: lake.table).isEmpty)
        let stream = try #require(try await backup.begin(lake.table, within: ["warehouse/silver"]))
        #expect(backup.room.pins.snapshots(of: lake.table).count == 1)
        stream.close()
        #expect(backup.room.pins.snapshots(of: lake.table).isEmpty)
    }

    @Test func `nested tables are refused before a byte goes out`() async throws {
        let lake = try await MaintainedLake()
        var schema = MaintainedLake.schema
        schema.id = 1
        schema.fields.append(
            SchemaField(
                id: 4, name: "tags", type: .list(elementID: 5, element: .primitive(.string), elementRequired: false),
                required: false))
        try await lake.update([.addSchema(schema), .setCurrentSchema(-1)])
        let error = await #expect(throws: BackupError.self) { try await backup(lake).begin(lake.table) }
        #expect(error?.code == "backup-unsupported")
    }

    @Test func `times are those of the calendar`() {
        #expect(BackupTime.text(milliseconds: 0) == "1970-01-01T00:00:00.000Z")
        #expect(BackupTime.text(milliseconds: 1_709_210_096_007) == "2024-02-29T12:34:56.007Z")
        #expect(BackupTime.text(milliseconds: -1) == "1969-12-31T23:59:59.999Z")
    }
}

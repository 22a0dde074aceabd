import AvroFormat
import CatalogService
import Iceberg
import LakeModel
import LakeTesting
import ObjectStorage
import Testing

@testable import TableMaintenance

struct OrphanRemovalTests {
    private func row(_ id: Int64) -> MaintainedLake.Row { MaintainedLake.Row(id: id, part: Int32(id % 2), name: "a") }

    private static let planted: Set<String> = [
        "warehouse/silver/items/data/part=1/lost.parquet", "warehouse/silver/items/metadata/snap-1-0-lost.avro",
        "warehouse/silver/items/metadata/00002-lost.metadata.json", "warehouse/silver/items/lost",
    ]

    /// Tagged, branched, compacted and deleted from, with statistics; and orphans of each kind.
    private func lake(properties: [String: String] = [:]) async throws -> MaintainedLake {
        let lake = try await MaintainedLake(properties: properties)
        try await lake.append((0..<20).map(row))
        let first = try #require(try await lake.metadata().currentSnapshotID)
        let statistics = "\(lake.memory.locationPrefix)/warehouse/silver/items/metadata/s.stats"
        try await lake.memory.put("warehouse/silver/items/metadata/s.stats", bytes: [1], ifAbsent: true)
        try await lake.update([
            .setSnapshotRef(name: "v1", SnapshotReference(snapshotID: first, kind: .tag)),
            .setStatistics([
                "snapshot-id": .integer(first), "statistics-path": .string(statistics),
                "file-size-in-bytes": .integer(1), "file-footer-size-in-bytes": .integer(1),
                "blob-metadata": .array([]),
            ]),
        ])
        try await lake.delete([3, 4])
        try await lake.append([row(30)])
        _ = try await lake.compact()
        for key in Self.planted { try await lake.memory.put(key, bytes: [1, 2, 3], ifAbsent: true) }
        // The objects' times are the machine's, the lake's clock stands years before.
        lake.time.advance(1 << 41)
        return lake
    }

    private func run(
        _ lake: MaintainedLake, age: Int64? = nil, dry: Bool = false
    ) async throws -> MaintenanceOutcome {
        try await OrphanRemoval(room: lake.room(), policy: MaintenancePolicy())
            .run(lake.table, ageMilliseconds: age, isDryRun: dry)
    }

    @Test func `planted orphans go and nothing else`() async throws {
        let lake = try await lake()
        let (files, rows) = (try await lake.files(), try await lake.rows())
        let dry = try await run(lake, dry: true)
        #expect(dry.state == .dryRun && dry.deletedFiles == 4 && dry.deletedBytes == 12)
        #expect(try await lake.files() == files)
        let outcome = try await run(lake)
        #expect(outcome.state == .done && outcome.deletedFiles == 4)
        #expect(try await lake.files() == files.subtracting(Self.planted))
        #expect(try await lake.rows() == rows)
        #expect(try await lake.violations().isEmpty)
        #expect(try await run(lake).state == .nothing)
    }

    @Test func `young files stay`() async throws {
        let lake = try await lake()
        #expect(try await run(lake, age: 1 << 45).state == .nothing)
    }

    @Test func `files of a load that is under way stay however old they are`() async throws {
        let lake = try await lake()
        // The load began before the orphans were written.
        await lake.turns.enter([lake.table], nowMicroseconds: 0)
        #expect(try await run(lake, age: 0).state == .nothing)
        lake.turns.leave([lake.table])
        #expect(try await run(lake, age: 0).deletedFiles == 4)
    }

    @Test func `a file that is committed after the listing stays`() async throws {
        let lake = try await lake()
        lake.faults.interpose("get warehouse/silver/items/metadata/snap-") { try await lake.append([self.row(50)]) }
        #expect(try await run(lake).deletedFiles == 4)
        #expect(try await lake.rows()[row(50)] == 1)
        #expect(try await lake.violations().isEmpty)
    }

    @Test func `nothing is deleted where that is forbidden`() async throws {
        let lake = try await lake(properties: ["gc.enabled": "false"])
        let outcome = try await run(lake)
        #expect(outcome.state == .nothing && outcome.reason?.contains("gc.enabled") ?? false)
    }

    @Test func `a folder that holds another table is left alone`() async throws {
        let lake = try await lake()
        _ = try await lake.catalog.createTable(
            TableIdentifier(namespace: "silver", name: "inner"),
            TableRequest(
                schema: MaintainedLake.schema, partitionSpec: nil, sortOrder: nil,
                location: "\(lake.memory.locationPrefix)/warehouse/silver/items/inner", properties: [:]), ticket: nil)
        let outcome = try await run(lake)
        #expect(outcome.state == .nothing && outcome.reason?.contains("silver.inner") ?? false)
    }

    @Test func `a manifest that cannot be read keeps everything`() async throws {
        let lake = try await lake()
        let list = try #require(try await lake.metadata().snapshots.first?.manifestList)
        try await lake.memory.delete(try ObjectStoreFileIO(lake.memory).key(list))
        let files = try await lake.files()
        await #expect(throws: (any Error).self) { try await run(lake) }
        #expect(try await lake.files() == files)
    }

    @Test func `a fault at any call deletes nothing that is named`() async throws {
        var point = 0
        while true {
            let lake = try await lake()
            let rows = try await lake.rows()
            lake.faults.arm(first: point)
            _ = try? await run(lake)
            lake.faults.disarm()
            if lake.faults.fired.isEmpty { break }
            #expect(try await lake.rows() == rows, "point \(point): \(lake.faults.fired)")
            #expect(try await lake.violations() == [], "point \(point)")
            #expect(try await lake.named().subtracting(lake.optionalKeys).isSubset(of: lake.files()), "point \(point)")
            point += 1
        }
        #expect(point > 10)
    }
}

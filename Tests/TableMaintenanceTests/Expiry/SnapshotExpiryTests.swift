import CatalogService
import Iceberg
import LakeModel
import LakeTesting
import Testing

@testable import TableMaintenance

struct SnapshotExpiryTests {
    private typealias Row = MaintainedLake.Row
    private let now = SnapshotExpiry.Wish(maxSnapshotAgeMilliseconds: 0)

    private func row(_ id: Int64, _ name: String = "a") -> Row { Row(id: id, part: Int32(id % 2), name: name) }

    /// Appends, upserts and an overwrite, so that expired snapshots have files of their own.
    private func lake(properties: [String: String] = [:]) async throws -> MaintainedLake {
        let lake = try await MaintainedLake(properties: properties)
        try await lake.append((0..<20).map { row($0) })
        try await lake.upsert((5..<9).map { row($0, "b") })
        try await lake.overwrite((0..<10).map { row($0, "c") })
        try await lake.append([row(30)])
        return lake
    }

    @Test func `expiry deletes the files that nothing names any more and no other`() async throws {
        let lake = try await lake()
        let before = try await lake.rows()
        let outcome = try await lake.expire(wish: now)
        #expect(outcome.state == .done)
        #expect(outcome.expiredSnapshots == 3)
        #expect(outcome.deletedFiles > 0 && outcome.undeletedFiles == 0)
        let metadata = try await lake.metadata()
        #expect(metadata.snapshots.count == 1)
        #expect(try await lake.rows() == before)
        #expect(try await lake.violations().isEmpty)
        // What is left is what is named, to the last file.
        #expect(try await lake.files() == lake.named().subtracting(lake.optionalKeys))
    }

    @Test func `a dry run says the same and changes nothing`() async throws {
        let lake = try await lake()
        let files = try await lake.files()
        let dry = try await lake.expire(wish: now, dry: true)
        #expect(dry.state == .dryRun)
        #expect(try await lake.files() == files)
        let real = try await lake.expire(wish: now)
        #expect(real.deletedFiles == dry.deletedFiles)
        #expect(real.deletedBytes == dry.deletedBytes)
        #expect(Set(real.locations) == Set(dry.locations))
    }

    @Test func `a tag keeps its files readable`() async throws {
        let lake = try await MaintainedLake()
        try await lake.append((0..<20).map { row($0) })
        let first = try #require(try await lake.metadata().currentSnapshotID)
        try await lake.update([.setSnapshotRef(name: "v1", SnapshotReference(snapshotID: first, kind: .tag))])
        let old = try await lake.rows(at: first)
        try await lake.upsert((5..<9).map { row($0, "b") })
        try await lake.overwrite([row(1, "z")])
        let outcome = try await lake.expire(wish: now)
        #expect(outcome.expiredSnapshots == 1)
        #expect(try await lake.rows(at: first) == old)
        #expect(try await lake.violations().isEmpty)
        #expect(try await lake.files() == lake.named().subtracting(lake.optionalKeys))
    }

    @Test func `nothing is expired where files may not be deleted`() async throws {
        let lake = try await lake(properties: ["gc.enabled": "false"])
        let files = try await lake.files()
        let outcome = try await lake.expire(wish: now)
        #expect(outcome.state == .nothing)
        #expect(outcome.reason?.contains("gc.enabled") ?? false)
        #expect(try await lake.files() == files)
    }

    @Test func `a table within its settings is left alone and says so`() async throws {
        let lake = try await lake()
        let outcome = try await lake.expire()
        #expect(outcome.state == .nothing)
        #expect(outcome.reason == "all 4 snapshots are to be kept")
    }

    @Test func `the number of snapshots is bounded for own tables only`() async throws {
        let lake = try await lake(properties: [MaintenancePolicy.snapshotsMaxKey: "2"])
        lake.time.advance(60 * 60 * 1_000)
        #expect(try await lake.expire(owned: false).state == .nothing)
        #expect(try await lake.expire().expiredSnapshots == 2)
        #expect(try await lake.metadata().snapshots.count == 2)
    }

    @Test func `the newest watermark and the snapshot of the key index stay`() async throws {
        let lake = try await MaintainedLake()
        try await lake.append([row(1)], summary: ["dipper.log.items.0": "log:4"])
        try await lake.append([row(2)])
        try await lake.append([row(3)])
        let line = try await lake.metadata().snapshots.map(\.id)
        var commit = CatalogCommit()
        commit.keyIndexPieces = [KeyIndexPiece(table: lake.table, snapshotID: line[1], bytes: [])]
        try await lake.store.commit(commit)
        try await lake.append([row(4)])
        #expect(try await lake.expire(wish: now).state == .nothing)
        try await lake.append([row(5)], summary: ["dipper.log.items.0": "log:5"])
        #expect(try await lake.expire(wish: now).expiredSnapshots == 1)
        #expect(try await !lake.metadata().snapshots.contains { $0.id == line[0] })
    }

    @Test func `a commit that comes between is kept`() async throws {
        let lake = try await lake()
        // The metadata file of the expiry is the first put.
        lake.faults.interpose("get warehouse/silver/items/metadata/snap-") { try await lake.append([self.row(40)]) }
        let outcome = try await lake.expire(wish: now)
        #expect(outcome.state == .done)
        #expect(try await lake.rows()[row(40)] == 1)
        #expect(try await lake.violations().isEmpty)
        #expect(try await lake.files() == lake.named().subtracting(lake.optionalKeys))
    }

    @Test func `a tag that is set meanwhile is not lost`() async throws {
        let lake = try await lake()
        let first = try #require(try await lake.metadata().snapshots.first?.id)
        let old = try await lake.rows(at: first)
        lake.faults.interpose("get warehouse/silver/items/metadata/snap-") {
            try await lake.update([.setSnapshotRef(name: "v1", SnapshotReference(snapshotID: first, kind: .tag))])
        }
        let outcome = try await lake.expire(wish: now)
        #expect(outcome.state == .done)
        #expect(try await lake.metadata().refs["v1"]?.snapshotID == first)
        #expect(try await lake.rows(at: first) == old)
        #expect(try await lake.violations().isEmpty)
    }

    @Test func `metadata files that left the log are deleted for own tables`() async throws {
        let lake = try await MaintainedLake(properties: ["write.metadata.previous-versions-max": "3"])
        for id in 0..<8 { try await lake.append([row(Int64(id))]) }
        func count() async throws -> Int {
            try await lake.files().filter { $0.hasSuffix(".metadata.json") }.count
        }
        #expect(try await count() == 9)
        #expect(try await lake.expire(owned: false).state == .nothing)
        #expect(try await count() == 9)
        let outcome = try await lake.expire()
        #expect(outcome.state == .done && outcome.deletedFiles == 5)
        #expect(try await count() == 4)
        #expect(try await lake.files() == lake.named().subtracting(lake.optionalKeys))
    }

    @Test func `a fault at any call leaves a sound table and at most orphans`() async throws {
        var point = 0
        while true {
            let lake = try await lake()
            let rows = try await lake.rows()
            lake.faults.arm(first: point)
            _ = try? await lake.expire(wish: now)
            lake.faults.disarm()
            if lake.faults.fired.isEmpty { break }
            let place = "point \(point): \(lake.faults.fired)"
            #expect(try await lake.rows() == rows, "\(place)")
            #expect(try await lake.violations() == [], "\(place)")
            #expect(try await lake.named().subtracting(lake.optionalKeys).isSubset(of: lake.files()), "\(place)")
            // The same again ends what was begun, and orphan removal what was left.
            _ = try await lake.expire(wish: now)
            lake.time.advance(1 << 50)
            _ = try await OrphanRemoval(room: lake.room(), policy: .thorough).run(lake.table, ageMilliseconds: 0)
            #expect(try await lake.rows() == rows, "\(place)")
            #expect(try await lake.files() == lake.named().subtracting(lake.optionalKeys), "\(place)")
            point += 1
        }
        #expect(point > 20)
    }
}

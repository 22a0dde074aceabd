import CatalogService
import Iceberg
import LakeModel
import LakeTesting
import Testing

@testable import TableMaintenance

struct CompactionTests {
    private typealias Row = MaintainedLake.Row

    private func row(_ id: Int64, _ name: String? = "a") -> Row { Row(id: id, part: Int32(id % 2), name: name) }

    private func lake(_ commits: Int = 6) async throws -> MaintainedLake {
        let lake = try await MaintainedLake()
        for commit in 0..<Int64(commits) {
            try await lake.append((0..<10).map { row(commit * 10 + $0, $0 == 3 ? nil : "n\($0)") })
        }
        return lake
    }

    @Test func `small files become one a partition with the same rows`() async throws {
        let lake = try await lake()
        let rows = try await lake.rows()
        let start = try #require(try await lake.metadata().currentSnapshot)
        let outcome = try await lake.compact()
        #expect(outcome.state == .done)
        #expect(outcome.before?.dataFiles == 12 && outcome.after?.dataFiles == 2)
        #expect(outcome.addedFiles == 2 && outcome.removedFiles == 12)
        #expect(try await lake.rows() == rows)
        #expect(try await lake.rows(at: start.id) == rows)
        #expect(try await lake.violations().isEmpty)
        let metadata = try await lake.metadata()
        #expect(metadata.currentSnapshot?.operation == "replace")
        let plan = try await TableScan(metadata: metadata, io: lake.catalog.io).plan()
        #expect(plan.tasks.allSatisfy { $0.sequenceNumber == start.sequenceNumber })
        // Again there is nothing to do.
        let again = try await lake.compact()
        #expect(again.state == .nothing && again.reason != nil)
    }

    @Test func `deleted rows are left out and their delete files go`() async throws {
        let lake = try await lake()
        try await lake.upsert((0..<20).map { row($0, "new") })
        try await lake.delete([30, 31, 44])
        let rows = try await lake.rows()
        #expect(rows.values.reduce(0, +) == 57)
        let outcome = try await lake.compact()
        #expect(outcome.after?.deleteFiles == 0 && outcome.after?.dataFiles == 2)
        #expect(outcome.after?.records == 57)
        #expect(try await lake.rows() == rows)
        #expect(try await lake.violations().isEmpty)
    }

    @Test func `a partition whose rows are all deleted loses its files`() async throws {
        let lake = try await lake(2)
        try await lake.delete(Set(stride(from: Int64(0), to: 20, by: 2)))
        let rows = try await lake.rows()
        _ = try await lake.compact()
        #expect(try await lake.rows() == rows)
        #expect(try await lake.metadata().currentSnapshot?.summary["total-data-files"] == "1")
        #expect(try await lake.violations().isEmpty)
    }

    @Test func `the watermark goes on into the new snapshot`() async throws {
        let lake = try await lake(2)
        try await lake.append([row(90)], summary: ["dipper.log.items.0": "log:17"])
        _ = try await lake.compact()
        let summary = try #require(try await lake.metadata().currentSnapshot?.summary)
        #expect(summary["dipper.log.items.0"] == "log:17")
    }

    @Test func `rows that a writer deletes meanwhile stay deleted`() async throws {
        let lake = try await lake()
        try await lake.delete([0, 1, 17])
        // The rewritten files are there, and not committed yet.
        lake.faults.interpose("put warehouse/silver/items/metadata/") {
            try await lake.upsert([2, 15, 16, 59].map { self.row($0, "later") })
            try await lake.delete([33])
        }
        let outcome = try await lake.compact()
        #expect(outcome.state == .done)
        let rows = try await lake.rows()
        #expect(rows.values.reduce(0, +) == 56)
        #expect(rows[row(2, "later")] == 1 && rows[row(2, "n2")] == nil)
        #expect(rows[row(16, "later")] == 1 && rows[row(16, "n6")] == nil)
        #expect(try await lake.violations().isEmpty)
        // The old files have gone all the same.
        #expect((outcome.after?.dataFiles ?? .max) <= 6)
    }

    @Test func `a table that is overwritten meanwhile is given up and leaves no file`() async throws {
        let lake = try await lake()
        lake.faults.interpose("finish warehouse/silver/items/data/") { try await lake.overwrite([self.row(1, "x")]) }
        let outcome = try await lake.compact()
        #expect(outcome.state == .yielded && outcome.reason != nil)
        #expect(try await lake.rows() == [row(1, "x"): 1])
        #expect(try await lake.files() == lake.named().subtracting(lake.optionalKeys))
    }

    @Test func `a writer at work is waited for`() async throws {
        let lake = try await lake()
        await lake.turns.enter([lake.table], nowMicroseconds: 0)
        let compaction = Task { try await lake.compact() }
        try await Task.sleep(for: .milliseconds(200))
        #expect(try await lake.metadata().currentSnapshot?.operation == "append")
        lake.turns.leave([lake.table])
        #expect(try await compaction.value.state == .done)
    }

    @Test func `delete files of large files are put together`() async throws {
        let lake = try await MaintainedLake(properties: [MaintenancePolicy.targetFileBytesKey: "1"])
        try await lake.append((0..<200).map { row($0) })
        for id in Int64(0)..<10 { try await lake.delete([id * 2, id * 2 + 1]) }
        let rows = try await lake.rows()
        let outcome = try await lake.compact()
        #expect(outcome.before?.deleteFiles == 20 && outcome.after?.deleteFiles == 2)
        #expect(outcome.after?.dataFiles == 2)
        #expect(try await lake.rows() == rows)
        #expect(try await lake.violations().isEmpty)
    }

    @Test func `a file of which much is deleted is rewritten whatever its size`() async throws {
        let lake = try await MaintainedLake(properties: [MaintenancePolicy.targetFileBytesKey: "1"])
        try await lake.append((0..<200).map { row($0) })
        try await lake.delete(Set((0..<120).map { $0 * 2 }))
        let rows = try await lake.rows()
        let outcome = try await lake.compact()
        #expect(outcome.after?.deleteFiles == 0)
        #expect(outcome.after?.records == 100)
        #expect(try await lake.rows() == rows)
    }

    @Test func `output is cut at the target size`() async throws {
        let lake = try await lake(20)
        let rows = try await lake.rows()
        var policy = MaintenancePolicy.thorough
        policy.targetFileBytes = 200
        let outcome = try await lake.compact(policy)
        #expect(outcome.state == .done)
        #expect((outcome.after?.dataFiles ?? 0) > 2)
        #expect(try await lake.rows() == rows)
        #expect(try await lake.violations().isEmpty)
    }

    @Test func `many manifests become few`() async throws {
        let lake = try await lake(12)
        let rows = try await lake.rows()
        var policy = MaintenancePolicy()
        policy.filesMin = 100
        policy.manifestsMin = 8
        let outcome = try await lake.compact(policy)
        #expect(outcome.before?.manifests == 12 && outcome.after?.manifests == 1)
        #expect(try await lake.rows() == rows)
        #expect(try await lake.violations().isEmpty)
    }

    @Test func `a dry run writes nothing`() async throws {
        let lake = try await lake()
        let files = try await lake.files()
        let outcome = try await lake.compact(dry: true)
        #expect(outcome.state == .dryRun && outcome.removedFiles == 12)
        #expect(try await lake.files() == files)
    }

    @Test func `a fault at any call leaves the same rows`() async throws {
        var point = 0
        while true {
            let lake = try await lake(2)
            try await lake.upsert([row(4, "b"), row(5, "b")])
            let rows = try await lake.rows()
            lake.faults.arm(first: point)
            _ = try? await lake.compact()
            lake.faults.disarm()
            if lake.faults.fired.isEmpty { break }
            let place = "point \(point): \(lake.faults.fired)"
            #expect(try await lake.rows() == rows, "\(place)")
            #expect(try await lake.violations() == [], "\(place)")
            _ = try await lake.compact()
            #expect(try await lake.rows() == rows, "\(place)")
            #expect(try await lake.metadata().currentSnapshot?.summary["total-data-files"] == "2", "\(place)")
            #expect(try await lake.violations() == [], "\(place)")
            point += 1
        }
        #expect(point > 30)
    }

    @Test(arguments: 0..<6) func `rows are those of a plain list after any writes and maintenance`(
        seed: UInt64
    ) async throws {
        var random = SeededRandom(seed: seed)
        let lake = try await MaintainedLake()
        var expected: [Int64: Row] = [:]
        var policy = MaintenancePolicy.thorough
        policy.targetFileBytes = [1, 2_000, 1 << 20].randomElement(using: &random) ?? 1
        for step in 0..<25 {
            let ids = (0..<Int64.random(in: 1...30, using: &random)).map { _ in Int64.random(in: 0..<80, using: &random)
            }
            switch Int.random(in: 0..<6, using: &random) {
            case 0...2:
                let rows = Set(ids).map { row($0, "s\(step)") }
                try await lake.upsert(rows)
                for row in rows { expected[row.id] = row }
            case 3:
                try await lake.delete(Set(ids))
                for id in ids { expected[id] = nil }
            case 4:
                if Bool.random(using: &random) {
                    let later = Set(ids).map { row($0, "i\(step)") }
                    lake.faults.interpose("put warehouse/silver/items/metadata/") { try await lake.upsert(later) }
                    _ = try await lake.compact(policy)
                    // Where there is nothing to rewrite, nothing is written and nothing comes between.
                    if lake.faults.withdraw() {
                        for row in later { expected[row.id] = row }
                    }
                } else {
                    _ = try await lake.compact(policy)
                }
            default: _ = try await lake.expire(wish: .init(maxSnapshotAgeMilliseconds: 5_000))
            }
            let rows = Dictionary(expected.values.map { ($0, 1) }, uniquingKeysWith: +)
            try #require(try await lake.rows() == rows, "seed \(seed), step \(step)")
        }
        #expect(try await lake.violations() == [], "seed \(seed)")
    }
}

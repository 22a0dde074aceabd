import CatalogService
import Iceberg
import LakeModel
import LakeTesting
import ParquetFormat
import Testing

@testable import TableMaintenance

struct SortedCompactionTests {
    private typealias Row = MaintainedLake.Row

    /// By name, the last first, then by id.
    private static let order = SortOrder(
        id: 1, fields: [.init(sourceID: 3, isDescending: true, nullsFirst: false), .init(sourceID: 1)])

    private func row(_ id: Int64, _ name: String?) -> Row { Row(id: id, part: Int32(id % 2), name: name) }

    private func lake() async throws -> MaintainedLake {
        let lake = try await MaintainedLake()
        for commit in 0..<Int64(6) {
            try await lake.append((0..<10).map { row(commit * 10 + $0, $0 == 3 ? nil : "n\(($0 * 7 + commit) % 10)") })
        }
        try await lake.update([.addSortOrder(Self.order), .setDefaultSortOrder(-1)])
        return lake
    }

    /// Checks that each file that says that it follows the order does.
    /// - Returns: how many do.
    @discardableResult private func checkOrder(_ lake: MaintainedLake) async throws -> Int {
        let metadata = try await lake.metadata()
        var sorted = 0
        for task in try await TableScan(metadata: metadata, io: lake.catalog.io).plan().tasks
        where task.dataFile.sortOrderID == metadata.defaultSortOrderID {
            sorted += 1
            let key = task.dataFile.location.dropFirst(lake.memory.locationPrefix.count + 1)
            let reader = try ParquetFileReader(try await lake.memory.open(String(key)))
            var rows: [(name: String?, id: Int64)] = []
            for group in reader.metadata.rowGroups.indices {
                let batch = try reader.read(rowGroup: group, fields: metadata.schema.fields)
                for row in 0..<batch.rowCount {
                    guard case .long(let id)? = batch.columns[0].datum(row) else { continue }
                    if case .string(let name)? = batch.columns[2].datum(row) {
                        rows.append((name, id))
                    } else {
                        rows.append((nil, id))
                    }
                }
            }
            for (left, right) in zip(rows, rows.dropFirst()) {
                let isOrdered =
                    switch (left.name, right.name) {
                    case (nil, .some): false
                    case (.some, nil): true
                    case (let first, let second): first == second ? left.id <= right.id : (first ?? "") > (second ?? "")
                    }
                #expect(isOrdered, "\(left) before \(right) in \(task.dataFile.location)")
            }
        }
        return sorted
    }

    /// Runs of a few rows, so that many are merged.
    private static func policy(_ sortBytes: Int, target: Int? = nil) -> MaintenancePolicy {
        var policy = MaintenancePolicy.thorough
        policy.sortBytes = sortBytes
        if let target { policy.targetFileBytes = target }
        return policy
    }

    @Test(arguments: [1, 200, 32 << 20]) func `new files follow the table's order`(_ sortBytes: Int) async throws {
        let lake = try await lake()
        try await lake.delete([7, 22, 23])
        let rows = try await lake.rows()
        let outcome = try await lake.compact(Self.policy(sortBytes))
        #expect(outcome.state == .done && outcome.after?.dataFiles == 2 && outcome.after?.deleteFiles == 0)
        #expect(try await lake.rows() == rows)
        #expect(try await checkOrder(lake) == 2)
        #expect(try await lake.violations().isEmpty)
        // No run is left, and there is nothing more to do.
        let live = Set(try await lake.files().filter { $0.contains("/data/") })
        #expect(live.isSubset(of: try await lake.named()))
        #expect(try await lake.compact(Self.policy(sortBytes)).state == .nothing)
    }

    @Test func `files that are large enough are put in order by hand, and left alone otherwise`() async throws {
        let lake = try await MaintainedLake(properties: [MaintenancePolicy.targetFileBytesKey: "1"])
        try await lake.append((0..<200).map { row($0, "n\($0 * 37 % 100)") })
        try await lake.update([.addSortOrder(Self.order), .setDefaultSortOrder(-1)])
        let rows = try await lake.rows()
        #expect(try await lake.compact(MaintenancePolicy()).state == .nothing)
        #expect(try await lake.compact().state == .done)
        #expect(try await checkOrder(lake) >= 2)
        #expect(try await lake.rows() == rows)
        #expect(try await lake.compact().state == .nothing)
    }

    @Test func `a table of more rows than are sorted together becomes several files`() async throws {
        let lake = try await lake()
        let rows = try await lake.rows()
        var policy = Self.policy(200)
        policy.sortedRowsPerCommitMax = 12
        #expect(try await lake.compact(policy).state == .done)
        #expect(try await checkOrder(lake) > 2)
        #expect(try await lake.rows() == rows)
        #expect(try await lake.violations().isEmpty)
    }

    @Test func `rows that a writer deletes meanwhile stay deleted`() async throws {
        let lake = try await lake()
        try await lake.delete([0, 1, 17])
        lake.faults.interpose("put warehouse/silver/items/metadata/") {
            try await lake.upsert([2, 15, 16, 59].map { self.row($0, "later") })
            try await lake.delete([33])
        }
        let outcome = try await lake.compact(Self.policy(100))
        #expect(outcome.state == .done)
        let rows = try await lake.rows()
        #expect(rows.values.reduce(0, +) == 56)
        #expect(rows[row(2, "later")] == 1 && rows[row(16, "later")] == 1)
        #expect(!rows.keys.contains { [33, 0, 1, 17].contains($0.id) })
        #expect(rows.keys.count { $0.id == 59 } == 1)
        #expect(try await lake.violations().isEmpty)
        try await checkOrder(lake)
    }

    @Test func `a fault at any call leaves the same rows`() async throws {
        var point = 0
        while true {
            let lake = try await lake()
            let rows = try await lake.rows()
            lake.faults.arm(first: point)
            _ = try? await lake.compact(Self.policy(400))
            lake.faults.disarm()
            if lake.faults.fired.isEmpty { break }
            #expect(try await lake.rows() == rows, "point \(point): \(lake.faults.fired)")
            _ = try await lake.compact(Self.policy(400))
            #expect(try await lake.rows() == rows, "point \(point): \(lake.faults.fired)")
            try await checkOrder(lake)
            point += 3
        }
        #expect(point > 60)
    }

    @Test(arguments: 0..<6) func `rows are those of a plain list after any writes and sorted maintenance`(
        seed: UInt64
    ) async throws {
        var random = SeededRandom(seed: seed)
        let lake = try await MaintainedLake()
        try await lake.update([.addSortOrder(Self.order), .setDefaultSortOrder(-1)])
        var expected: [Int64: Row] = [:]
        let policy = Self.policy(
            [1, 300, 1 << 20].randomElement(using: &random) ?? 1,
            target: [1, 2_000, 1 << 20].randomElement(using: &random))
        for step in 0..<20 {
            let ids = Set(
                (0..<Int.random(in: 1...30, using: &random)).map { _ in Int64.random(in: 0..<80, using: &random) })
            let rows = ids.map { row($0, Bool.random(using: &random) ? nil : "s\(step % 5)-\($0 % 3)") }
            switch Int.random(in: 0..<5, using: &random) {
            case 0...1:
                try await lake.upsert(rows)
                for row in rows { expected[row.id] = row }
            case 2:
                try await lake.delete(ids)
                for id in ids { expected[id] = nil }
            case 3:
                lake.faults.interpose("put warehouse/silver/items/metadata/") { try await lake.upsert(rows) }
                _ = try await lake.compact(policy)
                if lake.faults.withdraw() { for row in rows { expected[row.id] = row } }
            default: _ = try await lake.compact(policy)
            }
            let all = Dictionary(expected.values.map { ($0, 1) }, uniquingKeysWith: +)
            try #require(try await lake.rows() == all, "seed \(seed), step \(step)")
            try await checkOrder(lake)
        }
        #expect(try await lake.violations() == [], "seed \(seed)")
    }
}

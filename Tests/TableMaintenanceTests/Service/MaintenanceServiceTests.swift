import CatalogService
import Iceberg
import LakeTesting
import Logging
import Testing

@testable import TableMaintenance

struct MaintenanceServiceTests {
    private func row(_ id: Int64) -> MaintainedLake.Row { MaintainedLake.Row(id: id, part: Int32(id % 2), name: "a") }

    private func service(_ lake: MaintainedLake) -> MaintenanceService {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return MaintenanceService(
            room: lake.room(), policy: MaintenancePolicy(), signals: [lake.catalog.signals], logger: logger)
    }

    /// A writer of another process does its work again when a commit of maintenance came first.
    private func write(_ rows: Set<MaintainedLake.Row>, to lake: MaintainedLake) async throws {
        while true {
            do {
                return try await lake.upsert(Array(rows))
            } catch let error as IcebergError where error.kind == .requirementFailed {
                continue
            }
        }
    }

    @Test func `a table that is written in small pieces stays small`() async throws {
        let lake = try await MaintainedLake(properties: [MaintenancePolicy.snapshotsMaxKey: "20"])
        let service = service(lake)
        let work = Task { await service.run() }
        for id in Int64(0)..<80 {
            try await write(Set([row(id), row(id / 2)]), to: lake)
            lake.time.advance(60_000)
            await Task.yield()
        }
        // Lets the last look end.
        work.cancel()
        await work.value
        await service.maintain(lake.table)
        let rows = try await lake.rows()
        #expect(rows.count == 80 && rows.values.allSatisfy { $0 == 1 })
        let metadata = try await lake.metadata()
        let files = try #require(metadata.currentSnapshot.flatMap { Int($0.summary["total-data-files"] ?? "") })
        #expect(files < 30, "\(files) files")
        #expect(metadata.snapshots.count <= 130)
        #expect(try await lake.violations().isEmpty)
        let history = try await service.history.outcomes(of: lake.table)
        #expect(history.contains { $0.action == .compact && $0.state == .done && $0.before != nil && $0.after != nil })
        // A new process knows it too.
        let kept = try await MaintenanceHistory(objects: lake.memory).outcomes(of: lake.table)
        #expect(kept == history)
    }

    @Test func `a failure is kept in the history and reaches no writer`() async throws {
        let lake = try await MaintainedLake()
        let service = service(lake)
        for id in Int64(0)..<20 { try await lake.append([row(id)]) }
        lake.faults.arm(first: 3, count: 1_000)
        #expect(await !service.maintain(lake.table))
        lake.faults.disarm()
        try await lake.append([row(50)])
        #expect(await service.maintain(lake.table))
        let history = try await service.history.outcomes(of: lake.table)
        #expect(history.contains { $0.state == .failed && $0.reason?.contains("InjectedFault") ?? false })
        #expect(try await lake.rows().count == 21)
    }

    @Test func `looks that find nothing are kept once`() async throws {
        let lake = try await MaintainedLake()
        try await lake.append([row(1)])
        let service = service(lake)
        for _ in 0..<5 { await service.maintain(lake.table) }
        let history = try await service.history.outcomes(of: lake.table)
        #expect(history.count == 2)
        #expect(history.allSatisfy { $0.state == .nothing && $0.reason != nil })
    }

    @Test func `what somebody asks for is done at once, and kept in the history`() async throws {
        let lake = try await MaintainedLake()
        let service = service(lake)
        for id in Int64(0)..<6 { try await lake.append([row(id)]) }
        let files = try await lake.metadata().currentSnapshot?.summary["total-data-files"]
        let dry = try await service.perform(MaintenanceRequest(.compact, isDryRun: true), on: lake.table)
        #expect(dry.state == .dryRun && dry.removedFiles > 0)
        #expect(try await lake.metadata().currentSnapshot?.summary["total-data-files"] == files)
        #expect(try await service.history.outcomes(of: lake.table).isEmpty)
        let done = try await service.perform(MaintenanceRequest(.compact), on: lake.table)
        #expect(done.state == .done && done.removedFiles == 6)
        lake.time.advance(60_000)
        let expired = try await service.perform(
            MaintenanceRequest(.expire, ageMilliseconds: 1, snapshotsMin: 1), on: lake.table)
        #expect(expired.state == .done && expired.expiredSnapshots > 0)
        let orphans = try await service.perform(MaintenanceRequest(.orphans), on: lake.table)
        #expect(orphans.state == .nothing)
        #expect(
            try await service.history.outcomes(of: lake.table).map(\.action) == [.orphans, .expire, .compact])
        #expect(try await lake.rows().count == 6)
    }

    @Test func `a table that is gone is told as missing`() async throws {
        let lake = try await MaintainedLake()
        let none = TableIdentifier(namespace: "silver", name: "none")
        let error = await #expect(throws: CatalogError.self) {
            try await service(lake).perform(MaintenanceRequest(.expire), on: none)
        }
        #expect(error?.code == "table-missing")
    }
}

package import CatalogService
import Synchronization

/// Something that somebody asks to be done to a table now.
package struct MaintenanceRequest: Sendable, Hashable {
    package var action: MaintenanceOutcome.Action
    package var isDryRun: Bool
    /// Of snapshots that expire, or of files that may be orphans; `nil`: what the table and the policy say.
    package var ageMilliseconds: Int64?
    /// Snapshots of each branch that are kept at least; `nil`: what the table says.
    package var snapshotsMin: Int?

    package init(
        _ action: MaintenanceOutcome.Action, isDryRun: Bool = false, ageMilliseconds: Int64? = nil,
        snapshotsMin: Int? = nil
    ) {
        self.action = action
        self.isDryRun = isDryRun
        self.ageMilliseconds = ageMilliseconds
        self.snapshotsMin = snapshotsMin
    }
}

extension MaintenanceService {
    /// Does what somebody asked for, however little there is to do, and keeps the outcome in the table's history.
    ///
    /// It goes on when the caller is cancelled: half a rewrite would only leave orphans.
    /// - Throws: ``MaintenanceError`` `maintenance-running` while another request is at work on the table; `table-missing`.
    package func perform(_ request: MaintenanceRequest, on table: TableIdentifier) async throws -> MaintenanceOutcome {
        guard requested.withLock({ $0.insert(table).inserted }) else {
            throw MaintenanceError(
                code: "maintenance-running", message: "another request is at work on \(table)",
                remedy: "ask again when it is done", isRetryable: true)
        }
        let work = Task {
            defer { _ = requested.withLock { $0.remove(table) } }
            return await act(request.action, table) { try await run(request, table) }
        }
        guard let outcome = await work.value else { throw CatalogError.relationMissing(.table, table) }
        return outcome
    }

    private func run(_ request: MaintenanceRequest, _ table: TableIdentifier) async throws -> MaintenanceOutcome {
        switch request.action {
        case .compact:
            try await Compaction(room: room, policy: .thorough, pool: pool).run(table, isDryRun: request.isDryRun)
        case .expire:
            try await SnapshotExpiry(room: room, policy: .thorough).run(
                table,
                wish: .init(
                    maxSnapshotAgeMilliseconds: request.ageMilliseconds, minSnapshotsToKeep: request.snapshotsMin),
                isDryRun: request.isDryRun)
        case .orphans:
            try await OrphanRemoval(room: room, policy: .thorough).run(
                table, ageMilliseconds: request.ageMilliseconds ?? MaintenancePolicy().orphanAgeMilliseconds,
                isDryRun: request.isDryRun)
        }
    }
}

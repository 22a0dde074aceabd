package import CatalogService
import Iceberg
internal import Foundation
package import Logging
internal import Metrics
import ObjectStorage
internal import Synchronization

/// Keeps tables healthy while they are written: looks at a table when its commits have brought enough, compacts it and
/// expires its snapshots, one table at a time.
///
/// Nothing here reaches a writer: a failure is logged, counted and kept in the history, and the table is tried again
/// after further commits.
package final class MaintenanceService: Sendable {
    let room: MaintenanceRoom
    private let policy: MaintenancePolicy
    let pool: BlockingPool
    private let logger: Logger
    package let history: MaintenanceHistory
    private let schedule: Mutex<MaintenanceSchedule>
    /// The tables that somebody's requests are at work on.
    let requested = Mutex<Set<TableIdentifier>>([])
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// - Parameter signals: of all who commit to tables.
    package init(
        room: MaintenanceRoom, policy: MaintenancePolicy, signals: [CommitSignals], logger: Logger
    ) {
        self.room = room
        self.policy = policy
        self.logger = logger
        pool = BlockingPool(threadCount: 1)
        history = MaintenanceHistory(objects: room.objects)
        schedule = Mutex(MaintenanceSchedule(policy: policy))
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        for signal in signals {
            signal.listen { [weak self] table, metadata in self?.committed(table, metadata) }
        }
    }

    private func committed(_ table: TableIdentifier, _ metadata: TableMetadata) {
        let totals = metadata.currentSnapshot.flatMap { SnapshotTotals(summary: $0.summary) } ?? SnapshotTotals()
        let limit = room.owns(table) ? policy.snapshotsMax(of: metadata) + policy.snapshotsSlack : nil
        let facts = MaintenanceSchedule.Facts(
            snapshots: metadata.snapshots.count, files: Int(totals.dataFiles + totals.deleteFiles),
            isRewrite: metadata.currentSnapshot?.operation == SnapshotProducer.Operation.replace.rawValue,
            snapshotsLimit: limit)
        if schedule.withLock({ $0.committed(table, facts) }) { wake.yield() }
    }

    /// Works until cancelled.
    package func run() async {
        for await _ in wakes {
            while !Task.isCancelled, let next = schedule.withLock({ $0.next() }) {
                let isSound = await maintain(next.table, looksForOrphans: next.looksForOrphans)
                schedule.withLock { $0.finished(failed: !isSound) }
            }
            if Task.isCancelled { return }
        }
    }

    /// Looks at a table once.
    /// - Returns: `false` when something failed.
    @discardableResult
    package func maintain(_ table: TableIdentifier, looksForOrphans: Bool = false) async -> Bool {
        let (room, policy, pool) = (room, policy, pool)
        var outcomes = [
            await act(.compact, table) {
                try await Compaction(room: room, policy: policy, pool: pool).run(table)
            },
            await act(.expire, table) { try await SnapshotExpiry(room: room, policy: policy).run(table) },
        ]
        if looksForOrphans {
            outcomes.append(
                await act(.orphans, table) { try await OrphanRemoval(room: room, policy: policy).run(table) })
        }
        return !outcomes.contains { $0?.state == .failed }
    }

    /// Does something to a table, and takes note of what came of it.
    /// - Returns: `nil` when the table is gone or this was cancelled: there is nothing to tell then.
    func act(
        _ action: MaintenanceOutcome.Action, _ table: TableIdentifier,
        _ body: () async throws -> MaintenanceOutcome
    ) async -> MaintenanceOutcome? {
        let started = ContinuousClock.now
        var outcome = room.outcome(action, table)
        do {
            outcome = try await body()
        } catch is CancellationError {
            return nil
        } catch let error as CatalogError where error.code == "table-missing" {
            // Dropped since its last commit.
            return nil
        } catch {
            if Task.isCancelled { return nil }
            outcome.state = .failed
            outcome.reason = "\(error)"
            logger.error(
                "maintenance failed",
                metadata: ["table": "\(table)", "action": "\(action.rawValue)", "error": "\(error)"])
        }
        if outcome.state == .dryRun { return outcome }
        report(outcome, table, ContinuousClock.now - started)
        do {
            try await history.add(outcome, to: table)
        } catch {
            logger.warning("the history of maintenance is not kept", metadata: ["error": "\(error)"])
        }
        return outcome
    }

    private func report(_ outcome: MaintenanceOutcome, _ table: TableIdentifier, _ elapsed: Duration) {
        let dimensions = [("table", table.description), ("action", outcome.action.rawValue)]
        Counter(label: "dipper_maintenance_runs_total", dimensions: dimensions + [("state", outcome.state.rawValue)])
            .increment()
        guard outcome.state == .done else { return }
        Recorder(label: "dipper_maintenance_seconds", dimensions: dimensions).record(elapsed / .seconds(1))
        Counter(label: "dipper_maintenance_files_rewritten_total", dimensions: dimensions)
            .increment(by: outcome.removedFiles)
        Counter(label: "dipper_maintenance_files_deleted_total", dimensions: dimensions)
            .increment(by: outcome.deletedFiles)
        Counter(label: "dipper_maintenance_snapshots_expired_total", dimensions: dimensions)
            .increment(by: outcome.expiredSnapshots)
        logger.info(
            "maintained",
            metadata: [
                "table": "\(table)", "action": "\(outcome.action.rawValue)", "rewritten": "\(outcome.removedFiles)",
                "added": "\(outcome.addedFiles)", "deleted": "\(outcome.deletedFiles)",
                "snapshots": "\(outcome.expiredSnapshots)", "milliseconds": "\(Int(elapsed / .milliseconds(1)))",
            ])
    }
}

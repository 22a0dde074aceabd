package import CatalogService
import Iceberg
import LakeModel

/// Takes old snapshots out of a table and deletes the files that only they named.
///
/// Steps: find out what is to go; find the files that only that names; commit on exactly the metadata that both were
/// found on; delete the files. Whatever ends it before the commit changes nothing; after it, files are left that orphan
/// removal finds.
package struct SnapshotExpiry: Sendable {
    let room: MaintenanceRoom
    let policy: MaintenancePolicy

    package init(room: MaintenanceRoom, policy: MaintenancePolicy) {
        self.room = room
        self.policy = policy
    }

    /// What a caller wants kept other than the table's own settings say.
    package struct Wish: Sendable, Hashable {
        package var maxSnapshotAgeMilliseconds: Int64?
        package var minSnapshotsToKeep: Int?

        package init(maxSnapshotAgeMilliseconds: Int64? = nil, minSnapshotsToKeep: Int? = nil) {
            self.maxSnapshotAgeMilliseconds = maxSnapshotAgeMilliseconds
            self.minSnapshotsToKeep = minSnapshotsToKeep
        }
    }

    /// - Parameter isDryRun: only says what would go.
    /// - Throws: catalog and storage errors, nothing is changed then.
    package func run(
        _ table: TableIdentifier, wish: Wish = Wish(), isDryRun: Bool = false
    ) async throws -> MaintenanceOutcome {
        var outcome = room.outcome(.expire, table)
        for _ in 0..<policy.commitAttemptsMax {
            let base = try await room.catalog.currentMetadata(table)
            outcome.before = TableSize(base)
            guard base.allowsDeletion else {
                outcome.reason = "the table's property gc.enabled is false"
                return finished(outcome)
            }
            if let reason = room.versionObjection(to: base) {
                outcome.reason = reason
                return finished(outcome)
            }
            let plan = try await plan(base, table, wish)
            if plan.isEmpty {
                outcome.reason = "all \(base.snapshots.count) snapshots are to be kept"
                return try await trimmed(outcome, base, table, isDryRun: isDryRun)
            }
            let result = try base.applying(plan.updates, nowMilliseconds: room.nowMilliseconds())
            let files = try await ExpiredFiles.between(base, result, io: room.io)
            note(files, plan, base, &outcome)
            if isDryRun {
                outcome.state = .dryRun
                outcome.after = TableSize(result)
                return finished(outcome)
            }
            guard let commit = try await commit(plan, files, base, table) else { continue }
            note(commit.files, plan, base, &outcome)
            outcome.state = .done
            outcome.after = TableSize(commit.table)
            var removal = FileRemoval(io: room.io)
            for group in commit.files.inOrder {
                try await removal.delete(group.filter { room.mayDelete($0, of: base) })
            }
            outcome.deletedFiles = removal.deleted
            outcome.undeletedFiles = removal.failed
            outcome.reason = removal.failure.map { "some files stay: \($0)" }
            return try await trimmed(outcome, commit.table, table, isDryRun: false)
        }
        outcome.state = .yielded
        outcome.reason = "other commits came first \(policy.commitAttemptsMax) times in a row"
        return finished(outcome)
    }

    /// Commits between two units of ingestion, on whatever the table has become.
    /// - Returns: the table and the files to delete; `nil` when what was found does not hold any more.
    private func commit(
        _ plan: SnapshotRetention.Plan, _ files: ExpiredFiles, _ base: TableMetadata, _ table: TableIdentifier
    ) async throws -> (table: TableMetadata, files: ExpiredFiles)? {
        do {
            return try await room.turns.maintaining(table) {
                let latest = try await room.catalog.currentMetadata(table)
                guard room.pins.snapshots(of: table).isDisjoint(with: plan.snapshots) else { return nil }
                guard let files = try await files.carried(plan, from: base, to: latest, io: room.io) else { return nil }
                return (try await room.catalog.commit(plan.updates, on: latest, of: table), files)
            }
        } catch let error as IcebergError where error.kind == .requirementFailed {
            return nil
        }
    }

    private func plan(
        _ base: TableMetadata, _ table: TableIdentifier, _ wish: Wish
    ) async throws -> SnapshotRetention.Plan {
        var retention = SnapshotRetention(base)
        if let age = wish.maxSnapshotAgeMilliseconds { retention.maxSnapshotAgeMilliseconds = age }
        if let count = wish.minSnapshotsToKeep { retention.minSnapshotsToKeep = count }
        if room.owns(table) {
            retention.snapshotsMax = policy.snapshotsMax(of: base)
            retention.readerGraceMilliseconds = policy.readerGraceMilliseconds
        }
        let indexed = try await room.catalog.store.keyIndex(table).last?.snapshotID
        return retention.plan(
            base,
            protecting: ProtectedSnapshots.find(base, indexed: indexed).union(room.pins.snapshots(of: table)),
            nowMilliseconds: room.nowMilliseconds())
    }

    private func note(
        _ files: ExpiredFiles, _ plan: SnapshotRetention.Plan, _ base: TableMetadata,
        _ outcome: inout MaintenanceOutcome
    ) {
        let own = files.inOrder.joined().filter { room.mayDelete($0, of: base) }
        outcome.expiredSnapshots = plan.snapshots.count
        outcome.expiredReferences = plan.references.count
        outcome.deletedFiles = own.count
        outcome.deletedBytes = own.reduce(0) { $0 + (files.content[$1] ?? files.manifests[$1] ?? 0) }
        outcome.locations = Array(own.prefix(MaintenanceOutcome.locationsMax))
    }

    /// Deletes metadata files that have left the log, where they are Dipper's to delete.
    private func trimmed(
        _ outcome: MaintenanceOutcome, _ current: TableMetadata, _ table: TableIdentifier, isDryRun: Bool
    ) async throws -> MaintenanceOutcome {
        var outcome = outcome
        let asks = current.properties["write.metadata.delete-after-commit.enabled"]?.lowercased() == "true"
        guard room.owns(table) || asks else { return finished(outcome) }
        let old = try await MetadataFiles.unlisted(current, room)
        if old.isEmpty { return finished(outcome) }
        outcome.locations += old.prefix(max(0, MaintenanceOutcome.locationsMax - outcome.locations.count))
        if isDryRun {
            outcome.state = .dryRun
            outcome.deletedFiles += old.count
            return finished(outcome)
        }
        var removal = FileRemoval(io: room.io)
        try await removal.delete(old)
        outcome.deletedFiles += removal.deleted
        outcome.undeletedFiles += removal.failed
        if removal.deleted > 0 {
            if outcome.state == .nothing { outcome.reason = "only metadata files had left the log" }
            outcome.state = .done
        }
        return finished(outcome)
    }

    private func finished(_ outcome: MaintenanceOutcome) -> MaintenanceOutcome {
        var outcome = outcome
        outcome.milliseconds = room.nowMilliseconds() - outcome.startedMilliseconds
        return outcome
    }
}

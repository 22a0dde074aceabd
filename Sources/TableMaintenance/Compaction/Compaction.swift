package import CatalogService
import Iceberg
import LakeModel
package import ObjectStorage

/// Rewrites small and much deleted data files of a table, puts delete files and manifests together.
///
/// Steps: plan on the current snapshot; write new files; commit them as a `replace` with the data sequence number of the
/// snapshot that was read, between two units of ingestion. New files follow the table's sort order. Writers come first: what they have replaced meanwhile is
/// dropped from the commit, what they have deleted is deleted in the new files. The rows of the table never change.
package struct Compaction: Sendable {
    let room: MaintenanceRoom
    let policy: MaintenancePolicy
    let pool: BlockingPool

    /// - Parameter pool: its threads read, encode and write.
    package init(room: MaintenanceRoom, policy: MaintenancePolicy, pool: BlockingPool) {
        self.room = room
        self.policy = policy
        self.pool = pool
    }

    /// - Parameter isDryRun: only says what would be rewritten.
    /// - Throws: catalog and storage errors; the table is as it was, or further on by whole commits.
    package func run(_ table: TableIdentifier, isDryRun: Bool = false) async throws -> MaintenanceOutcome {
        var outcome = room.outcome(.compact, table)
        let metadata = try await room.catalog.currentMetadata(table)
        outcome.before = TableSize(metadata)
        if let reason = room.objection(to: metadata) ?? Self.objection(metadata) {
            outcome.reason = reason
            return finished(outcome)
        }
        guard let view = try await TableView.read(metadata, io: room.io) else {
            outcome.reason = "the table has no snapshot"
            return finished(outcome)
        }
        outcome.before?.manifests = view.manifests.count
        let plan = CompactionPlan(
            tasks: view.tasks, deleteFiles: view.deleteFiles,
            targetFileBytes: policy.targetFileBytes(of: metadata), policy: policy,
            sortOrderID: RowOrder(metadata.sortOrder, fields: metadata.schema.fields)?.id)
        let skipped = plan.skipped.sorted { $0.key < $1.key }.map { "\($0.value) files skipped (\($0.key))" }
        let least = max(2, policy.manifestsMin)
        let mergesManifests = view.manifestsSaved(minCount: least) >= least / 2
        guard !plan.isEmpty || mergesManifests else {
            let text = "\(view.tasks.count) data files and \(view.deleteFiles.count) delete files need no rewrite"
            outcome.reason = ([text] + skipped).joined(separator: "; ")
            return finished(outcome)
        }
        outcome.reason = skipped.isEmpty ? nil : skipped.joined(separator: "; ")
        if isDryRun {
            outcome.state = .dryRun
            outcome.removedFiles =
                plan.groups.reduce(0) { $0 + $1.tasks.count } + plan.deleteGroups.reduce(0) { $0 + $1.files.count }
                + plan.danglingDeletes.count
            outcome.locations = Array(
                plan.groups.flatMap { $0.tasks.map(\.dataFile.location) }.prefix(MaintenanceOutcome.locationsMax))
            return finished(outcome)
        }
        try await work(plan, view, table, &outcome)
        let last = try await room.catalog.currentMetadata(table)
        outcome.after = TableSize(
            last, manifests: try await last.currentSnapshot?.manifestFiles(io: room.io).count)
        return finished(outcome)
    }

    /// Why a table cannot be rewritten at all.
    private static func objection(_ metadata: TableMetadata) -> String? {
        if metadata.formatVersion != 2 { return "format version \(metadata.formatVersion) is not rewritten" }
        if metadata.schema.fields.contains(where: { $0.type.primitive == nil }) {
            return "the table has nested columns, which are not rewritten"
        }
        return nil
    }

    /// Rewrites and commits, as many groups at a time as one commit takes.
    private func work(
        _ plan: CompactionPlan, _ view: TableView, _ table: TableIdentifier, _ outcome: inout MaintenanceOutcome
    ) async throws {
        let commit = CompactionCommit(room: room, policy: policy, pool: pool, view: view, table: table)
        var rest = plan.groups[...]
        repeat {
            var groups: [CompactionPlan.Group] = []
            var bytes: Int64 = 0
            while let next = rest.first, groups.isEmpty || bytes + next.byteCount <= Int64(policy.bytesPerCommitMax) {
                groups.append(next)
                bytes += next.byteCount
                rest.removeFirst()
            }
            // Delete files go last: those of files that are rewritten before are not needed any more then.
            try await commit.run(
                groups, rest.isEmpty ? plan.deleteGroups : [], rest.isEmpty ? plan.danglingDeletes : [], &outcome)
        } while !rest.isEmpty
    }

    private func finished(_ outcome: MaintenanceOutcome) -> MaintenanceOutcome {
        var outcome = outcome
        outcome.milliseconds = room.nowMilliseconds() - outcome.startedMilliseconds
        return outcome
    }
}

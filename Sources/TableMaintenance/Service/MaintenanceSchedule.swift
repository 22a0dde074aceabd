import CatalogService

/// Decides which table is looked at next: by what its commits brought, never by the clock.
struct MaintenanceSchedule: Sendable {
    /// What a commit tells of a table, without a look at its manifests.
    struct Facts: Sendable, Hashable {
        var snapshots: Int
        /// Data and delete files.
        var files: Int
        /// Whether the commit was one of maintenance, which brings nothing new.
        var isRewrite: Bool
        /// Snapshots from which on history is cut; `nil` where only age does that.
        var snapshotsLimit: Int?
    }

    private struct Table {
        var commits = 0
        var commitsSinceOrphans = 0
        /// As the last look left them; `nil` before the first.
        var filesThen: Int?
        var snapshotsThen = 0
        var failures = 0
        var isDue = false
        var latest: Facts
    }

    /// Failures in a row that still make the next try wait for twice as much.
    private static let failuresMax = 6

    /// A table that has many files is looked at when this share of them has come, because a look reads all manifests.
    private static let filesShare = 64

    private let filesStep: Int
    private let commitsStep: Int
    private let orphanCommitsStep: Int
    private var tables: [TableIdentifier: Table] = [:]
    /// The table that waits longest first.
    private var queue: [TableIdentifier] = []
    private var running: TableIdentifier?

    init(policy: MaintenancePolicy) {
        filesStep = max(1, policy.filesStep)
        commitsStep = max(1, policy.commitsStep)
        orphanCommitsStep = max(1, policy.orphanCommitsStep)
    }

    /// Takes note of a commit.
    /// - Returns: whether there is a table to look at that there was not before.
    mutating func committed(_ name: TableIdentifier, _ facts: Facts) -> Bool {
        var table = tables[name] ?? Table(latest: facts)
        table.latest = facts
        defer { tables[name] = table }
        if facts.isRewrite { return false }
        table.commits += 1
        table.commitsSinceOrphans += 1
        // An overwritten table has fewer files than it had.
        table.filesThen = table.filesThen.map { min($0, facts.files) }
        guard !table.isDue, isDue(table) else { return false }
        table.isDue = true
        if running != name { queue.append(name) }
        return running != name
    }

    private func isDue(_ table: Table) -> Bool {
        guard let filesThen = table.filesThen else { return true }
        let patience = 1 << min(table.failures, Self.failuresMax)
        let step = max(filesStep, filesThen / Self.filesShare)
        if table.latest.files - filesThen >= step * patience { return true }
        if table.commits >= commitsStep * patience { return true }
        guard let limit = table.latest.snapshotsLimit, table.latest.snapshots >= limit else { return false }
        return table.latest.snapshots >= table.snapshotsThen + filesStep * patience
    }

    /// The next table to look at, and whether for orphans too. It is followed by ``finished(failed:)``.
    mutating func next() -> (table: TableIdentifier, looksForOrphans: Bool)? {
        guard running == nil, let name = queue.first, var table = tables[name] else { return nil }
        queue.removeFirst()
        running = name
        table.isDue = false
        table.commits = 0
        let looks = table.commitsSinceOrphans >= orphanCommitsStep
        if looks { table.commitsSinceOrphans = 0 }
        tables[name] = table
        return (name, looks)
    }

    mutating func finished(failed: Bool) {
        guard let name = running, var table = tables[name] else { return }
        running = nil
        table.failures = failed ? table.failures + 1 : 0
        table.filesThen = table.latest.files
        table.snapshotsThen = table.latest.snapshots
        // Commits that came meanwhile have been looked at, or count from here on.
        if table.isDue {
            table.isDue = isDue(table)
            if table.isDue { queue.append(name) }
        }
        tables[name] = table
    }
}

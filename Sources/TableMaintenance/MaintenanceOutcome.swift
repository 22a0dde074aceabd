/// What one action of maintenance did to a table, or why it did nothing.
package struct MaintenanceOutcome: Sendable, Hashable, Codable {
    package enum Action: String, Sendable, Hashable, Codable, CaseIterable { case compact, expire, orphans }

    package enum State: String, Sendable, Hashable, Codable {
        /// Something was changed.
        case done
        /// What would be done; nothing was.
        case dryRun = "dry-run"
        /// There was nothing to do, or a setting forbids it: ``reason`` says which.
        case nothing
        /// Another writer came first, and this gave way.
        case yielded
        /// It broke off; the table is as it was before, or as ``after`` says.
        case failed
    }

    package var action: Action
    package var table: String
    package var state: State
    package var reason: String?
    /// Milliseconds since 1970 UTC, and how long it took.
    package var startedMilliseconds: Int64
    package var milliseconds: Int64 = 0
    package var before: TableSize?
    package var after: TableSize?
    /// Files that the commit put into the table, and took out of it.
    package var addedFiles = 0
    package var removedFiles = 0
    package var expiredSnapshots = 0
    package var expiredReferences = 0
    /// Files deleted from storage, or that would be, and their bytes where they are known.
    package var deletedFiles = 0
    package var deletedBytes: Int64 = 0
    /// Files that could not be deleted; orphan removal finds them.
    package var undeletedFiles = 0
    /// Some of the locations, for people: those deleted, or that would be.
    package var locations: [String] = []

    /// Locations that an outcome lists.
    package static let locationsMax = 1_000

    package init(action: Action, table: String, state: State, reason: String? = nil, startedMilliseconds: Int64) {
        self.action = action
        self.table = table
        self.state = state
        self.reason = reason
        self.startedMilliseconds = startedMilliseconds
    }
}

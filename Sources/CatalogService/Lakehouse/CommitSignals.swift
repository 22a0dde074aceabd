package import Iceberg
import Synchronization

/// Tells those who asked of commits that stand. They are called on the committer's task, so they only take note.
package final class CommitSignals: Sendable {
    package typealias Listener = @Sendable (TableIdentifier, TableMetadata) -> Void

    private let listeners = Mutex<[Listener]>([])

    package init() {}

    package func listen(_ listener: @escaping Listener) { listeners.withLock { $0.append(listener) } }

    /// - Parameter metadata: what the commit has made current.
    package func committed(_ table: TableIdentifier, _ metadata: TableMetadata) {
        for listener in listeners.withLock({ $0 }) { listener(table, metadata) }
    }
}

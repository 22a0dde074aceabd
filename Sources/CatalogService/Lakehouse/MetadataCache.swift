import Iceberg
import Synchronization

/// The metadata of the tables that were committed to last, by file: a file never changes.
final class MetadataCache: Sendable {
    /// Tables that are kept at most.
    static let tablesMax = 64

    private struct State {
        var byTable: [TableIdentifier: TableMetadata] = [:]
        /// The table used longest ago first.
        var order: [TableIdentifier] = []
    }

    private let state = Mutex(State())

    /// The metadata when it is that of `location`.
    func find(_ table: TableIdentifier, location: String) -> TableMetadata? {
        state.withLock { state in
            guard let found = state.byTable[table], found.metadataLocation == location else { return nil }
            return found
        }
    }

    func remember(_ table: TableIdentifier, _ metadata: TableMetadata) {
        state.withLock { state in
            state.order.removeAll { $0 == table }
            state.order.append(table)
            state.byTable[table] = metadata
            if state.order.count > Self.tablesMax { state.byTable[state.order.removeFirst()] = nil }
        }
    }

    func forget(_ table: TableIdentifier) {
        state.withLock { state in
            state.order.removeAll { $0 == table }
            state.byTable[table] = nil
        }
    }
}

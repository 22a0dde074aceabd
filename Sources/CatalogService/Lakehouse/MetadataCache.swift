import Iceberg
import Synchronization

/// The metadata of the tables that were committed to last, by file: a file never changes.
final class MetadataCache: Sendable {
    /// Tables that are kept at most.
    static let tablesMax = 64

    private struct State {
        var byTable: [TableIdentifier: TableMetadata] = [:]
        var snapshots: [TableIdentifier: SnapshotBytes] = [:]
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

    /// The snapshots' bytes of the table in the file that is remembered, for the next file. They are taken out: whoever
    /// writes that file gives the new ones back.
    func takeSnapshots(_ table: TableIdentifier, location: String) -> SnapshotBytes {
        state.withLock { state in
            let written = state.snapshots.removeValue(forKey: table)
            guard state.byTable[table]?.metadataLocation == location else { return SnapshotBytes() }
            return written ?? SnapshotBytes()
        }
    }

    func remember(_ table: TableIdentifier, _ metadata: TableMetadata, snapshots: SnapshotBytes? = nil) {
        state.withLock { state in
            state.order.removeAll { $0 == table }
            state.order.append(table)
            state.byTable[table] = metadata
            state.snapshots[table] = snapshots
            if state.order.count > Self.tablesMax {
                let oldest = state.order.removeFirst()
                state.byTable[oldest] = nil
                state.snapshots[oldest] = nil
            }
        }
    }

    func forget(_ table: TableIdentifier) {
        state.withLock { state in
            state.order.removeAll { $0 == table }
            state.byTable[table] = nil
            state.snapshots[table] = nil
        }
    }
}

package import CatalogService
import Synchronization

/// Snapshots that somebody in this process reads for long, so that their files stay.
package final class SnapshotPins: Sendable {
    private let pins = Mutex<[TableIdentifier: [Int64: Int]]>([:])

    package init() {}

    package func pin(_ snapshotID: Int64, of table: TableIdentifier) {
        pins.withLock { $0[table, default: [:]][snapshotID, default: 0] += 1 }
    }

    package func release(_ snapshotID: Int64, of table: TableIdentifier) {
        pins.withLock { pins in
            let left = (pins[table]?[snapshotID] ?? 1) - 1
            pins[table]?[snapshotID] = left > 0 ? left : nil
            if pins[table]?.isEmpty == true { pins[table] = nil }
        }
    }

    func snapshots(of table: TableIdentifier) -> Set<Int64> {
        pins.withLock { Set($0[table]?.keys.map { $0 } ?? []) }
    }
}

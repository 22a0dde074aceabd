import Access
import GatewayHTTP
import Synchronization

/// A backup of three pieces, of the tables that there are.
final class FakeBackups: TableBackups {
    struct State: Sendable {
        var closed = 0
        var prepared: [String] = []
        var failsAfter: Int?
    }

    let state = Mutex(State())

    private struct Broken: Error {}

    private final class Reading: BackupReading {
        let owner: FakeBackups
        let snapshotID: Int64?
        let rowCount: Int64 = 3
        private let given = Mutex(0)

        init(owner: FakeBackups, snapshotID: Int64?) {
            self.owner = owner
            self.snapshotID = snapshotID
        }

        func next() async throws -> [UInt8]? {
            let index = given.withLock { count in
                defer { count += 1 }
                return count
            }
            if owner.state.withLock({ $0.failsAfter }) == index { throw Broken() }
            return index < 3 ? Array("piece \(index);".utf8) : nil
        }

        func close() { owner.state.withLock { $0.closed += 1 } }
    }

    func backup(of table: String, snapshotID: Int64?, for reader: Principal) async throws -> (any BackupReading)? {
        ["departments", "silver.departments_cleaned", "odd \"name\""].contains(table)
            ? Reading(owner: self, snapshotID: snapshotID ?? 7) : nil
    }

    func prepareRestore(of table: String) async throws { state.withLock { $0.prepared.append(table) } }
}

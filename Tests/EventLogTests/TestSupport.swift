import Foundation
import GRDB
import Synchronization

/// Counts the transactions that changed rows.
final class TransactionCount: TransactionObserver, Sendable {
    let count = Mutex(0)

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ db: Database) { count.withLock { $0 += 1 } }
    func databaseDidRollback(_ db: Database) {}
}

/// A file whose end did not reach the disk.
enum TornFile {
    static func cut(_ path: String, by bytes: UInt64) throws {
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try handle.truncate(atOffset: try handle.seekToEnd() - bytes)
        try handle.close()
    }
}

/// A clock that stands where a test puts it, in microseconds.
final class TestClock: Sendable {
    let now: Mutex<Int64>

    init(_ microseconds: Int64) { now = Mutex(microseconds) }
}

import Foundation
import GRDB
import SQLiteSupport
import Synchronization

/// The event log in one SQLite file: WAL with `synchronous=FULL`, one partition (0) a topic.
///
/// Appends that come while a transaction waits for its fsync share the next one (``CommitQueue``); each caller is
/// answered when the fsync of its transaction is done. The writer runs on the database's own thread, and reads see
/// committed records beside it.
package final class SQLiteEventLog: EventLog {
    package let incarnation: String
    package let limits: EventLogLimits
    let pool: DatabasePool
    private let path: String
    private let queue: Mutex<CommitQueue<PendingAppend>>
    private let signal = AppendSignal()
    private let nowMicroseconds: @Sendable () -> Int64

    /// Opens or creates the file; its folder must exist.
    /// - Parameter nowMicroseconds: the clock, since 1970 UTC.
    /// - Throws: `SQLiteFailure`; `log-corrupt` when the log has lost its identity.
    package init(
        path: String, limits: EventLogLimits = EventLogLimits(),
        nowMicroseconds: @escaping @Sendable () -> Int64 = SQLiteEventLog.systemMicroseconds
    ) throws {
        self.path = path
        self.limits = limits
        self.nowMicroseconds = nowMicroseconds
        queue = Mutex(CommitQueue(pendingBytesMax: limits.pendingBytesMax))
        var options = SQLiteFile.Options(synchronous: .full)
        options.pageBytes = LogSchema.pageBytes
        options.checkpointPages = LogSchema.checkpointPages
        options.incrementalVacuum = true
        pool = try SQLiteFile.open(
            path: path, options: options, migrator: LogSchema.migrator(newIncarnation: Self.freshIncarnation()))
        let stored = try SQLiteFailure.translating(path) { [pool] in
            try pool.read { db in
                try String.fetchOne(
                    db, sql: "SELECT value FROM log_properties WHERE name = ?", arguments: [LogSchema.incarnationKey])
            }
        }
        guard let stored else {
            throw EventLogError(
                code: "log-corrupt", message: "the log has lost its incarnation id",
                remedy: "restore the log from a copy")
        }
        incarnation = stored
        try SQLiteFailure.translating(path) { [pool] in try pool.read { try LogReading.checkTails($0) } }
    }

    /// Closes the connections after the appends under way; the log is not to be used afterwards.
    package func close() throws {
        queue.withLock { $0.close() }
        signal.finish()
        // A turn on the writer's queue: what was queued before is done when it comes.
        pool.writeWithoutTransaction { _ in }
        try SQLiteFailure.translating(path) { try pool.close() }
    }

    // MARK: Appending

    package func append(
        _ records: [LogRecord], to topic: String, idempotency: IdempotencyClaim?
    ) async throws -> AppendOutcome {
        let byteCount = try limits.validate(records, topic: topic, idempotency: idempotency)
        let items = try PendingAppend.items(of: records)
        return try await withCheckedThrowingContinuation { continuation in
            let append = PendingAppend(topic: topic, items: items, idempotency: idempotency, answer: continuation)
            switch queue.withLock({ $0.enqueue(append, byteCount: byteCount) }) {
            case .queued: break
            case .startWriter: pool.asyncWriteWithoutTransaction { [self] db in writeQueued(db) }
            case .refused(let pendingBytes):
                continuation.resume(throwing: limits.overloaded(pendingBytes: pendingBytes))
            case .closed:
                continuation.resume(throwing: EventLogError(code: "log-closed", message: "the log is closed"))
            }
        }
    }

    /// Appends that wait for a transaction.
    var queuedCount: Int { queue.withLock { $0.queuedCount } }

    /// The writer: one transaction after the other until nothing waits.
    private func writeQueued(_ db: Database) {
        while true {
            let batch = queue.withLock { $0.nextBatch() }
            if batch.isEmpty { return }
            do {
                let results = try commit(batch, db)
                for (append, result) in zip(batch, results) { append.answer.resume(with: result) }
                signal.send()
            } catch {
                for append in batch { append.answer.resume(throwing: error) }
            }
        }
    }

    private func commit(_ batch: [PendingAppend], _ db: Database) throws -> [Result<AppendOutcome, any Error>] {
        try SQLiteFailure.translating(path) {
            try db.beginTransaction(.immediate)
            let results: [Result<AppendOutcome, any Error>]
            do {
                results = try AppendTransaction(db: db, limits: limits, nowMicroseconds: nowMicroseconds()).apply(batch)
            } catch {
                if db.isInsideTransaction { try db.rollback() }
                throw error
            }
            do {
                try db.commit()
            } catch let error as DatabaseError {
                if db.isInsideTransaction {
                    do { try db.rollback() } catch { throw EventLogError.stateUnknown(error) }
                }
                // A full disk and a lock stop a COMMIT before its commit mark is written; others leave it open.
                let isKnown = error.resultCode == .SQLITE_FULL || error.resultCode == .SQLITE_BUSY
                throw isKnown ? error : EventLogError.stateUnknown(error)
            }
            return results
        }
    }

    // MARK: Reading

    package func read(
        topic: String, partition: Int, from offset: Int64, recordsMax: Int, bytesMax: Int
    ) async throws -> [StoredRecord] {
        try await SQLiteFailure.translating(path) {
            try await pool.read { db in
                guard let found = try LogReading.partition(db, topic: topic, number: partition) else { return [] }
                return try LogReading.records(db, found, from: offset, recordsMax: recordsMax, bytesMax: bytesMax)
            }
        }
    }

    package func endOffset(topic: String, partition: Int) async throws -> Int64 {
        try await SQLiteFailure.translating(path) {
            try await pool.read { try LogReading.partition($0, topic: topic, number: partition)?.endOffset ?? 0 }
        }
    }

    package func heads(
        topic: String, partition: Int, from offset: Int64, recordsMax: Int
    ) async throws -> [RecordHead] {
        try await reading(topic, partition, otherwise: []) {
            try LogReading.heads($0, $1, from: offset, recordsMax: recordsMax)
        }
    }

    package func extent(topic: String, partition: Int) async throws -> LogExtent {
        try await reading(topic, partition, otherwise: LogExtent(startOffset: 0, endOffset: 0, byteCount: 0)) {
            LogExtent(startOffset: $1.startOffset, endOffset: $1.endOffset, byteCount: $1.byteCount)
        }
    }

    package func offset(topic: String, partition: Int, appendedSince microseconds: Int64) async throws -> Int64 {
        try await reading(topic, partition, otherwise: 0) {
            try LogReading.offset($0, $1, appendedSince: microseconds)
        }
    }

    private func reading<Value: Sendable>(
        _ topic: String, _ partition: Int, otherwise none: Value,
        _ body: @escaping @Sendable (Database, LogReading.Partition) throws -> Value
    ) async throws -> Value {
        try await SQLiteFailure.translating(path) {
            try await pool.read { db in
                guard let found = try LogReading.partition(db, topic: topic, number: partition) else { return none }
                return try body(db, found)
            }
        }
    }

    @discardableResult package func trim(topic: String, partition: Int, before offset: Int64) async throws -> Int {
        try await SQLiteFailure.translating(path) {
            var total = 0
            while true {
                let count = try await pool.write {
                    try LogTrimming.portion($0, topic: topic, number: partition, before: offset)
                }
                total += count
                if count == 0 { break }
                try Task.checkCancellation()
            }
            if total > 0 { while try await pool.write({ try LogTrimming.vacuum($0) }) { try Task.checkCancellation() } }
            return total
        }
    }

    package func record(id: String) async throws -> StoredRecord? {
        try await SQLiteFailure.translating(path) { try await pool.read { try LogReading.record($0, id: id) } }
    }

    package func appends() -> AsyncStream<Void> { signal.stream() }

    /// Microseconds since 1970 UTC by the system's clock.
    package static let systemMicroseconds: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000_000) }

    /// 128 random bits, hexadecimal.
    private static func freshIncarnation() -> String {
        let words = [UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)]
        return words.map { word in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
    }
}

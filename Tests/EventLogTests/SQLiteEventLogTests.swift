import Dispatch
import GRDB
import LakeTesting
import SQLiteSupport
import Synchronization
import Testing

@testable import EventLog

@Suite struct SQLiteEventLogTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(
        _ name: String = "log.sqlite", limits: EventLogLimits = EventLogLimits(),
        now: @escaping @Sendable () -> Int64 = SQLiteEventLog.systemMicroseconds
    ) throws -> SQLiteEventLog {
        try SQLiteEventLog(path: folder.file(name), limits: limits, nowMicroseconds: now)
    }

    private func record(_ id: String, _ bytes: [UInt8] = [1, 2, 3]) -> LogRecord {
        LogRecord(id: id, key: [9], headers: ["h": "v"], payload: bytes)
    }

    private func all(_ log: SQLiteEventLog) async throws -> [StoredRecord] {
        try await log.read(topic: "t", partition: 0, from: 0, recordsMax: 10_000, bytesMax: .max)
    }

    @Test func `the writer syncs fully, in WAL mode, with large pages`() throws {
        let log = try open()
        let (level, mode, page) = try log.pool.writeWithoutTransaction { db in
            (
                try SQLiteFile.synchronous(of: db), try String.fetchOne(db, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(db, sql: "PRAGMA page_size")
            )
        }
        #expect(level == 2)
        #expect(mode == "wal")
        #expect(page == LogSchema.pageBytes)
    }

    @Test func `what was acknowledged before a kill is there after it, under the same incarnation`() async throws {
        let log = try open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<50 {
                group.addTask {
                    _ = try await log.append(
                        [record("\(index)", [UInt8](repeating: 7, count: 5000))], to: "t",
                        idempotency: IdempotencyClaim(key: "k\(index)", requestDigest: "d"))
                }
            }
            try await group.waitForAll()
        }
        try folder.copyDatabase("log.sqlite", to: "killed.sqlite")
        let after = try open("killed.sqlite")
        #expect(after.incarnation == log.incarnation)
        #expect(try await all(after) == all(log))
        #expect(try await after.endOffset(topic: "t", partition: 0) == 50)
        let claim = IdempotencyClaim(key: "k7", requestDigest: "d")
        guard case .replayed = try await after.append([record("new")], to: "t", idempotency: claim) else {
            Issue.record("the key was forgotten")
            return
        }
    }

    @Test func `a torn tail of the write-ahead log loses nothing before it`() async throws {
        let log = try open()
        for index in 0..<5 { _ = try await log.append([record("\(index)")], to: "t", idempotency: nil) }
        try folder.copyDatabase("log.sqlite", to: "torn.sqlite")
        try TornFile.cut(folder.file("torn.sqlite-wal"), by: 100)
        let after = try open("torn.sqlite")
        #expect(try await all(after).map(\.record.id) == ["0", "1", "2", "3"])
        #expect(try await after.endOffset(topic: "t", partition: 0) == 4)
    }

    @Test func `a log opened again goes on, a new one is another incarnation`() async throws {
        let first = try open()
        _ = try await first.append([record("a")], to: "t", idempotency: nil)
        try first.close()
        let closed = await #expect(throws: EventLogError.self) {
            _ = try await first.append([record("b")], to: "t", idempotency: nil)
        }
        #expect(closed?.code == "log-closed")
        let second = try open()
        guard case .appended(let records) = try await second.append([record("b")], to: "t", idempotency: nil) else {
            Issue.record("not appended")
            return
        }
        #expect(records.map(\.offset) == [1])
        #expect(try second.incarnation != open("other.sqlite").incarnation)
    }

    @Test(arguments: [
        "payload = x'010204'", "headers = '{\"h\":\"w\"}'", "headers = NULL", "key = NULL", "id = 'x'", "appended = 1",
        "\"offset\" = 5",
    ])
    func `a record that was changed is refused with its place, never skipped`(change: String) async throws {
        let log = try open()
        for id in ["a", "b", "c"] { _ = try await log.append([record(id)], to: "t", idempotency: nil) }
        try await log.pool.write { try $0.execute(sql: "UPDATE records SET \(change) WHERE id = 'b'") }
        let error = await #expect(throws: EventLogError.self) { try await all(log) }
        #expect(error?.code == "log-corrupt")
        #expect(error?.message.contains("offset 1 of t/0") == true)
        #expect(try await log.read(topic: "t", partition: 0, from: 0, recordsMax: 1, bytesMax: 9).count == 1)
        #expect(try await log.read(topic: "t", partition: 0, from: 2, recordsMax: 1, bytesMax: 9).count == 1)
    }

    @Test(arguments: ["a", "b", "c"]) func `a record that is gone is damage, not a gap`(id: String) async throws {
        let log = try open()
        for id in ["a", "b", "c"] { _ = try await log.append([record(id)], to: "t", idempotency: nil) }
        try await log.pool.write { try $0.execute(sql: "DELETE FROM records WHERE id = ?", arguments: [id]) }
        let error = await #expect(throws: EventLogError.self) { try await all(log) }
        #expect(error?.code == "log-corrupt")
    }

    @Test(arguments: [
        "DELETE FROM records WHERE id = 'c'", "UPDATE records SET payload = x'00' WHERE id = 'c'",
        "UPDATE partitions SET end_offset = 2",
    ])
    func `a damaged tail is told when the log is opened`(change: String) async throws {
        let log = try open()
        for id in ["a", "b", "c"] { _ = try await log.append([record(id)], to: "t", idempotency: nil) }
        try await log.pool.write { try $0.execute(sql: change) }
        try log.close()
        let error = #expect(throws: EventLogError.self) { _ = try open() }
        #expect(error?.code == "log-corrupt")
        #expect(error?.message.contains("offset 2 of t/0") == true)
        #expect(error?.remedy != nil)
    }

    @Test func `space of dropped records is used again, and given back when it is much`() async throws {
        let log = try open()
        let large = [UInt8](repeating: 7, count: 1 << 20)
        for index in 0..<80 {
            _ = try await log.append([LogRecord(id: "\(index)", payload: large)], to: "t", idempotency: nil)
        }
        func pages() async throws -> Int {
            try await log.pool.read { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
        }
        let before = try await pages()
        #expect(try await log.trim(topic: "t", partition: 0, before: 79) == 79)
        #expect(try await pages() < before - 700, "79 MiB were free, 64 are kept")
        let kept = try await log.read(topic: "t", partition: 0, from: 79, recordsMax: 9, bytesMax: .max)
        #expect(kept.map(\.offset) == [79])
    }

    @Test func `an append time never falls, whatever the clock does`() async throws {
        let clock = TestClock(1000)
        let log = try open(now: { clock.now.withLock { $0 } })
        for (index, time) in [1000, 2000, 500, 2001].enumerated() {
            clock.now.withLock { $0 = Int64(time) }
            _ = try await log.append([record("\(index)")], to: "t", idempotency: nil)
        }
        #expect(try await all(log).map(\.appendedMicroseconds) == [1000, 2000, 2000, 2001])
    }

    @Test func `an idempotency key is forgotten after its time and purged`() async throws {
        let clock = TestClock(0)
        let log = try open(now: { clock.now.withLock { $0 } })
        let claim = IdempotencyClaim(key: "k", requestDigest: "d")
        _ = try await log.append([record("a")], to: "t", idempotency: claim)
        clock.now.withLock { $0 = 24 * 3600 * 1_000_000 - 1 }
        guard case .replayed(let records) = try await log.append([record("b")], to: "t", idempotency: claim) else {
            Issue.record("forgotten too early")
            return
        }
        #expect(records.map(\.record.id) == ["a"])
        clock.now.withLock { $0 += 1 }
        let other = IdempotencyClaim(key: "k", requestDigest: "another")
        guard case .appended = try await log.append([record("c")], to: "t", idempotency: other) else {
            Issue.record("kept too long")
            return
        }
        clock.now.withLock { $0 *= 3 }
        _ = try await log.append([record("d")], to: "t", idempotency: nil)
        #expect(try await log.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM idempotency") } == 0)
    }

    @Test func `limits are kept and named`() async throws {
        var limits = EventLogLimits()
        limits.recordBytesMax = 100
        limits.appendBytesMax = 150
        limits.appendRecordsMax = 3
        let log = try open(limits: limits)
        let cases: [(String, [LogRecord])] = [
            ("record-too-large", [record("a", [UInt8](repeating: 0, count: 101))]),
            ("append-too-large", ["a", "b"].map { record($0, [UInt8](repeating: 0, count: 90)) }),
            ("append-too-large", ["a", "b", "c", "d"].map { record($0) }),
        ]
        for (code, records) in cases {
            let error = await #expect(throws: EventLogError.self) {
                _ = try await log.append(records, to: "t", idempotency: nil)
            }
            #expect(error?.code == code)
        }
        #expect(try await log.endOffset(topic: "t", partition: 0) == 0)
    }

    @Test func `appends that wait together share one transaction`() async throws {
        let log = try open()
        let transactions = TransactionCount()
        log.pool.add(transactionObserver: transactions, extent: .databaseLifetime)
        let gate = DispatchSemaphore(value: 0)
        // The writer is held until all have queued up.
        log.pool.asyncWriteWithoutTransaction { _ in gate.wait() }
        let appends = (0..<100).map { index in
            Task { try await log.append([record("\(index)")], to: "t", idempotency: nil) }
        }
        while log.queuedCount < 100 { await Task.yield() }
        gate.signal()
        for append in appends { _ = try await append.value }
        #expect(transactions.count.withLock { $0 } == 1)
    }

    @Test func `a database of a later version is refused`() throws {
        let log = try open()
        try log.pool.write { try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99-later')") }
        try log.close()
        let error = #expect(throws: SQLiteFailure.self) { try open() }
        #expect(error?.code == "database-newer")
    }
}

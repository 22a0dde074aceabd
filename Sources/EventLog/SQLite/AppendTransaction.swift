import GRDB
import SQLiteSupport

/// The appends of one transaction, each accepted, replayed or refused by itself.
///
/// A refusal is found before anything of that append is written, so that it leaves nothing behind for the others.
struct AppendTransaction {
    /// Expired idempotency keys dropped in one transaction at most.
    static let purgeRowsMax = 256

    let db: Database
    let limits: EventLogLimits
    let nowMicroseconds: Int64

    /// What each append comes to, in order; throws only for what makes the whole transaction fail.
    func apply(_ appends: [PendingAppend]) throws -> [Result<AppendOutcome, any Error>] {
        var results: [Result<AppendOutcome, any Error>] = []
        let insert = try RawStatement(
            db,
            sql: """
                INSERT INTO records (partition_id, "offset", id, appended, checksum, key, headers, payload)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """)
        var partitions: [String: LogReading.Partition] = [:]
        for append in appends {
            do {
                results.append(.success(try apply(append, insert, &partitions)))
            } catch let error as EventLogError {
                results.append(.failure(error))
            }
        }
        for partition in partitions.values {
            try db.execute(
                sql: "UPDATE partitions SET end_offset = ?, appended = ?, bytes = ? WHERE id = ?",
                arguments: [partition.endOffset, partition.appended, partition.byteCount, partition.id])
        }
        try purge()
        return results
    }

    private func apply(
        _ append: PendingAppend, _ insert: borrowing RawStatement, _ partitions: inout [String: LogReading.Partition]
    ) throws -> AppendOutcome {
        if let claim = append.idempotency, let outcome = try earlier(claim, partitions) { return outcome }
        for item in append.items where try isTaken(item.record.id) { throw EventLogLimits.idTaken(item.record.id) }
        var partition = try partitions[append.topic] ?? makePartition(append.topic)
        partition.appended = max(partition.appended, nowMicroseconds)
        let firstOffset = partition.endOffset
        var stored: [StoredRecord] = []
        stored.reserveCapacity(append.items.count)
        for item in append.items {
            try write(item, partition, insert)
            stored.append(
                StoredRecord(
                    topic: partition.topic, partition: partition.number, offset: partition.endOffset,
                    appendedMicroseconds: partition.appended, record: item.record))
            partition.endOffset += 1
            partition.byteCount += Int64(item.record.byteCount)
        }
        if let claim = append.idempotency {
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO idempotency
                    (key, digest, partition_id, first_offset, first_id, record_count, expires)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    claim.key, claim.requestDigest, partition.id, firstOffset,
                    stored.map(\.record.id).joined(separator: "\n"), stored.count,
                    nowMicroseconds + limits.idempotencySeconds * 1_000_000,
                ])
        }
        partitions[append.topic] = partition
        return .appended(stored)
    }

    private func write(
        _ item: PendingAppend.Item, _ partition: LogReading.Partition, _ insert: borrowing RawStatement
    ) throws {
        let checksum = RecordChecksum.record(
            content: item.contentChecksum, topic: partition.topic, partition: partition.number,
            offset: partition.endOffset, appendedMicroseconds: partition.appended)
        insert.bind(1, partition.id)
        insert.bind(2, partition.endOffset)
        insert.bind(3, item.record.id)
        insert.bind(4, partition.appended)
        insert.bind(5, checksum)
        if let key = item.record.key { insert.bind(6, blob: key) } else { insert.bindNull(6) }
        if let headers = item.headers { insert.bind(7, headers) } else { insert.bindNull(7) }
        // The payload lies in the item until the step is done, so it isn't copied.
        try unsafe item.record.payload.withUnsafeBufferPointer { payload in
            unsafe insert.bindBlob(8, payload, isStatic: true)
            try insert.run()
            insert.bindNull(8)
        }
    }

    /// The answer to a key that was seen before and has not expired.
    private func earlier(
        _ claim: IdempotencyClaim, _ partitions: [String: LogReading.Partition]
    ) throws -> AppendOutcome? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT digest, topic, partition, first_offset, record_count, first_id FROM idempotency
                    JOIN partitions ON partitions.id = partition_id WHERE key = ? AND expires > ?
                    """), arguments: [claim.key, nowMicroseconds])
        guard let row else { return nil }
        guard row[0] == claim.requestDigest else { return .conflict }
        // The end offset of a partition that this transaction has extended is not stored yet.
        let topic: String = row[1]
        guard var partition = try LogReading.partition(db, topic: topic, number: row[2]) else { return nil }
        if let current = partitions[topic] { partition.endOffset = current.endOffset }
        let first: Int64 = row[3]
        if first < partition.startOffset { return .replayed(Self.trimmed(row, partition)) }
        return .replayed(
            try LogReading.records(
                db, partition, from: row[3], recordsMax: row[4], bytesMax: .max))
    }

    /// What is left of records that retention has dropped.
    private static func trimmed(_ claim: Row, _ partition: LogReading.Partition) -> [StoredRecord] {
        let first: Int64 = claim[3]
        let ids: String = claim[5]
        return ids.split(separator: "\n").enumerated().map { index, id in
            StoredRecord(
                topic: partition.topic, partition: partition.number, offset: first + Int64(index),
                appendedMicroseconds: 0, record: LogRecord(id: String(id), payload: []))
        }
    }

    private func isTaken(_ id: String) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM records WHERE id = ?)"), arguments: [id]) == true
    }

    private func makePartition(_ topic: String) throws -> LogReading.Partition {
        try db.execute(
            sql:
                "INSERT INTO partitions (topic, partition, end_offset, appended) VALUES (?, 0, 0, 0) ON CONFLICT DO NOTHING",
            arguments: [topic])
        guard let partition = try LogReading.partition(db, topic: topic, number: 0) else {
            throw DatabaseError(resultCode: .SQLITE_INTERNAL, message: "a partition was not stored")
        }
        return partition
    }

    private func purge() throws {
        try db.execute(
            sql: "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE expires <= ? LIMIT ?)",
            arguments: [nowMicroseconds, Self.purgeRowsMax])
    }
}

import Foundation
import GRDB

/// Statements that read records, on whichever connection.
enum LogReading {
    struct Partition {
        var id: Int64
        var topic: String
        var number: Int
        var endOffset: Int64
        var appended: Int64
        var startOffset: Int64
        /// Of the records that are kept, about.
        var byteCount: Int64
    }

    static func partition(_ db: Database, topic: String, number: Int) throws -> Partition? {
        try Row.fetchOne(
            db.cachedStatement(
                sql: "\(partitionSelect) WHERE topic = ? AND partition = ?"), arguments: [topic, number]
        ).map(Self.partition)
    }

    static func partitions(_ db: Database) throws -> [Partition] {
        try Row.fetchAll(db, sql: partitionSelect).map(Self.partition)
    }

    private static let partitionSelect =
        "SELECT id, topic, partition, end_offset, appended, start_offset, bytes FROM partitions"

    private static func partition(_ row: Row) -> Partition {
        Partition(
            id: row[0], topic: row[1], number: row[2], endOffset: row[3], appended: row[4], startOffset: row[5],
            byteCount: row[6])
    }

    /// Records from `offset` on. Each is checked, and that none is missing between them.
    static func records(
        _ db: Database, _ partition: Partition, from offset: Int64, recordsMax: Int, bytesMax: Int
    ) throws -> [StoredRecord] {
        var result: [StoredRecord] = []
        var bytes = 0
        var expected = max(0, offset)
        guard recordsMax > 0, expected < partition.endOffset else { return [] }
        try check(expected, partition)
        let statement = try db.cachedStatement(
            sql: "SELECT \(columns) FROM records WHERE partition_id = ? AND \"offset\" >= ? ORDER BY \"offset\" LIMIT ?"
        )
        let rows = try Row.fetchCursor(statement, arguments: [partition.id, expected, recordsMax])
        while let row = try rows.next() {
            let record = try stored(row, topic: partition.topic, partition: partition.number)
            guard record.offset == expected else {
                throw EventLogError.corrupt(
                    topic: partition.topic, partition: partition.number, offset: expected, "it is missing")
            }
            let size = record.record.byteCount
            if !result.isEmpty, bytes + size > bytesMax { return result }
            bytes += size
            expected += 1
            result.append(record)
        }
        guard result.count == recordsMax || expected == partition.endOffset else {
            throw EventLogError.corrupt(
                topic: partition.topic, partition: partition.number, offset: expected, "it is missing")
        }
        return result
    }

    private static func check(_ offset: Int64, _ partition: Partition) throws {
        guard offset >= partition.startOffset else {
            throw EventLogError.trimmed(
                topic: partition.topic, partition: partition.number, offset: offset, startOffset: partition.startOffset)
        }
    }

    /// SQLite tells the length of a blob without reading the pages that it lies in.
    static func heads(
        _ db: Database, _ partition: Partition, from offset: Int64, recordsMax: Int
    ) throws -> [RecordHead] {
        let first = max(0, offset)
        guard recordsMax > 0, first < partition.endOffset else { return [] }
        try check(first, partition)
        let statement = try db.cachedStatement(
            sql: """
                SELECT "offset", id, appended, headers, length(payload) FROM records
                WHERE partition_id = ? AND "offset" >= ? ORDER BY "offset" LIMIT ?
                """)
        return try Row.fetchAll(statement, arguments: [partition.id, first, recordsMax]).map { row in
            let headers: String? = row[3]
            let id: String = row[1]
            let payloadBytes: Int = row[4]
            do {
                return RecordHead(
                    id: id, offset: row[0], appendedMicroseconds: row[2], headers: try HeaderCoding.headers(headers),
                    byteCount: payloadBytes + (headers?.utf8.count ?? 0) + id.utf8.count)
            } catch {
                throw EventLogError.corrupt(
                    topic: partition.topic, partition: partition.number, offset: row[0],
                    "its headers can't be read: \(error)")
            }
        }
    }

    /// The first offset whose record was appended at `microseconds` or later, by halving.
    static func offset(_ db: Database, _ partition: Partition, appendedSince microseconds: Int64) throws -> Int64 {
        let statement = try db.cachedStatement(
            sql: "SELECT appended FROM records WHERE partition_id = ? AND \"offset\" = ?")
        var low = partition.startOffset
        var high = partition.endOffset
        while low < high {
            let middle = low + (high - low) / 2
            guard let appended = try Int64.fetchOne(statement, arguments: [partition.id, middle]) else {
                throw EventLogError.corrupt(
                    topic: partition.topic, partition: partition.number, offset: middle, "it is missing")
            }
            if appended < microseconds { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Checks the last record of each partition, and that nothing stands behind it.
    static func checkTails(_ db: Database) throws {
        for partition in try partitions(db) {
            if partition.endOffset > partition.startOffset {
                _ = try records(db, partition, from: partition.endOffset - 1, recordsMax: 1, bytesMax: .max)
            }
            let stray = try Int64.fetchOne(
                db, sql: "SELECT min(\"offset\") FROM records WHERE partition_id = ? AND \"offset\" >= ?",
                arguments: [partition.id, partition.endOffset])
            if let stray {
                throw EventLogError.corrupt(
                    topic: partition.topic, partition: partition.number, offset: stray,
                    "it stands behind the end of the log, \(partition.endOffset)")
            }
        }
    }

    static func record(_ db: Database, id: String) throws -> StoredRecord? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(columns), topic, partition FROM records JOIN partitions ON partitions.id = partition_id
                WHERE records.id = ?
                """)
        guard let row = try Row.fetchOne(statement, arguments: [id]) else { return nil }
        return try stored(row, topic: row[7], partition: row[8])
    }

    private static let columns =
        "records.\"offset\", records.id, records.appended, records.checksum, records.key, records.headers, "
        + "records.payload"

    private static func stored(_ row: Row, topic: String, partition: Int) throws -> StoredRecord {
        let offset: Int64 = row[0]
        let id: String = row[1]
        let appended: Int64 = row[2]
        let checksum: Int64 = row[3]
        let key = (row[4] as Data?).map { [UInt8]($0) }
        let headers: String? = row[5]
        let payload = [UInt8](row[6] as Data)
        let content = RecordChecksum.content(id: id, key: key, headers: headers, payload: payload)
        let found = RecordChecksum.record(
            content: content, topic: topic, partition: partition, offset: offset, appendedMicroseconds: appended)
        guard found == checksum else {
            throw EventLogError.corrupt(
                topic: topic, partition: partition, offset: offset, "its checksum does not match its content")
        }
        do {
            return StoredRecord(
                topic: topic, partition: partition, offset: offset, appendedMicroseconds: appended,
                record: LogRecord(id: id, key: key, headers: try HeaderCoding.headers(headers), payload: payload))
        } catch {
            throw EventLogError.corrupt(
                topic: topic, partition: partition, offset: offset, "its headers can't be read: \(error)")
        }
    }
}

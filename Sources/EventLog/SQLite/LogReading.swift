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
    }

    static func partition(_ db: Database, topic: String, number: Int) throws -> Partition? {
        try Row.fetchOne(
            db.cachedStatement(
                sql: "SELECT id, end_offset, appended FROM partitions WHERE topic = ? AND partition = ?"),
            arguments: [topic, number]
        ).map { Partition(id: $0[0], topic: topic, number: number, endOffset: $0[1], appended: $0[2]) }
    }

    /// Records from `offset` on. Each is checked, and that none is missing between them.
    static func records(
        _ db: Database, _ partition: Partition, from offset: Int64, recordsMax: Int, bytesMax: Int
    ) throws -> [StoredRecord] {
        var result: [StoredRecord] = []
        var bytes = 0
        var expected = max(0, offset)
        guard recordsMax > 0, expected < partition.endOffset else { return [] }
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

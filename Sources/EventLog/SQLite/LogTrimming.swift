import GRDB

/// Dropping the oldest records, in portions that appends can go between.
enum LogTrimming {
    /// Records dropped in one transaction at most.
    static let portionRecordsMax = 512
    /// Bytes of records dropped in one transaction, about: 16 MiB.
    static let portionBytesMax: Int64 = 16 << 20
    /// Pages given back to the file system in one transaction at most: 4 MiB.
    static let vacuumPagesMax = 256
    /// Free pages that the file keeps for coming records: 64 MiB.
    static let freePagesKept = 4096

    /// Drops a portion of the records before `offset`, inside a transaction that the caller opened.
    /// - Returns: how many.
    static func portion(_ db: Database, topic: String, number: Int, before offset: Int64) throws -> Int {
        guard let partition = try LogReading.partition(db, topic: topic, number: number) else { return 0 }
        let heads = try LogReading.heads(db, partition, from: partition.startOffset, recordsMax: portionRecordsMax)
        var end = partition.startOffset
        var bytes: Int64 = 0
        for head in heads where head.offset < min(offset, partition.endOffset) && bytes < portionBytesMax {
            end = head.offset + 1
            bytes += Int64(head.byteCount)
        }
        guard end > partition.startOffset else { return 0 }
        try db.execute(
            sql: "DELETE FROM records WHERE partition_id = ? AND \"offset\" >= ? AND \"offset\" < ?",
            arguments: [partition.id, partition.startOffset, end])
        try db.execute(
            sql: "UPDATE partitions SET start_offset = ?, bytes = max(0, bytes - ?) WHERE id = ?",
            arguments: [end, bytes, partition.id])
        return Int(end - partition.startOffset)
    }

    /// Gives some free pages at the file's end back.
    /// - Returns: whether more could be given.
    static func vacuum(_ db: Database) throws -> Bool {
        let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        guard free > freePagesKept else { return false }
        let count = min(vacuumPagesMax, free - freePagesKept)
        // The statement steps once a page; it has no rows to show.
        _ = try Row.fetchAll(db, sql: "PRAGMA incremental_vacuum(\(count))")
        let left = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        return left < free && left > freePagesKept
    }
}

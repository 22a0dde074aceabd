import Foundation
import GRDB

/// The statements of one catalog commit, inside a transaction that the caller opened.
///
/// Steps: the fence, namespaces, the pointers and idempotency keys, the watermarks, then what hangs on them. Everything that can conflict comes first,
/// so that a commit that lost a race costs little.
struct CommitApplication {
    let db: Database

    func apply(_ commit: CatalogCommit) throws {
        if let fence = commit.fence { try check(fence) }
        for change in commit.namespaceChanges { try NamespaceApplication(db: db).apply(change) }
        let relations = RelationApplication(db: db)
        for removal in commit.removals { try relations.remove(removal) }
        for rename in commit.renames { try relations.rename(rename) }
        for swap in commit.swaps { try relations.swap(.table, swap) }
        for swap in commit.viewSwaps { try relations.swap(.view, swap) }
        for answer in commit.answers { try relations.insert(answer) }
        for watermark in commit.watermarks { try advance(watermark) }
        for table in commit.keyIndexResets {
            try db.execute(
                sql: "DELETE FROM key_index WHERE namespace = ? AND name = ?", arguments: [table.namespace, table.name])
        }
        for piece in commit.keyIndexPieces { try insert(piece) }
        for receipt in commit.receipts { try upsert(receipt) }
    }

    private func check(_ fence: CatalogCommit.Fence) throws {
        let found = try Int64.fetchOne(db, sql: "SELECT token FROM fences WHERE role = ?", arguments: [fence.role])
        guard found == fence.token else { throw CatalogError.fenceConflict(fence, found: found) }
    }

    private static let watermarkSelect =
        "SELECT topic, partition, incarnation, next_offset, step, ahead_offset, partial_state FROM watermarks"

    func watermark(topic: String, partition: Int) throws -> CatalogWatermark? {
        try Row.fetchOne(
            db, sql: "\(Self.watermarkSelect) WHERE topic = ? AND partition = ?", arguments: [topic, partition]
        ).map(Self.watermark)
    }

    func watermarks() throws -> [CatalogWatermark] {
        try Row.fetchAll(db, sql: "\(Self.watermarkSelect) ORDER BY topic, partition").map(Self.watermark)
    }

    private static func watermark(_ row: Row) -> CatalogWatermark {
        let step: Int64 = row[4]
        let partial: PartialWork? =
            step == 0 ? nil : PartialWork(step: step, aheadOffset: row[5], state: [UInt8](row[6] as Data))
        return CatalogWatermark(
            topic: row[0], partition: row[1], incarnation: row[2], nextOffset: row[3], partial: partial)
    }

    /// Within one incarnation of the log a watermark only moves forward. One of another incarnation replaces it at any
    /// offset and retires the former for good: a writer that still reads the old log can't bring it back.
    private func advance(_ wanted: CatalogWatermark) throws {
        if let stored = try watermark(topic: wanted.topic, partition: wanted.partition) {
            if stored.incarnation == wanted.incarnation {
                guard wanted.isPast(stored) else {
                    throw CatalogError.watermarkConflict(wanted, found: "\(stored.nextOffset)")
                }
            } else {
                try retire(stored, for: wanted)
            }
        }
        try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO watermarks
                    (topic, partition, incarnation, next_offset, step, ahead_offset, partial_state)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: [
                wanted.topic, wanted.partition, wanted.incarnation, wanted.nextOffset, wanted.partial?.step ?? 0,
                wanted.partial?.aheadOffset, wanted.partial.map { Data($0.state) },
            ])
    }

    private func retire(_ stored: CatalogWatermark, for wanted: CatalogWatermark) throws {
        let isRetired = try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM retired_incarnations
                    WHERE topic = ? AND partition = ? AND incarnation = ?)
                """, arguments: [wanted.topic, wanted.partition, wanted.incarnation])
        if isRetired == true {
            throw CatalogError.watermarkConflict(
                wanted, found: "\(stored.nextOffset) of log \(stored.incarnation), which has replaced that log")
        }
        try db.execute(
            sql: "INSERT INTO retired_incarnations (topic, partition, incarnation, next_offset) VALUES (?, ?, ?, ?)",
            arguments: [stored.topic, stored.partition, stored.incarnation, stored.nextOffset])
    }

    private func insert(_ piece: KeyIndexPiece) throws {
        try db.execute(
            sql: "INSERT INTO key_index (namespace, name, snapshot_id, bytes) VALUES (?, ?, ?, ?)",
            arguments: [piece.table.namespace, piece.table.name, piece.snapshotID, Data(piece.bytes)])
    }

    private func upsert(_ receipt: ReceiptRow) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO receipts (id, table_name, state, topic, partition, "offset", created, json)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET table_name = excluded.table_name, state = excluded.state,
                    topic = excluded.topic, partition = excluded.partition, "offset" = excluded."offset",
                    created = excluded.created, json = excluded.json
                """
        ).execute(
            arguments: [
                receipt.id, receipt.table, receipt.state, receipt.topic, receipt.partition, receipt.offset,
                receipt.createdMicroseconds, Data(receipt.json),
            ])
    }
}

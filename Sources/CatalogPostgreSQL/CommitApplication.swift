import CatalogService
import PostgreSQLSupport

/// The statements of one catalog commit, inside a transaction that the caller opened.
///
/// Steps: the lock on names if any comes or goes, the fence, namespaces, the pointers and idempotency keys, the
/// watermarks, then what hangs on them. Rows of one kind are locked in one order, so that commits of several tables don't
/// wait for each other crosswise. Every check is made on a row that the transaction holds, or under the lock on names, so
/// READ COMMITTED is enough.
struct CommitApplication {
    let session: PostgreSQLConnection

    func apply(_ commit: CatalogCommit) throws {
        if NamesLock.isNeeded(commit) { try NamesLock.take(session) }
        if let fence = commit.fence { try check(fence) }
        let namespaces = NamespaceApplication(session: session)
        for change in commit.namespaceChanges { try namespaces.apply(change) }
        let relations = RelationApplication(session: session)
        for removal in commit.removals { try relations.remove(removal) }
        for rename in commit.renames { try relations.rename(rename) }
        for swap in Self.inOrder(commit.swaps) { try relations.swap(.table, swap) }
        for swap in Self.inOrder(commit.viewSwaps) { try relations.swap(.view, swap) }
        for answer in commit.answers.sorted(by: { $0.key < $1.key }) { try relations.insert(answer) }
        for watermark in commit.watermarks { try advance(watermark) }
        for table in commit.keyIndexResets { try relations.dropKeyIndex(of: table) }
        for piece in commit.keyIndexPieces { try insert(piece) }
        for receipt in commit.receipts { try upsert(receipt) }
    }

    private static func inOrder(_ swaps: [CatalogCommit.Swap]) -> [CatalogCommit.Swap] {
        swaps.sorted { ($0.table.namespace, $0.table.name) < ($1.table.namespace, $1.table.name) }
    }

    /// The fence's row is held until the end, so that a newer writer gets its token only when this commit is through.
    private func check(_ fence: CatalogCommit.Fence) throws {
        let rows = try session.execute("SELECT token FROM fences WHERE role = $1 FOR SHARE", [.text(fence.role)])
        let found = rows.rowCount > 0 ? rows.int64(0, 0) : nil
        guard found == fence.token else { throw CatalogError.fenceConflict(fence, found: found) }
    }

    // MARK: Watermarks

    private static let watermarkSelect =
        "SELECT topic, partition, incarnation, next_offset, step, ahead_offset, partial_state FROM watermarks"

    func watermark(topic: String, partition: Int, isHeld: Bool = false) throws -> CatalogWatermark? {
        let rows = try session.execute(
            "\(Self.watermarkSelect) WHERE topic = $1 AND partition = $2\(isHeld ? " FOR UPDATE" : "")",
            [.text(topic), .bigint(partition)])
        return rows.rowCount > 0 ? Self.watermark(rows, 0) : nil
    }

    func watermarks() throws -> [CatalogWatermark] {
        let rows = try session.execute("\(Self.watermarkSelect) ORDER BY topic, partition")
        return (0..<rows.rowCount).map { Self.watermark(rows, $0) }
    }

    private static func watermark(_ rows: PostgreSQLResult, _ row: Int) -> CatalogWatermark {
        let step = rows.int64(row, 4)
        let partial: PartialWork? =
            step == 0 ? nil : PartialWork(step: step, aheadOffset: rows.int64(row, 5), state: rows.bytes(row, 6))
        return CatalogWatermark(
            topic: rows.text(row, 0), partition: Int(rows.int64(row, 1)), incarnation: rows.text(row, 2),
            nextOffset: rows.int64(row, 3), partial: partial)
    }

    /// Within one incarnation of the log a watermark only moves forward. One of another incarnation replaces it at any
    /// offset and retires the former for good: a writer that still reads the old log can't bring it back.
    private func advance(_ wanted: CatalogWatermark) throws {
        if try store(wanted, where: "w.incarnation = excluded.incarnation AND \(Self.isPast)") { return }
        guard let stored = try watermark(topic: wanted.topic, partition: wanted.partition, isHeld: true) else {
            throw CatalogError.watermarkConflict(wanted, found: "none")
        }
        guard stored.incarnation != wanted.incarnation else {
            throw CatalogError.watermarkConflict(wanted, found: "\(stored.nextOffset)")
        }
        try retire(stored, for: wanted)
        guard try store(wanted, where: "true") else {
            throw CatalogError.watermarkConflict(wanted, found: "another one")
        }
    }

    private static let isPast = "(excluded.next_offset, excluded.step) > (w.next_offset, w.step)"

    /// - Returns: whether there was no watermark, or one that `condition` lets go.
    private func store(_ wanted: CatalogWatermark, where condition: String) throws -> Bool {
        try session.execute(
            """
            INSERT INTO watermarks AS w (topic, partition, incarnation, next_offset, step, ahead_offset, partial_state)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (topic, partition) DO UPDATE SET incarnation = excluded.incarnation,
                next_offset = excluded.next_offset, step = excluded.step, ahead_offset = excluded.ahead_offset,
                partial_state = excluded.partial_state
                WHERE \(condition)
            """,
            [
                .text(wanted.topic), .bigint(wanted.partition), .text(wanted.incarnation), .bigint(wanted.nextOffset),
                .bigint(wanted.partial?.step ?? 0), .bigint(wanted.partial?.aheadOffset),
                .bytes(wanted.partial?.state),
            ]
        ).affectedRows == 1
    }

    private func retire(_ stored: CatalogWatermark, for wanted: CatalogWatermark) throws {
        let place: [PostgreSQLParameter] = [.text(wanted.topic), .bigint(wanted.partition)]
        let isRetired = try session.execute(
            """
            SELECT EXISTS (SELECT 1 FROM retired_incarnations
                WHERE topic = $1 AND partition = $2 AND incarnation = $3)
            """, place + [.text(wanted.incarnation)]
        ).boolean(0, 0)
        if isRetired {
            throw CatalogError.watermarkConflict(
                wanted, found: "\(stored.nextOffset) of log \(stored.incarnation), which has replaced that log")
        }
        _ = try session.execute(
            "INSERT INTO retired_incarnations (topic, partition, incarnation, next_offset) VALUES ($1, $2, $3, $4)",
            place + [.text(stored.incarnation), .bigint(stored.nextOffset)])
    }

    // MARK: What hangs on them

    private func insert(_ piece: KeyIndexPiece) throws {
        _ = try session.execute(
            "INSERT INTO key_index (namespace, name, snapshot_id, bytes) VALUES ($1, $2, $3, $4)",
            [.text(piece.table.namespace), .text(piece.table.name), .bigint(piece.snapshotID), .bytes(piece.bytes)])
    }

    private func upsert(_ receipt: ReceiptRow) throws {
        _ = try session.execute(
            """
            INSERT INTO receipts (id, table_name, state, topic, partition, "offset", created, json)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (id) DO UPDATE SET table_name = excluded.table_name, state = excluded.state,
                topic = excluded.topic, partition = excluded.partition, "offset" = excluded."offset",
                created = excluded.created, json = excluded.json
            """,
            [
                .text(receipt.id), .text(receipt.table), .text(receipt.state), .text(receipt.topic),
                .bigint(receipt.partition), .bigint(receipt.offset), .bigint(receipt.createdMicroseconds),
                .bytes(receipt.json),
            ])
    }
}

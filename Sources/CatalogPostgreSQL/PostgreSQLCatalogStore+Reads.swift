package import CatalogService
import PostgreSQLSupport

extension PostgreSQLCatalogStore {
    // MARK: Namespaces, tables and views

    package func namespaces() async throws -> [String] {
        try await texts("SELECT name FROM namespaces ORDER BY name", [])
    }

    package func namespaceProperties(_ name: String) async throws -> [String: String]? {
        try await pool.read { try NamespaceApplication(session: $0).properties(name) }
    }

    package func namespaces(below parent: String?, after: String?, limit: Int) async throws -> [String] {
        try await pool.read { try NamespaceApplication(session: $0).children(of: parent, after: after, limit: limit) }
    }

    package func tables(in namespace: String) async throws -> [TableIdentifier] {
        try await texts(
            "SELECT name FROM relations WHERE namespace = $1 AND kind = 'table' ORDER BY name", [.text(namespace)]
        ).map { TableIdentifier(namespace: namespace, name: $0) }
    }

    package func names(
        of kind: RelationKind, in namespace: String, after: String?, limit: Int
    ) async throws -> [String] {
        try await texts(
            """
            SELECT name FROM relations WHERE namespace = $1 AND name > $2 AND kind = $3
            ORDER BY name LIMIT $4
            """, [.text(namespace), .text(after ?? ""), .text(kind.rawValue), .bigint(max(0, limit))])
    }

    package func pointer(_ table: TableIdentifier) async throws -> TablePointer? {
        try await pool.read { try RelationApplication(session: $0).pointer(.table, table) }
    }

    package func viewPointer(_ view: TableIdentifier) async throws -> TablePointer? {
        try await pool.read { try RelationApplication(session: $0).pointer(.view, view) }
    }

    package func idempotentAnswer(key: String) async throws -> IdempotentAnswer? {
        try await pool.read { try RelationApplication(session: $0).answer(key: key) }
    }

    // MARK: Watermarks, receipts, key index

    package func watermark(topic: String, partition: Int) async throws -> CatalogWatermark? {
        try await pool.read { try CommitApplication(session: $0).watermark(topic: topic, partition: partition) }
    }

    package func watermarks() async throws -> [CatalogWatermark] {
        try await pool.read { try CommitApplication(session: $0).watermarks() }
    }

    package func receipt(id: String) async throws -> ReceiptRow? {
        try await pool.read { session in
            let rows = try session.execute("\(Self.receiptSelect) WHERE id = $1", [.text(id)])
            return rows.rowCount > 0 ? Self.receipt(rows, 0) : nil
        }
    }

    package func receipts(table: String?, before: String?, limit: Int) async throws -> [ReceiptRow] {
        var conditions: [String] = []
        var parameters: [PostgreSQLParameter] = []
        for (column, value) in [("table_name =", table), ("id <", before)] where value != nil {
            parameters.append(.text(value))
            conditions.append("\(column) $\(parameters.count)")
        }
        parameters.append(.bigint(max(0, limit)))
        let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let sql = "\(Self.receiptSelect) \(filter) ORDER BY id DESC LIMIT $\(parameters.count)"
        return try await pool.read { [parameters] session in
            let rows = try session.execute(sql, parameters)
            return (0..<rows.rowCount).map { Self.receipt(rows, $0) }
        }
    }

    /// - Complexity: O(receipts counted).
    package func receiptCount(table: String?) async throws -> Int {
        let filter = table == nil ? "" : " WHERE table_name = $1"
        return try await pool.read { session in
            let rows = try session.execute(
                "SELECT count(*) FROM receipts\(filter)", table.map { [.text($0)] } ?? [])
            return Int(rows.int64(0, 0))
        }
    }

    package func keyIndex(_ table: TableIdentifier) async throws -> [KeyIndexPiece] {
        try await pool.read { session in
            let rows = try session.execute(
                "SELECT snapshot_id, bytes FROM key_index WHERE namespace = $1 AND name = $2 ORDER BY sequence",
                [.text(table.namespace), .text(table.name)])
            return (0..<rows.rowCount).map {
                KeyIndexPiece(table: table, snapshotID: rows.int64($0, 0), bytes: rows.bytes($0, 1))
            }
        }
    }

    // MARK: Plumbing

    private static let receiptSelect =
        "SELECT id, table_name, state, topic, partition, \"offset\", created, json FROM receipts"

    private static func receipt(_ rows: PostgreSQLResult, _ row: Int) -> ReceiptRow {
        ReceiptRow(
            id: rows.text(row, 0), table: rows.text(row, 1), state: rows.text(row, 2), topic: rows.text(row, 3),
            partition: Int(rows.int64(row, 4)), offset: rows.int64(row, 5), createdMicroseconds: rows.int64(row, 6),
            json: rows.bytes(row, 7))
    }

    private func texts(_ sql: String, _ parameters: [PostgreSQLParameter]) async throws -> [String] {
        try await pool.read { session in
            let rows = try session.execute(sql, parameters)
            return (0..<rows.rowCount).map { rows.text($0, 0) }
        }
    }
}

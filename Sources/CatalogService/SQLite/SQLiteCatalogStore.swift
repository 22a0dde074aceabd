import Foundation
import GRDB
import SQLiteSupport

/// The catalog database in one SQLite file: WAL with `synchronous=FULL`, so that a commit that has returned survives
/// power loss. Writes are serialised on one connection, reads see committed snapshots beside them.
package final class SQLiteCatalogStore: CatalogStore {
    let pool: DatabasePool
    private let path: String

    /// Opens or creates the file; its folder must exist.
    /// - Throws: `SQLiteFailure`, of them `database-newer` for a file of a later version.
    package init(path: String) throws {
        self.path = path
        pool = try SQLiteFile.open(path: path, options: .init(synchronous: .full), migrator: CatalogSchema.migrator)
    }

    /// Closes the connections; the store is not to be used afterwards.
    package func close() throws { try SQLiteFailure.translating(path) { try pool.close() } }

    // MARK: Namespaces and tables

    package func namespaces() async throws -> [String] {
        try await read { try String.fetchAll($0, sql: "SELECT name FROM namespaces ORDER BY name") }
    }

    package func createNamespace(_ name: String, properties: [String: String]) async throws {
        let text = try NamespaceApplication.text(properties)
        try await write { db in
            try db.execute(
                sql: "INSERT INTO namespaces (name, properties) VALUES (?, ?) ON CONFLICT DO NOTHING",
                arguments: [name, text])
        }
    }

    package func tables(in namespace: String) async throws -> [TableIdentifier] {
        try await read { db in
            try String.fetchAll(
                db, sql: "SELECT name FROM tables WHERE namespace = ? ORDER BY name", arguments: [namespace]
            )
            .map { TableIdentifier(namespace: namespace, name: $0) }
        }
    }

    package func pointer(_ table: TableIdentifier) async throws -> TablePointer? {
        try await read { db in
            try Row.fetchOne(
                db.cachedStatement(
                    sql: "SELECT metadata_location, version FROM tables WHERE namespace = ? AND name = ?"),
                arguments: [table.namespace, table.name]
            ).map { TablePointer(table: table, metadataLocation: $0[0], version: $0[1]) }
        }
    }

    // MARK: Commit

    package func commit(_ commit: CatalogCommit) async throws {
        try await write { db in try CommitApplication(db: db).apply(commit) }
    }

    package func acquireFence(role: String) async throws -> Int64 {
        try await write { db in
            let token = try Int64.fetchOne(
                db,
                sql: """
                    INSERT INTO fences (role, token) VALUES (?, 1)
                    ON CONFLICT (role) DO UPDATE SET token = token + 1 RETURNING token
                    """, arguments: [role])
            guard let token else {
                throw DatabaseError(resultCode: .SQLITE_INTERNAL, message: "no token was returned")
            }
            return token
        }
    }

    // MARK: Watermarks, receipts, key index

    package func watermark(topic: String, partition: Int) async throws -> CatalogWatermark? {
        try await read { try CommitApplication(db: $0).watermark(topic: topic, partition: partition) }
    }

    package func watermarks() async throws -> [CatalogWatermark] {
        try await read { try CommitApplication(db: $0).watermarks() }
    }

    package func receipt(id: String) async throws -> ReceiptRow? {
        try await read { db in
            try Row.fetchOne(
                db.cachedStatement(sql: "\(Self.receiptSelect) WHERE id = ?"), arguments: [id]
            ).map(Self.receipt)
        }
    }

    package func receipts(table: String?, before: String?, limit: Int) async throws -> [ReceiptRow] {
        var conditions: [String] = []
        var arguments = StatementArguments()
        if let table {
            conditions.append("table_name = ?")
            arguments += [table]
        }
        if let before {
            conditions.append("id < ?")
            arguments += [before]
        }
        arguments += [max(0, limit)]
        let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let sql = "\(Self.receiptSelect) \(filter) ORDER BY id DESC LIMIT ?"
        return try await read { [arguments] db in
            try Row.fetchAll(db, sql: sql, arguments: arguments).map(Self.receipt)
        }
    }

    package func receipts(ids: [String]) async throws -> [ReceiptRow] {
        try await read { db in
            // In one snapshot, a look on the index for each.
            let statement = try db.cachedStatement(sql: "\(Self.receiptSelect) WHERE id = ?")
            return try ids.compactMap { try Row.fetchOne(statement, arguments: [$0]).map(Self.receipt) }
        }
    }

    /// - Complexity: O(receipts counted), on an index.
    package func receiptCount(table: String?) async throws -> Int {
        try await read { db in
            guard let table else { return try Int.fetchOne(db, sql: "SELECT count(*) FROM receipts") ?? 0 }
            return try Int.fetchOne(db, sql: "SELECT count(*) FROM receipts WHERE table_name = ?", arguments: [table])
                ?? 0
        }
    }

    package func keyIndex(_ table: TableIdentifier) async throws -> [KeyIndexPiece] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT snapshot_id, bytes FROM key_index WHERE namespace = ? AND name = ? ORDER BY sequence",
                arguments: [table.namespace, table.name]
            ).map { KeyIndexPiece(table: table, snapshotID: $0[0], bytes: [UInt8]($0[1] as Data)) }
        }
    }

    // MARK: Plumbing

    private static let receiptSelect =
        "SELECT id, table_name, state, topic, partition, \"offset\", created, json FROM receipts"

    private static func receipt(_ row: Row) -> ReceiptRow {
        ReceiptRow(
            id: row[0], table: row[1], state: row[2], topic: row[3], partition: row[4], offset: row[5],
            createdMicroseconds: row[6], json: [UInt8](row[7] as Data))
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await SQLiteFailure.translating(path) { try await pool.read(body) }
    }

    /// One immediate transaction. What fails before COMMIT has changed nothing and is told as it is; a COMMIT that
    /// fails other than by a full disk or a lock leaves open whether it stands.
    private func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await SQLiteFailure.translating(path) {
            try await pool.writeWithoutTransaction { db in
                try db.beginTransaction(.immediate)
                let value: Value
                do {
                    value = try body(db)
                } catch {
                    if db.isInsideTransaction { try db.rollback() }
                    throw error
                }
                do {
                    try db.commit()
                } catch {
                    let isKnown = Self.isKnownToHaveFailed(error)
                    do {
                        if db.isInsideTransaction { try db.rollback() }
                    } catch let rollback {
                        throw CatalogError.stateUnknown(rollback)
                    }
                    throw isKnown ? error : CatalogError.stateUnknown(error)
                }
                return value
            }
        }
    }

    /// A full disk and a lock stop a COMMIT before its commit mark is written.
    static func isKnownToHaveFailed(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return false }
        return error.resultCode == .SQLITE_FULL || error.resultCode == .SQLITE_BUSY
    }
}

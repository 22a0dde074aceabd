import CatalogService
import PostgreSQLSupport

/// Statements about tables and views and their names, inside a transaction that the caller opened.
struct RelationApplication {
    let session: PostgreSQLConnection

    private static func key(_ name: TableIdentifier) -> [PostgreSQLParameter] {
        [.text(name.namespace), .text(name.name)]
    }

    func pointer(_ kind: RelationKind, _ name: TableIdentifier) throws -> TablePointer? {
        let rows = try session.execute(
            "SELECT metadata_location, version FROM relations WHERE namespace = $1 AND name = $2 AND kind = $3",
            Self.key(name) + [.text(kind.rawValue)])
        guard rows.rowCount > 0 else { return nil }
        return TablePointer(table: name, metadataLocation: rows.text(0, 0), version: rows.int64(0, 1))
    }

    private func location(_ kind: RelationKind, _ name: TableIdentifier) throws -> String? {
        try pointer(kind, name)?.metadataLocation
    }

    /// The compare-and-swap: a statement that waits for another transaction's row looks at what that one left.
    func swap(_ kind: RelationKind, _ swap: CatalogCommit.Swap) throws {
        guard let expected = swap.expectedMetadataLocation else { return try create(kind, swap) }
        let updated = try session.execute(
            """
            UPDATE relations SET metadata_location = $4, version = version + 1
            WHERE namespace = $1 AND name = $2 AND kind = $3 AND metadata_location = $5
            """,
            Self.key(swap.table) + [.text(kind.rawValue), .text(swap.newMetadataLocation), .text(expected)])
        guard updated.affectedRows == 1 else {
            throw CatalogError.pointerConflict(
                swap.table, expected: expected, found: try location(kind, swap.table))
        }
    }

    private func create(_ kind: RelationKind, _ swap: CatalogCommit.Swap) throws {
        let name = swap.table
        if let found = try location(kind, name) {
            throw CatalogError.pointerConflict(name, expected: nil, found: found)
        }
        guard try NamespaceApplication(session: session).exists(name.namespace) else {
            throw CatalogError.namespaceMissing(name.namespace)
        }
        let other: RelationKind = kind == .table ? .view : .table
        if try location(other, name) != nil { throw CatalogError.relationExists(other, name) }
        _ = try session.execute(
            """
            INSERT INTO relations (namespace, name, kind, metadata_location, version) VALUES ($1, $2, $3, $4, 1)
            """, Self.key(name) + [.text(kind.rawValue), .text(swap.newMetadataLocation)])
    }

    func remove(_ removal: RelationRemoval) throws {
        let name = removal.name
        let deleted = try session.execute(
            """
            DELETE FROM relations WHERE namespace = $1 AND name = $2 AND kind = $3
                AND ($4 IS NULL OR metadata_location = $4)
            """, Self.key(name) + [.text(removal.kind.rawValue), .text(removal.expectedMetadataLocation)])
        guard deleted.affectedRows == 1 else {
            guard let found = try location(removal.kind, name) else {
                throw CatalogError.relationMissing(removal.kind, name)
            }
            throw CatalogError.pointerConflict(name, expected: removal.expectedMetadataLocation, found: found)
        }
        if removal.kind == .table { try dropKeyIndex(of: name) }
    }

    func dropKeyIndex(of name: TableIdentifier) throws {
        _ = try session.execute("DELETE FROM key_index WHERE namespace = $1 AND name = $2", Self.key(name))
    }

    func rename(_ rename: RelationRename) throws {
        guard try location(rename.kind, rename.from) != nil else {
            throw CatalogError.relationMissing(rename.kind, rename.from)
        }
        guard try NamespaceApplication(session: session).exists(rename.to.namespace) else {
            throw CatalogError.namespaceMissing(rename.to.namespace)
        }
        for kind in RelationKind.allCases where try location(kind, rename.to) != nil {
            throw CatalogError.relationExists(kind, rename.to)
        }
        for table in rename.kind == .table ? ["relations", "key_index"] : ["relations"] {
            _ = try session.execute(
                "UPDATE \(table) SET namespace = $3, name = $4 WHERE namespace = $1 AND name = $2",
                Self.key(rename.from) + Self.key(rename.to))
        }
    }

    // MARK: Idempotency keys

    /// Expired answers that one commit deletes at most.
    private static let expiredMax = 1_000

    /// Expired answers that another commit is deleting are left to it.
    func insert(_ answer: IdempotentAnswer) throws {
        let oldest = answer.createdMicroseconds - IdempotentAnswer.lifetimeSeconds * 1_000_000
        _ = try session.execute(
            """
            DELETE FROM idempotent_answers WHERE key IN (
                SELECT key FROM idempotent_answers WHERE created < $1 ORDER BY created LIMIT \(Self.expiredMax)
                FOR UPDATE SKIP LOCKED)
            """, [.bigint(oldest)])
        let inserted = try session.execute(
            """
            INSERT INTO idempotent_answers (key, digest, created, status, metadata_location, body)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, created = excluded.created,
                status = excluded.status, metadata_location = excluded.metadata_location, body = excluded.body
                WHERE idempotent_answers.created < $7
            """,
            [
                .text(answer.key), .text(answer.digest), .bigint(answer.createdMicroseconds), .bigint(answer.status),
                .text(answer.metadataLocation), .bytes(answer.body), .bigint(oldest),
            ])
        guard inserted.affectedRows == 1 else { throw CatalogError.idempotencyKeyUsed(answer.key) }
    }

    func answer(key: String) throws -> IdempotentAnswer? {
        let rows = try session.execute(
            "SELECT digest, created, status, metadata_location, body FROM idempotent_answers WHERE key = $1",
            [.text(key)])
        guard rows.rowCount > 0 else { return nil }
        return IdempotentAnswer(
            key: key, digest: rows.text(0, 0), createdMicroseconds: rows.int64(0, 1), status: Int(rows.int64(0, 2)),
            metadataLocation: rows.optionalText(0, 3), body: rows.bytes(0, 4))
    }
}

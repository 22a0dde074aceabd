import Foundation
import GRDB

/// Statements about tables and views and their names, inside a transaction that the caller opened.
struct RelationApplication {
    let db: Database

    /// The SQL name of the table that holds the pointers of this kind.
    static func sqlTable(_ kind: RelationKind) -> String { kind == .table ? "tables" : "views" }

    func location(_ kind: RelationKind, _ name: TableIdentifier) throws -> String? {
        let sql = "SELECT metadata_location FROM \(Self.sqlTable(kind)) WHERE namespace = ? AND name = ?"
        return try String.fetchOne(db.cachedStatement(sql: sql), arguments: [name.namespace, name.name])
    }

    func swap(_ kind: RelationKind, _ swap: CatalogCommit.Swap) throws {
        let name = swap.table
        let found = try location(kind, name)
        guard found == swap.expectedMetadataLocation else {
            throw CatalogError.pointerConflict(name, expected: swap.expectedMetadataLocation, found: found)
        }
        if found != nil {
            let statement = try db.cachedStatement(
                sql: """
                    UPDATE \(Self.sqlTable(kind)) SET metadata_location = ?, version = version + 1
                    WHERE namespace = ? AND name = ?
                    """)
            try statement.execute(arguments: [swap.newMetadataLocation, name.namespace, name.name])
            return
        }
        guard try NamespaceApplication(db: db).exists(name.namespace) else {
            throw CatalogError.namespaceMissing(name.namespace)
        }
        let other: RelationKind = kind == .table ? .view : .table
        if try location(other, name) != nil { throw CatalogError.relationExists(other, name) }
        try db.execute(
            sql: """
                INSERT INTO \(Self.sqlTable(kind)) (namespace, name, metadata_location, version) VALUES (?, ?, ?, 1)
                """, arguments: [name.namespace, name.name, swap.newMetadataLocation])
    }

    func remove(_ removal: RelationRemoval) throws {
        let name = removal.name
        guard let found = try location(removal.kind, name) else {
            throw CatalogError.relationMissing(removal.kind, name)
        }
        if let expected = removal.expectedMetadataLocation, expected != found {
            throw CatalogError.pointerConflict(name, expected: expected, found: found)
        }
        try db.execute(
            sql: "DELETE FROM \(Self.sqlTable(removal.kind)) WHERE namespace = ? AND name = ?",
            arguments: [name.namespace, name.name])
        if removal.kind == .table {
            try db.execute(
                sql: "DELETE FROM key_index WHERE namespace = ? AND name = ?", arguments: [name.namespace, name.name])
        }
    }

    func rename(_ rename: RelationRename) throws {
        guard try location(rename.kind, rename.from) != nil else {
            throw CatalogError.relationMissing(rename.kind, rename.from)
        }
        guard try NamespaceApplication(db: db).exists(rename.to.namespace) else {
            throw CatalogError.namespaceMissing(rename.to.namespace)
        }
        for kind in RelationKind.allCases where try location(kind, rename.to) != nil {
            throw CatalogError.relationExists(kind, rename.to)
        }
        let tables = rename.kind == .table ? ["tables", "key_index"] : ["views"]
        for table in tables {
            try db.execute(
                sql: "UPDATE \(table) SET namespace = ?, name = ? WHERE namespace = ? AND name = ?",
                arguments: [rename.to.namespace, rename.to.name, rename.from.namespace, rename.from.name])
        }
    }

    func insert(_ answer: IdempotentAnswer) throws {
        let oldest = answer.createdMicroseconds - IdempotentAnswer.lifetimeSeconds * 1_000_000
        try db.execute(sql: "DELETE FROM idempotent_answers WHERE created < ?", arguments: [oldest])
        let isUsed = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM idempotent_answers WHERE key = ?)", arguments: [answer.key])
        if isUsed == true { throw CatalogError.idempotencyKeyUsed(answer.key) }
        try db.execute(
            sql: """
                INSERT INTO idempotent_answers (key, digest, created, status, metadata_location, body)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                answer.key, answer.digest, answer.createdMicroseconds, answer.status, answer.metadataLocation,
                Data(answer.body),
            ])
    }
}

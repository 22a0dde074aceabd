import Foundation
import GRDB

extension SQLiteCatalogStore {
    package func namespaceProperties(_ name: String) async throws -> [String: String]? {
        try await read { try NamespaceApplication(db: $0).properties(name) }
    }

    package func namespaces(below parent: String?, after: String?, limit: Int) async throws -> [String] {
        try await read { try NamespaceApplication(db: $0).children(of: parent, after: after, limit: limit) }
    }

    package func names(
        of kind: RelationKind, in namespace: String, after: String?, limit: Int
    ) async throws -> [String] {
        try await read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT name FROM \(RelationApplication.sqlTable(kind)) WHERE namespace = ? AND name > ?
                    ORDER BY name LIMIT ?
                    """, arguments: [namespace, after ?? "", max(0, limit)])
        }
    }

    package func viewPointer(_ view: TableIdentifier) async throws -> TablePointer? {
        try await read { db in
            try Row.fetchOne(
                db, sql: "SELECT metadata_location, version FROM views WHERE namespace = ? AND name = ?",
                arguments: [view.namespace, view.name]
            ).map { TablePointer(table: view, metadataLocation: $0[0], version: $0[1]) }
        }
    }

    package func idempotentAnswer(key: String) async throws -> IdempotentAnswer? {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT digest, created, status, metadata_location, body FROM idempotent_answers WHERE key = ?
                    """, arguments: [key]
            ).map {
                IdempotentAnswer(
                    key: key, digest: $0[0], createdMicroseconds: $0[1], status: $0[2], metadataLocation: $0[3],
                    body: [UInt8]($0[4] as Data))
            }
        }
    }
}

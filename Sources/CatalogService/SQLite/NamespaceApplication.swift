import Foundation
import GRDB

/// Statements about namespaces, inside a transaction or a read that the caller opened.
struct NamespaceApplication {
    let db: Database

    func apply(_ change: NamespaceChange) throws {
        switch change {
        case .create(let name, let properties): try create(name, properties)
        case .drop(let name): try drop(name)
        case .setProperties(let name, let updates, let removals):
            guard var properties = try properties(name) else { throw CatalogError.namespaceMissing(name) }
            for key in removals { properties[key] = nil }
            properties.merge(updates) { _, new in new }
            try db.execute(
                sql: "UPDATE namespaces SET properties = ? WHERE name = ?",
                arguments: [try Self.text(properties), name])
        }
    }

    static func text(_ properties: [String: String]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(properties), as: UTF8.self)
    }

    func properties(_ name: String) throws -> [String: String]? {
        try String.fetchOne(db, sql: "SELECT properties FROM namespaces WHERE name = ?", arguments: [name]).map {
            try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
        }
    }

    func exists(_ name: String) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM namespaces WHERE name = ?)", arguments: [name])
            ?? false
    }

    private func create(_ name: String, _ properties: [String: String]) throws {
        if try exists(name) { throw CatalogError.namespaceExists(name) }
        for ancestor in NamespaceName.ancestors(name) {
            try db.execute(
                sql: "INSERT INTO namespaces (name, properties) VALUES (?, '{}') ON CONFLICT DO NOTHING",
                arguments: [ancestor])
        }
        try db.execute(
            sql: "INSERT INTO namespaces (name, properties) VALUES (?, ?)",
            arguments: [name, try Self.text(properties)])
    }

    private func drop(_ name: String) throws {
        guard try exists(name) else { throw CatalogError.namespaceMissing(name) }
        for (table, what) in [("tables", "tables"), ("views", "views")] {
            let holds = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM \(table) WHERE namespace = ?)", arguments: [name])
            if holds == true { throw CatalogError.namespaceNotEmpty(name, holds: what) }
        }
        if try !children(of: name, after: nil, limit: 1).isEmpty {
            throw CatalogError.namespaceNotEmpty(name, holds: "namespaces")
        }
        try db.execute(sql: "DELETE FROM namespaces WHERE name = ?", arguments: [name])
    }

    /// - Complexity: O(all namespaces below `parent`), on the primary key.
    func children(of parent: String?, after: String?, limit: Int) throws -> [String] {
        let prefix = parent.map { $0 + String(NamespaceName.separator) } ?? ""
        // The character behind the separator ends the range of names that begin with the prefix.
        let end = parent.map { $0 + "\u{20}" }
        return try String.fetchAll(
            db,
            sql: """
                SELECT name FROM namespaces
                WHERE name > ? AND (? IS NULL OR name < ?) AND instr(substr(name, ?), char(31)) = 0
                ORDER BY name LIMIT ?
                """,
            arguments: [after ?? prefix, end, end, prefix.unicodeScalars.count + 1, max(0, limit)])
    }
}

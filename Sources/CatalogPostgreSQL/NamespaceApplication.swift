import CatalogService
import Foundation
import PostgreSQLSupport

/// Statements about namespaces. Those that change something run in a transaction that holds ``NamesLock``.
struct NamespaceApplication {
    let session: PostgreSQLConnection

    func apply(_ change: NamespaceChange) throws {
        switch change {
        case .create(let name, let properties): try create(name, properties)
        case .drop(let name): try drop(name)
        case .setProperties(let name, let updates, let removals):
            guard var properties = try properties(name) else { throw CatalogError.namespaceMissing(name) }
            for key in removals { properties[key] = nil }
            properties.merge(updates) { _, new in new }
            _ = try session.execute(
                "UPDATE namespaces SET properties = $1 WHERE name = $2",
                [.text(try Self.text(properties)), .text(name)])
        }
    }

    /// JSON, with NUL in its escaped form, which a `text` column could not hold otherwise.
    static func text(_ properties: [String: String]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(properties), as: UTF8.self)
    }

    func properties(_ name: String) throws -> [String: String]? {
        let rows = try session.execute("SELECT properties FROM namespaces WHERE name = $1", [.text(name)])
        guard rows.rowCount > 0 else { return nil }
        return try JSONDecoder().decode([String: String].self, from: Data(rows.bytes(0, 0)))
    }

    func exists(_ name: String) throws -> Bool {
        try session.execute("SELECT EXISTS (SELECT 1 FROM namespaces WHERE name = $1)", [.text(name)]).boolean(0, 0)
    }

    /// Creates a namespace where there is none.
    func insert(_ name: String, _ properties: [String: String]) throws {
        _ = try session.execute(
            "INSERT INTO namespaces (name, properties) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            [.text(name), .text(try Self.text(properties))])
    }

    private func create(_ name: String, _ properties: [String: String]) throws {
        if try exists(name) { throw CatalogError.namespaceExists(name) }
        for ancestor in NamespaceName.ancestors(name) { try insert(ancestor, [:]) }
        try insert(name, properties)
    }

    private func drop(_ name: String) throws {
        guard try exists(name) else { throw CatalogError.namespaceMissing(name) }
        let held = try session.execute(
            "SELECT kind FROM relations WHERE namespace = $1 ORDER BY kind LIMIT 1", [.text(name)])
        if held.rowCount > 0 { throw CatalogError.namespaceNotEmpty(name, holds: held.text(0, 0) + "s") }
        if try !children(of: name, after: nil, limit: 1).isEmpty {
            throw CatalogError.namespaceNotEmpty(name, holds: "namespaces")
        }
        _ = try session.execute("DELETE FROM namespaces WHERE name = $1", [.text(name)])
    }

    /// - Complexity: O(all namespaces below `parent`), on the primary key.
    func children(of parent: String?, after: String?, limit: Int) throws -> [String] {
        let prefix = parent.map { $0 + String(NamespaceName.separator) } ?? ""
        // The character behind the separator ends the range of names that begin with the prefix.
        let end = parent.map { $0 + "\u{20}" }
        let rows = try session.execute(
            """
            SELECT name FROM namespaces
            WHERE name > $1 AND ($2 IS NULL OR name < $2) AND position(chr(31) IN substr(name, $3::integer)) = 0
            ORDER BY name LIMIT $4
            """,
            [
                .text(after ?? prefix), .text(end), .bigint(prefix.unicodeScalars.count + 1), .bigint(max(0, limit)),
            ])
        return (0..<rows.rowCount).map { rows.text($0, 0) }
    }
}

/// Changes of which names there are take turns: whether a namespace is empty and whether a name is free can't be told by
/// looking at single rows. Pointer swaps of tables and views that are there don't take it.
enum NamesLock {
    /// Held until the transaction ends.
    static func take(_ session: PostgreSQLConnection) throws {
        _ = try session.run(
            "SELECT pg_advisory_xact_lock(hashtextextended('dipper catalog names of ' || current_schema(), 0))")
    }

    static func isNeeded(_ commit: CatalogCommit) -> Bool {
        !commit.namespaceChanges.isEmpty || !commit.removals.isEmpty || !commit.renames.isEmpty
            || (commit.swaps + commit.viewSwaps).contains { $0.expectedMetadataLocation == nil }
    }
}

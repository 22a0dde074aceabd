import Foundation
import GRDB
import LakeModel
import SQLiteSupport

/// A table as the database has it: its columns in the order in which they came, and its key.
struct StoredTable: Sendable, Hashable, Codable {
    struct Column: Sendable, Hashable, Codable {
        var name: String
        /// Iceberg's name of the type.
        var type: String
    }

    var name: String
    var columns: [Column]
    /// Names of the key columns in order.
    var key: [String]

    init(_ table: OperationalTable) throws {
        name = table.name
        columns = try table.columns.map { field in
            guard let type = field.type.primitive else {
                throw OperationalError(
                    code: "column-invalid", message: "a nested type has no place in the operational store",
                    remedy: "leave the table out with `operational: false`",
                    place: Place(source: table.name, column: field.name))
            }
            return Column(name: field.name, type: type.description)
        }
        key = table.keyColumns.map { table.columns[$0].name }
        try Self.validate(self)
    }

    private static func validate(_ table: StoredTable) throws {
        let name = table.name.lowercased()
        guard !name.isEmpty, !name.hasPrefix("sqlite_"), !name.hasPrefix(StoreSchema.prefix),
            !name.hasSuffix(StoreSchema.readableSuffix)
        else {
            throw OperationalError(
                code: "table-name-invalid",
                message: "'\(table.name)' is a name that the database or the store keeps for itself",
                remedy: "rename the table", place: Place(source: table.name))
        }
        var seen: Set<String> = []
        for column in table.columns where !seen.insert(column.name.lowercased()).inserted {
            throw OperationalError(
                code: "column-invalid", message: "two columns differ only in case, which SQL does not tell apart",
                remedy: "rename one of them", place: Place(source: table.name, column: column.name))
        }
        guard !table.columns.isEmpty else {
            throw OperationalError(
                code: "column-invalid", message: "a table needs a column", remedy: "declare one",
                place: Place(source: table.name))
        }
    }

    /// Whether the key is a single integer, which SQLite stores as the row's own number.
    var hasIntegerKey: Bool {
        guard key.count == 1, let type = columns.first(where: { $0.name == key[0] }).flatMap({ PrimitiveType($0.type) })
        else { return false }
        return type.physical == .int32 || type.physical == .int64
    }

    /// The statement that makes the table. Columns other than the key take null: what a column requires is checked
    /// before rows come here, and a later declaration may loosen it, which SQLite could not follow.
    func createStatement() throws -> String {
        var parts = try columns.map { column in
            let text = "\(SQLiteFile.quoted(column.name)) \(try ColumnCoding.sqlType(of: column.type, table: name))"
            return key.contains(column.name) ? text + (hasIntegerKey ? " PRIMARY KEY" : " NOT NULL") : text
        }
        if !key.isEmpty, !hasIntegerKey {
            parts.append("PRIMARY KEY (\(key.map(SQLiteFile.quoted).joined(separator: ", ")))")
        }
        let tail = key.isEmpty || hasIntegerKey ? "" : " WITHOUT ROWID"
        return "CREATE TABLE \(SQLiteFile.quoted(name)) (\(parts.joined(separator: ", ")))\(tail)"
    }

    /// The view that shows dates, times, booleans and UUIDs as text.
    func readableViewStatements() throws -> [String] {
        let view = SQLiteFile.quoted(name + StoreSchema.readableSuffix)
        let columns = try columns.map { column in
            let quoted = SQLiteFile.quoted(column.name)
            return "\(try ColumnCoding.readable(quoted, type: column.type, table: name)) AS \(quoted)"
        }
        return [
            "DROP VIEW IF EXISTS \(view)",
            "CREATE VIEW \(view) AS SELECT \(columns.joined(separator: ", ")) FROM \(SQLiteFile.quoted(name))",
        ]
    }
}

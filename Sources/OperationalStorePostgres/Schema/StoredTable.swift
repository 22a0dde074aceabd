import LakeModel
import OperationalStore
import PostgreSQLSupport

/// A table as the database has it: its columns in the order in which they came, and its key.
struct StoredTable: Sendable, Hashable, Codable {
    struct Column: Sendable, Hashable, Codable {
        var name: String
        /// Iceberg's name of the type.
        var type: String
    }

    /// Columns that every table of PostgreSQL has already (manual, section 5.5).
    private static let systemColumns: Set<String> = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]

    var name: String
    var columns: [Column]
    /// Names of the key columns in order.
    var key: [String]

    init(_ table: OperationalTable) throws {
        name = table.name
        columns = try table.columns.map { field in
            guard let type = field.type.primitive else {
                throw Self.columnInvalid(
                    table.name, field.name, "a nested type has no place in the operational store",
                    remedy: "leave the table out with `operational: false`")
            }
            return Column(name: field.name, type: type.description)
        }
        key = table.keyColumns.map { table.columns[$0].name }
        try validate()
    }

    private func validate() throws {
        let lower = name.lowercased()
        guard Self.isName(name), !lower.hasPrefix(StoreSchema.prefix), !lower.hasPrefix("pg_") else {
            throw OperationalError(
                code: "table-name-invalid",
                message:
                    "'\(name)' is longer than \(PostgreSQLText.nameBytesMax) bytes, or a name that the database or "
                    + "the store keeps for itself",
                remedy: "rename the table", place: Place(source: name))
        }
        var seen: Set<String> = []
        for column in columns {
            if !seen.insert(column.name.lowercased()).inserted {
                throw Self.columnInvalid(
                    name, column.name, "two columns differ only in case, which SQL does not tell apart",
                    remedy: "rename one of them")
            }
            if !Self.isName(column.name) || Self.systemColumns.contains(column.name) {
                throw Self.columnInvalid(
                    name, column.name,
                    "the name is longer than \(PostgreSQLText.nameBytesMax) bytes, or the database's own",
                    remedy: "rename the column")
            }
        }
        guard !columns.isEmpty else {
            throw Self.columnInvalid(name, nil, "a table needs a column", remedy: "declare one")
        }
    }

    private static func isName(_ text: String) -> Bool {
        (1...PostgreSQLText.nameBytesMax).contains(text.utf8.count) && !text.utf8.contains(0)
    }

    private static func columnInvalid(
        _ table: String, _ column: String?, _ message: String, remedy: String
    ) -> OperationalError {
        OperationalError(
            code: "column-invalid", message: message, remedy: remedy, place: Place(source: table, column: column))
    }

    /// The statement that makes the table. Columns other than the key take null: what a column requires is checked
    /// before rows come here, and a later declaration may loosen it.
    func createStatement() throws -> String {
        var parts = try columns.map { column in
            "\(PostgreSQLText.quoted(column.name)) \(try sqlType(of: column))\(key.contains(column.name) ? " NOT NULL" : "")"
        }
        if !key.isEmpty { parts.append("PRIMARY KEY (\(key.map(PostgreSQLText.quoted).joined(separator: ", ")))") }
        return "CREATE TABLE \(PostgreSQLText.quoted(name)) (\(parts.joined(separator: ", ")))"
    }

    func sqlType(of column: Column) throws -> String { ColumnTypes.sqlType(of: try type(of: column)) }

    func type(of column: Column) throws -> PrimitiveType {
        guard let type = PrimitiveType(column.type) else {
            throw OperationalError(
                code: "value-corrupt", message: "the stored definition names the unknown type '\(column.type)'",
                remedy: "start the program's later version, or load the table again",
                place: Place(source: name, column: column.name))
        }
        return type
    }
}

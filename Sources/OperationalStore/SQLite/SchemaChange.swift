import Foundation
import GRDB
import LakeModel
import SQLiteSupport

/// Brings a stored table to its declaration: made if new, widened by columns and types, and refused what loses data.
struct SchemaChange {
    let db: Database

    /// - Returns: the table as it is stored afterwards.
    func prepare(_ table: OperationalTable) throws -> StoredTable {
        let wanted = try StoredTable(table)
        guard let stored = try Self.stored(db, name: wanted.name) else {
            for name in [wanted.name, wanted.name + StoreSchema.readableSuffix] where try db.tableExists(name) {
                throw OperationalError.refused(name, "the database has a table of this name that is not ours")
            }
            try db.execute(sql: try wanted.createStatement())
            return try save(wanted)
        }
        let widened = try widen(stored, to: wanted)
        return widened == stored ? stored : try save(widened)
    }

    static func stored(_ db: Database, name: String) throws -> StoredTable? {
        let text = try String.fetchOne(
            db, sql: "SELECT definition FROM _dipper_tables WHERE name = ?", arguments: [name])
        return try text.map { try JSONDecoder().decode(StoredTable.self, from: Data($0.utf8)) }
    }

    private func widen(_ stored: StoredTable, to wanted: StoredTable) throws -> StoredTable {
        guard stored.key == wanted.key else {
            throw OperationalError.refused(
                stored.name,
                "its key is (\(stored.key.joined(separator: ", "))), the declared one "
                    + "(\(wanted.key.joined(separator: ", ")))")
        }
        var result = stored
        for column in stored.columns where !wanted.columns.contains(where: { $0.name == column.name }) {
            throw OperationalError.refused(stored.name, column: column.name, "the declaration lacks a stored column")
        }
        for column in wanted.columns {
            if let index = result.columns.firstIndex(where: { $0.name == column.name }) {
                let from = try ColumnCoding.type(result.columns[index].type, table: stored.name)
                let to = try ColumnCoding.type(column.type, table: stored.name)
                guard Self.canWiden(from, to) else {
                    throw OperationalError.refused(
                        stored.name, column: column.name, "values of type \(from) are stored, \(to) is declared")
                }
                result.columns[index].type = column.type
            } else {
                let sqlType = try ColumnCoding.sqlType(of: column.type, table: stored.name)
                try db.execute(
                    sql: "ALTER TABLE \(SQLiteFile.quoted(stored.name)) "
                        + "ADD COLUMN \(SQLiteFile.quoted(column.name)) \(sqlType)")
                result.columns.append(column)
            }
        }
        return result
    }

    /// Iceberg's type promotions, all of which keep the stored form.
    static func canWiden(_ from: PrimitiveType, _ to: PrimitiveType) -> Bool {
        switch (from, to) {
        case (.int, .long), (.float, .double): true
        case (.decimal(let fromDigits, let fromScale), .decimal(let toDigits, let toScale)):
            fromScale == toScale && fromDigits <= toDigits
        default: from == to
        }
    }

    private func save(_ table: StoredTable) throws -> StoredTable {
        for statement in try table.readableViewStatements() { try db.execute(sql: statement) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        try db.execute(
            sql: "INSERT OR REPLACE INTO _dipper_tables (name, definition) VALUES (?, ?)",
            arguments: [table.name, String(decoding: try encoder.encode(table), as: UTF8.self)])
        return table
    }
}

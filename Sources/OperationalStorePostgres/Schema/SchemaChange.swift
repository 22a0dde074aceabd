import Foundation
import LakeModel
import OperationalStore
import PostgreSQLSupport

/// Brings a stored table to its declaration: made if new, widened by columns and types, and refused what loses data.
/// Runs in a transaction; several processes take turns.
struct SchemaChange {
    let session: PostgreSQLConnection

    /// Held until the transaction ends.
    func takeTurn() throws {
        try session.run(
            "SELECT pg_advisory_xact_lock(hashtextextended('dipper operational tables of ' || current_schema(), 0))")
    }

    func prepare(_ table: OperationalTable) throws {
        let wanted = try StoredTable(table)
        guard let stored = try stored(wanted.name) else {
            let isTaken = try session.execute(
                """
                SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = current_schema() AND c.relname = $1)
                """, [.text(wanted.name)]
            ).boolean(0, 0)
            if isTaken {
                throw OperationalError.refused(wanted.name, "the schema has a relation of this name that is not ours")
            }
            try session.run(try wanted.createStatement())
            return try save(wanted)
        }
        let widened = try widen(stored, to: wanted)
        if widened != stored { try save(widened) }
    }

    private func stored(_ name: String) throws -> StoredTable? {
        let rows = try session.execute("SELECT definition FROM _dipper_tables WHERE name = $1", [.text(name)])
        guard rows.rowCount > 0 else { return nil }
        return try JSONDecoder().decode(StoredTable.self, from: Data(rows.bytes(0, 0)))
    }

    private func widen(_ stored: StoredTable, to wanted: StoredTable) throws -> StoredTable {
        guard stored.key == wanted.key else {
            throw OperationalError.refused(
                stored.name,
                "its key is (\(stored.key.joined(separator: ", "))), the declared one "
                    + "(\(wanted.key.joined(separator: ", ")))")
        }
        for column in stored.columns where !wanted.columns.contains(where: { $0.name == column.name }) {
            throw OperationalError.refused(stored.name, column: column.name, "the declaration lacks a stored column")
        }
        var result = stored
        let table = PostgreSQLText.quoted(stored.name)
        for column in wanted.columns {
            let name = PostgreSQLText.quoted(column.name)
            let sqlType = try wanted.sqlType(of: column)
            guard let index = result.columns.firstIndex(where: { $0.name == column.name }) else {
                try session.run("ALTER TABLE \(table) ADD COLUMN \(name) \(sqlType)")
                result.columns.append(column)
                continue
            }
            let from = try stored.type(of: result.columns[index])
            let to = try wanted.type(of: column)
            if from == to { continue }
            guard Self.canWiden(from, to) else {
                throw OperationalError.refused(
                    stored.name, column: column.name, "values of type \(from) are stored, \(to) is declared")
            }
            try session.run("ALTER TABLE \(table) ALTER COLUMN \(name) TYPE \(sqlType)")
            result.columns[index].type = column.type
        }
        return result
    }

    /// Iceberg's type promotions.
    static func canWiden(_ from: PrimitiveType, _ to: PrimitiveType) -> Bool {
        switch (from, to) {
        case (.int, .long), (.float, .double): true
        case (.decimal(let fromDigits, let fromScale), .decimal(let toDigits, let toScale)):
            fromScale == toScale && fromDigits <= toDigits
        default: from == to
        }
    }

    private func save(_ table: StoredTable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        _ = try session.execute(
            """
            INSERT INTO _dipper_tables (name, definition) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET definition = excluded.definition
            """, [.text(table.name), .text(String(decoding: try encoder.encode(table), as: UTF8.self))])
    }
}

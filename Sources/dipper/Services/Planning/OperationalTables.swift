import LakeModel
import QueryEngine

/// The tables of the operational database as SQL sees them: `ops.hired_employees`, under the names of the API.
struct OperationalTables {
    static let namespace = "ops"

    enum Store: Sendable { case sqlite, postgresql }

    static let unavailable = QueryError(
        code: "operational-unavailable", message: "the operational tables cannot be read by SQL here",
        remedy:
            "run bin/up, which fetches the engine's extensions for SQLite and PostgreSQL, and start the server again")

    let model: LakeDeclaration
    let store: Store

    /// A declared table that goes to the operational database; its name's case does not matter.
    func table(named name: String) -> QueryTable? {
        let wanted = name.lowercased()
        guard let declaration = model.tables.first(where: { $0.name.lowercased() == wanted }), declaration.operational
        else { return nil }
        let fields = Array(declaration.silverSchema.fields.prefix(declaration.columns.count))
        var table = QueryTable(
            namespace: Self.namespace, name: declaration.name, fields: fields, plainFiles: [], version: "operational")
        table.attached = QueryTable.AttachedTable(
            name: (store == .sqlite ? "main." : "public.") + Self.quoted(declaration.name),
            expressions: fields.map { field in
                store == .sqlite
                    ? Self.fromSQLite(Self.quoted(field.name), field.type.primitive ?? .string)
                    : Self.quoted(field.name)
            })
        return table
    }

    /// A value as SQLite keeps it in the engine's own type: times are whole numbers there (see `ColumnCoding`).
    private static func fromSQLite(_ column: String, _ type: PrimitiveType) -> String {
        switch type {
        case .boolean: "\(column) <> 0"
        case .date: "DATE '1970-01-01' + \(column)::INTEGER"
        case .time: "TIME '00:00:00' + to_microseconds(\(column))"
        case .timestamp: "make_timestamp(\(column))"
        case .timestamptz: "make_timestamptz(\(column))"
        case .uuid: "lower(hex(\(column)))"
        default: column
        }
    }

    private static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
}

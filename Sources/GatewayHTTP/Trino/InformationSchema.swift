import Access
import TrinoSQL

/// The tables of `information_schema`, as small tables that go into the statement that asks for them.
///
/// Source: the SQL standard's information schema as Trino shows it.
struct InformationSchema {
    static let names = [
        "applicable_roles", "columns", "enabled_roles", "roles", "schemata", "table_privileges", "tables", "views",
    ]

    let catalog: TrinoCatalog
    let reader: Principal
    /// Whether it is the lake's, and not that of `system`.
    let isLake: Bool

    private var catalogName: String { isLake ? TrinoCatalog.lake : TrinoCatalog.system }

    func table(_ name: String) async throws -> TableDefinition? {
        switch name {
        case "tables": return try await tables()
        case "schemata": return try await schemata()
        case "columns": return try await columns()
        case "views":
            return Self.define(
                [
                    ("table_catalog", .varchar), ("table_schema", .varchar), ("table_name", .varchar),
                    ("view_definition", .varchar),
                ], [])
        case "table_privileges":
            return Self.define(
                [
                    "grantor", "grantor_type", "grantee", "grantee_type", "table_catalog", "table_schema", "table_name",
                    "privilege_type", "is_grantable", "with_hierarchy",
                ].map { ($0, .varchar) }, [])
        case "roles": return Self.define([("role_name", .varchar)], [])
        case "enabled_roles": return Self.define([("role_name", .varchar)], [])
        case "applicable_roles":
            return Self.define(
                ["grantee", "grantee_type", "role_name", "is_grantable"].map { ($0, .varchar) }, [])
        default: return nil
        }
    }

    static func define(
        _ columns: [(String, TrinoType)], _ rows: [[TableDefinition.Constant]]
    ) -> TableDefinition {
        TableDefinition(source: .rows(rows), columns: columns.map { TableDefinition.Column($0.0, $0.1) })
    }

    private func tables() async throws -> TableDefinition {
        var rows: [[TableDefinition.Constant]] = []
        func add(_ schema: String, _ name: String) {
            rows.append([.text(catalogName), .text(schema), .text(name), .text("BASE TABLE")])
        }
        if isLake {
            for table in try await catalog.listed(reader) { add(table.schema, table.name) }
        } else {
            for schema in SystemTables.schemas { for name in SystemTables.names(schema) { add(schema, name) } }
        }
        for name in Self.names { add(TrinoCatalog.informationSchema, name) }
        return Self.define(
            [
                ("table_catalog", .varchar), ("table_schema", .varchar), ("table_name", .varchar),
                ("table_type", .varchar),
            ], rows)
    }

    private func schemata() async throws -> TableDefinition {
        let rows: [[TableDefinition.Constant]] = try await catalog.schemas(of: catalogName, reader).map {
            [.text(catalogName), .text($0)]
        }
        return Self.define([("catalog_name", .varchar), ("schema_name", .varchar)], rows)
    }

    private func columns() async throws -> TableDefinition {
        var rows: [[TableDefinition.Constant]] = []
        if isLake {
            for table in try await catalog.listed(reader) {
                for (index, column) in try await catalog.columns(of: table).enumerated() {
                    rows.append([
                        .text(catalogName), .text(table.schema), .text(table.name), .text(column.name.lowercased()),
                        .integer(Int64(index + 1)), .null, .text(column.isRequired ? "NO" : "YES"),
                        .text(column.type.name), column.comment.map { .text($0) } ?? .null,
                    ])
                }
            }
        }
        return Self.define(
            [
                ("table_catalog", .varchar), ("table_schema", .varchar), ("table_name", .varchar),
                ("column_name", .varchar), ("ordinal_position", .bigint), ("column_default", .varchar),
                ("is_nullable", .varchar), ("data_type", .varchar), ("comment", .varchar),
            ], rows)
    }
}

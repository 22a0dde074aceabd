import Access
import CatalogService
import LakeModel
import TrinoSQL

/// What Trino's clients see as catalogs, schemas and tables.
struct TrinoCatalog: Sendable {
    /// The lake's catalog; namespaces are its schemas.
    static let lake = "lake"
    static let system = "system"
    static let informationSchema = "information_schema"
    /// The operational tables, which the engine knows beside the lake's.
    static let operational = "ops"

    let tables: any TableBrowsing
    let version: String

    struct Listed: Sendable {
        var schema: String
        var name: String
        /// As the catalog stores it.
        var namespace: String
    }

    // MARK: Lists

    func catalogs() -> [String] { [Self.lake, Self.system] }

    /// The lake's tables that `reader` may read.
    func listed(_ reader: Principal) async throws -> [Listed] {
        let page = try await tables.tables(of: reader, page: 0, size: TrinoLimits.listedTablesMax)
        guard page.total <= TrinoLimits.listedTablesMax else {
            throw TrinoFailure(
                "GENERIC_INSUFFICIENT_RESOURCES", "there are more than \(TrinoLimits.listedTablesMax) tables to list")
        }
        return page.items.map {
            Listed(
                schema: NamespaceName.shown($0.namespace).lowercased(), name: $0.icebergName.lowercased(),
                namespace: $0.namespace)
        }
    }

    func schemas(of catalog: String, _ reader: Principal) async throws -> [String] {
        switch catalog.lowercased() {
        case Self.lake: return Set(try await listed(reader).map(\.schema) + [Self.informationSchema]).sorted()
        case Self.system: return [Self.informationSchema, "jdbc", "metadata", "runtime"]
        default: throw TrinoFailure("CATALOG_NOT_FOUND", "Catalog '\(catalog)' not found")
        }
    }

    func tableNames(_ catalog: String, _ schema: String, _ reader: Principal) async throws -> [String] {
        let catalog = catalog.lowercased()
        let schema = schema.lowercased()
        guard try await schemas(of: catalog, reader).contains(schema) else {
            throw TrinoFailure("SCHEMA_NOT_FOUND", "Schema '\(schema)' does not exist")
        }
        if schema == Self.informationSchema { return InformationSchema.names }
        if catalog == Self.system { return SystemTables.names(schema) }
        return try await listed(reader).filter { $0.schema == schema }.map(\.name).sorted()
    }

    // MARK: Definitions

    /// A column as `SHOW COLUMNS` and `information_schema` show it.
    struct Column: Sendable {
        var name: String
        var type: TrinoType
        var isRequired: Bool
        var comment: String?
    }

    func columns(of table: Listed) async throws -> [Column] {
        guard let detail = try await tables.table("\(table.namespace).\(table.name)") else {
            return try await exactDetail(table).map(Self.columns) ?? []
        }
        return Self.columns(detail)
    }

    private static func columns(_ detail: TableDetail) -> [Column] {
        detail.fields.map {
            Column(name: $0.name, type: TrinoType($0.type), isRequired: $0.required, comment: $0.doc)
        }
    }

    /// A table whose name holds capital letters.
    private func exactDetail(_ table: Listed) async throws -> TableDetail? {
        let page = try await tables.tables(of: .anybody, page: 0, size: TrinoLimits.listedTablesMax)
        let found = page.items.first {
            $0.namespace == table.namespace && $0.icebergName.lowercased() == table.name
        }
        guard let found else { return nil }
        return try await tables.table("\(found.namespace).\(found.icebergName)")
    }

    /// - Throws: ``TrinoFailure`` when there is no such table, or `reader` may not read it.
    func definition(
        of name: TableName, _ reader: Principal, queries: TrinoQueries, at location: SourceLocation
    ) async throws -> TableDefinition {
        let missing = TrinoFailure(
            "TABLE_NOT_FOUND",
            "line \(location.line):\(location.column): Table '\(name)' does not exist", location: location)
        switch name.catalog {
        case Self.system:
            if name.schema == Self.informationSchema {
                return try Self.found(
                    await InformationSchema(catalog: self, reader: reader, isLake: false).table(name.table), missing)
            }
            let tables = SystemTables(catalog: self, reader: reader, queries: queries)
            return try Self.found(await tables.table(name.schema, name.table), missing)
        case Self.lake: break
        default:
            throw TrinoFailure(
                "CATALOG_NOT_FOUND",
                "line \(location.line):\(location.column): Catalog '\(name.catalog)' not found", location: location)
        }
        if name.schema == Self.informationSchema {
            return try Self.found(
                await InformationSchema(catalog: self, reader: reader, isLake: true).table(name.table), missing)
        }
        if name.schema == Self.operational, reader.may(.read, ["silver"]) {
            return TableDefinition(source: .engine(namespace: Self.operational, name: name.table), columns: nil)
        }
        return try Self.found(await lakeTable(name, reader, at: location), missing)
    }

    private static func found(_ definition: TableDefinition?, _ missing: TrinoFailure) throws -> TableDefinition {
        guard let definition else { throw missing }
        return definition
    }

    private func lakeTable(
        _ name: TableName, _ reader: Principal, at location: SourceLocation
    ) async throws -> TableDefinition? {
        let parts = name.table.split(separator: "$", maxSplits: 1, omittingEmptySubsequences: false)
        let suffix = parts.count == 2 ? "$\(parts[1])" : ""
        let all = try await listed(reader)
        guard let table = all.first(where: { $0.schema == name.schema && $0.name == parts[0] }) else {
            let levels = name.schema.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            if reader.namespaces(.read) != nil, !reader.may(.read, levels) {
                throw TrinoFailure(
                    "PERMISSION_DENIED", "Access Denied: Cannot select from table \(name)", location: location)
            }
            guard all.contains(where: { $0.schema == name.schema }) else {
                throw TrinoFailure(
                    "SCHEMA_NOT_FOUND",
                    "line \(location.line):\(location.column): Schema '\(name.schema)' does not exist",
                    location: location)
            }
            return nil
        }
        var detail = try await tables.table("\(table.namespace).\(table.name)")
        if detail == nil { detail = try await exactDetail(table) }
        guard let detail else { return nil }
        let source = TableDefinition.Source.engine(
            namespace: table.namespace, name: detail.summary.icebergName + suffix)
        guard suffix.isEmpty else { return TableDefinition(source: source, columns: nil) }
        return TableDefinition(
            source: source, columns: detail.fields.map { TableDefinition.Column($0.name, TrinoType($0.type)) })
    }
}

import Access
import TrinoSQL

/// The tables of the catalog `system` that clients ask for: `jdbc` (what JDBC's `DatabaseMetaData` is made of), `metadata`
/// and `runtime`.
struct SystemTables {
    typealias Constant = TableDefinition.Constant

    static let schemas = ["jdbc", "metadata", "runtime"]

    static func names(_ schema: String) -> [String] {
        switch schema {
        case "jdbc":
            [
                "attributes", "catalogs", "columns", "procedure_columns", "procedures", "pseudo_columns", "schemas",
                "super_tables", "super_types", "table_types", "tables", "types", "udts",
            ]
        case "metadata":
            [
                "analyze_properties", "catalogs", "column_properties", "materialized_views", "schema_properties",
                "table_comments", "table_properties",
            ]
        case "runtime": ["nodes", "queries"]
        default: []
        }
    }

    let catalog: TrinoCatalog
    let reader: Principal
    let queries: TrinoQueries

    func table(_ schema: String, _ name: String) async throws -> TableDefinition? {
        switch schema {
        case "jdbc": return try await jdbc(name)
        case "metadata": return try await metadata(name)
        case "runtime": return runtime(name)
        default: return nil
        }
    }

    private static func texts(_ names: [String], _ rows: [[Constant]] = []) -> TableDefinition {
        InformationSchema.define(names.map { ($0, .varchar) }, rows)
    }

    // MARK: metadata and runtime

    private func metadata(_ name: String) async throws -> TableDefinition? {
        switch name {
        case "catalogs":
            return Self.texts(
                ["catalog_name", "connector_id", "connector_name", "state"],
                catalog.catalogs().map {
                    [.text($0), .text($0), .text($0 == TrinoCatalog.lake ? "iceberg" : "system"), .text("READY")]
                })
        case "table_comments":
            return Self.texts(
                ["catalog_name", "schema_name", "table_name", "comment"],
                try await catalog.listed(reader).map {
                    [.text(TrinoCatalog.lake), .text($0.schema), .text($0.name), .null]
                })
        case "schema_properties", "table_properties", "column_properties", "analyze_properties":
            return Self.texts(["catalog_name", "property_name", "default_value", "type", "description"])
        case "materialized_views":
            return Self.texts(
                [
                    "catalog_name", "schema_name", "name", "storage_catalog", "storage_schema", "storage_table",
                    "freshness", "comment", "definition",
                ])
        default: return nil
        }
    }

    private func runtime(_ name: String) -> TableDefinition? {
        switch name {
        case "nodes":
            return InformationSchema.define(
                [
                    ("node_id", .varchar), ("http_uri", .varchar), ("node_version", .varchar),
                    ("coordinator", .boolean),
                    ("state", .varchar),
                ],
                [[.text("dipper"), .text(""), .text(catalog.version), .boolean(true), .text("active")]])
        case "queries":
            let rows: [[Constant]] = queries.all(of: reader).map { query in
                let state = query.summary
                return [
                    .text(query.id), .text(state.phase.rawValue), .text(query.user), .text(query.source ?? ""),
                    .text(query.text), .text(query.createdText), state.errorName.map { .text($0) } ?? .null,
                ]
            }
            return Self.texts(["query_id", "state", "user", "source", "query", "created", "error_code"], rows)
        default: return nil
        }
    }

    // MARK: jdbc

    private func jdbc(_ name: String) async throws -> TableDefinition? {
        switch name {
        case "catalogs": return Self.texts(["table_cat"], catalog.catalogs().map { [.text($0)] })
        case "schemas":
            var rows: [[Constant]] = []
            for name in catalog.catalogs() {
                rows += try await catalog.schemas(of: name, reader).map { [.text($0), .text(name)] }
            }
            return Self.texts(["table_schem", "table_catalog"], rows)
        case "table_types": return Self.texts(["table_type"], [[.text("TABLE")], [.text("VIEW")]])
        case "tables": return try await jdbcTables()
        case "columns": return try await jdbcColumns()
        case "types": return Self.jdbcTypes
        case "attributes", "procedure_columns", "procedures", "pseudo_columns", "super_tables", "super_types", "udts":
            return Self.texts(Self.emptyTables[name] ?? [])
        default: return nil
        }
    }

    private static let emptyTables: [String: [String]] = [
        "attributes": ["type_cat", "type_schem", "type_name", "attr_name"],
        "procedures": [
            "procedure_cat", "procedure_schem", "procedure_name", "remarks", "procedure_type", "specific_name",
        ],
        "procedure_columns": ["procedure_cat", "procedure_schem", "procedure_name", "column_name", "specific_name"],
        "pseudo_columns": ["table_cat", "table_schem", "table_name", "column_name"],
        "super_tables": ["table_cat", "table_schem", "table_name", "supertable_name"],
        "super_types": ["type_cat", "type_schem", "type_name", "supertype_cat", "supertype_schem", "supertype_name"],
        "udts": ["type_cat", "type_schem", "type_name", "class_name", "data_type", "remarks", "base_type"],
    ]

    private func jdbcTables() async throws -> TableDefinition {
        let rows: [[Constant]] = try await catalog.listed(reader).map {
            [.text(TrinoCatalog.lake), .text($0.schema), .text($0.name), .text("TABLE")]
                + [Constant](repeating: .null, count: 6)
        }
        return Self.texts(
            [
                "table_cat", "table_schem", "table_name", "table_type", "remarks", "type_cat", "type_schem",
                "type_name",
                "self_referencing_col_name", "ref_generation",
            ], rows)
    }

    private static let columnTypes: [(String, TrinoType)] = [
        ("table_cat", .varchar), ("table_schem", .varchar), ("table_name", .varchar), ("column_name", .varchar),
        ("data_type", .bigint), ("type_name", .varchar), ("column_size", .bigint), ("buffer_length", .bigint),
        ("decimal_digits", .bigint), ("num_prec_radix", .bigint), ("nullable", .bigint), ("remarks", .varchar),
        ("column_def", .varchar), ("sql_data_type", .bigint), ("sql_datetime_sub", .bigint),
        ("char_octet_length", .bigint), ("ordinal_position", .bigint), ("is_nullable", .varchar),
        ("scope_catalog", .varchar), ("scope_schema", .varchar), ("scope_table", .varchar),
        ("source_data_type", .bigint), ("is_autoincrement", .varchar), ("is_generatedcolumn", .varchar),
    ]

    private func jdbcColumns() async throws -> TableDefinition {
        var rows: [[Constant]] = []
        for table in try await catalog.listed(reader) {
            for (index, column) in try await catalog.columns(of: table).enumerated() {
                let shape = JDBCType(column.type)
                rows.append([
                    .text(TrinoCatalog.lake), .text(table.schema), .text(table.name), .text(column.name.lowercased()),
                    .integer(shape.code), .text(column.type.name), shape.size.map { .integer($0) } ?? .null, .null,
                    shape.digits.map { .integer($0) } ?? .null, shape.isNumber ? .integer(10) : .null,
                    .integer(column.isRequired ? 0 : 1), column.comment.map { .text($0) } ?? .null, .null, .null, .null,
                    .null, .integer(Int64(index + 1)), .text(column.isRequired ? "NO" : "YES"), .null, .null, .null,
                    .null, .null, .null,
                ])
            }
        }
        return InformationSchema.define(Self.columnTypes, rows)
    }

    private static let jdbcTypes: TableDefinition = {
        let types: [TrinoType] = [
            .boolean, .tinyint, .smallint, .integer, .bigint, .real, .double, .decimal(precision: 38, scale: 0),
            .varchar, .char(length: 1), .varbinary, .date, .time(precision: 6), .timestamp(precision: 6),
            .timestampWithZone(precision: 6), .json, .uuid,
        ]
        let rows: [[Constant]] = types.map { type in
            let shape = JDBCType(type)
            let name = type.name.prefix { $0 != "(" }
            return [
                .text(String(name)), .integer(shape.code), shape.size.map { .integer($0) } ?? .null, .null, .null,
                .null,
                .integer(1), .boolean(false), .integer(3), .boolean(false), .boolean(false), .null, .null, .integer(0),
                .integer(0), .null, .null, shape.isNumber ? .integer(10) : .null,
            ]
        }
        return InformationSchema.define(
            [
                ("type_name", .varchar), ("data_type", .bigint), ("precision", .bigint), ("literal_prefix", .varchar),
                ("literal_suffix", .varchar), ("create_params", .varchar), ("nullable", .bigint),
                ("case_sensitive", .boolean), ("searchable", .bigint), ("unsigned_attribute", .boolean),
                ("fixed_prec_scale", .boolean), ("auto_increment", .boolean), ("local_type_name", .varchar),
                ("minimum_scale", .bigint), ("maximum_scale", .bigint), ("sql_data_type", .bigint),
                ("sql_datetime_sub", .bigint), ("num_prec_radix", .bigint),
            ], rows)
    }()
}

/// A type as `java.sql.Types` numbers it.
struct JDBCType {
    var code: Int64
    /// Digits of a number, characters of a text.
    var size: Int64?
    var digits: Int64?
    var isNumber = false

    init(_ type: TrinoType) {
        switch type {
        case .boolean: self.init(16, nil, nil)
        case .tinyint: self.init(-6, 3, 0, isNumber: true)
        case .smallint: self.init(5, 5, 0, isNumber: true)
        case .integer: self.init(4, 10, 0, isNumber: true)
        case .bigint: self.init(-5, 19, 0, isNumber: true)
        case .real: self.init(7, 24, nil, isNumber: true)
        case .double: self.init(8, 53, nil, isNumber: true)
        case .decimal(let precision, let scale): self.init(3, Int64(precision), Int64(scale), isNumber: true)
        case .varchar(let length): self.init(12, length.map { Int64($0) } ?? 2_147_483_647, nil)
        case .char(let length): self.init(1, Int64(length), nil)
        case .varbinary: self.init(-3, 2_147_483_647, nil)
        case .date: self.init(91, 14, nil)
        case .time: self.init(92, 15, nil)
        case .timeWithZone: self.init(2013, 21, nil)
        case .timestamp: self.init(93, 30, nil)
        case .timestampWithZone: self.init(2014, 36, nil)
        case .array: self.init(2003, nil, nil)
        default: self.init(2000, nil, nil)
        }
    }

    private init(_ code: Int64, _ size: Int64?, _ digits: Int64?, isNumber: Bool = false) {
        self.code = code
        self.size = size
        self.digits = digits
        self.isNumber = isNumber
    }
}

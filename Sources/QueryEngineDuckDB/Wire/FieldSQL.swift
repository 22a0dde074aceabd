import LakeModel

extension WireField {
    init(_ field: SchemaField) {
        self.init(
            id: field.id, name: field.name, type: Self.duckDBType(field.type), isNested: field.type.primitive == nil)
    }

    /// The DuckDB type that holds an Iceberg type's values.
    static func duckDBType(_ type: FieldType) -> String {
        switch type {
        case .primitive(let type): duckDBType(type)
        case .structure(let fields):
            "STRUCT(" + fields.map { "\(TableSQL.quoted($0.name)) \(duckDBType($0.type))" }.joined(separator: ", ")
                + ")"
        case .list(_, let element, _): duckDBType(element) + "[]"
        case .map(_, let key, _, let value, _): "MAP(\(duckDBType(key)), \(duckDBType(value)))"
        }
    }

    private static func duckDBType(_ type: PrimitiveType) -> String {
        switch type {
        case .boolean: "BOOLEAN"
        case .int: "INTEGER"
        case .long: "BIGINT"
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .decimal(let precision, let scale): "DECIMAL(\(precision), \(scale))"
        case .date: "DATE"
        case .time: "TIME"
        case .timestamp: "TIMESTAMP"
        case .timestamptz: "TIMESTAMP WITH TIME ZONE"
        case .string: "VARCHAR"
        case .uuid: "UUID"
        case .fixed, .binary: "BLOB"
        }
    }
}

import CDuckDBLoader

/// A result type of DuckDB, read out of the library once a result.
indirect enum DuckType: Sendable, Hashable {
    case boolean
    case integer(bits: Int, isSigned: Bool)
    case float
    case double
    case decimal(width: Int, scale: Int)
    case hugeint(isSigned: Bool)
    /// `JSON` and other names for text are the alias.
    case varchar(alias: String?)
    case blob
    case uuid
    case date
    case time
    case timeNanoseconds
    case timeWithZone
    case timestamp(TimeUnit)
    case timestampWithZone
    case interval
    case enumeration(values: [String])
    case list(DuckType)
    case array(DuckType, count: Int)
    case structure([Field])
    case map(DuckType, DuckType)
    /// A column of untyped nulls.
    case null
    /// A type that has no text form here; the engine can cast it.
    case unsupported(String)

    enum TimeUnit: Sendable { case seconds, milliseconds, microseconds, nanoseconds }

    struct Field: Sendable, Hashable {
        var name: String
        var type: DuckType
    }

    /// Reads a type and gives it back to the library.
    static func take(_ type: dd_type?) -> DuckType {
        var type = unsafe type
        defer { unsafe dd_destroy_type(&type) }
        return unsafe read(type)
    }

    private static func read(_ type: dd_type?) -> DuckType {
        let id = Int(unsafe dd_type_id(type))
        if let simple = simple(id) { return simple }
        switch id {
        case DD_VARCHAR: return .varchar(alias: unsafe string(dd_type_alias(type)))
        case DD_DECIMAL:
            return .decimal(width: Int(unsafe dd_decimal_width(type)), scale: Int(unsafe dd_decimal_scale(type)))
        case DD_ENUM:
            let count = UInt64(unsafe dd_enum_size(type))
            return .enumeration(values: (0..<count).map { unsafe string(dd_enum_value(type, $0)) ?? "" })
        case DD_LIST: return unsafe .list(take(dd_list_child_type(type)))
        case DD_ARRAY:
            return unsafe .array(take(dd_array_child_type(type)), count: Int(dd_array_size(type)))
        case DD_MAP: return unsafe .map(take(dd_map_key_type(type)), take(dd_map_value_type(type)))
        case DD_STRUCT:
            let count = unsafe dd_struct_child_count(type)
            return .structure(
                (0..<count).map { index in
                    unsafe Field(
                        name: string(dd_struct_child_name(type, index)) ?? "",
                        type: take(dd_struct_child_type(type, index)))
                })
        default: return .unsupported(unsupportedNames[id] ?? "type \(id)")
        }
    }

    private static func simple(_ id: Int) -> DuckType? {
        switch id {
        case DD_BOOLEAN: .boolean
        case DD_TINYINT: .integer(bits: 8, isSigned: true)
        case DD_SMALLINT: .integer(bits: 16, isSigned: true)
        case DD_INTEGER: .integer(bits: 32, isSigned: true)
        case DD_BIGINT: .integer(bits: 64, isSigned: true)
        case DD_UTINYINT: .integer(bits: 8, isSigned: false)
        case DD_USMALLINT: .integer(bits: 16, isSigned: false)
        case DD_UINTEGER: .integer(bits: 32, isSigned: false)
        case DD_UBIGINT: .integer(bits: 64, isSigned: false)
        case DD_FLOAT: .float
        case DD_DOUBLE: .double
        case DD_HUGEINT: .hugeint(isSigned: true)
        case DD_UHUGEINT: .hugeint(isSigned: false)
        case DD_BLOB: .blob
        case DD_UUID: .uuid
        case DD_DATE: .date
        case DD_TIME: .time
        case DD_TIME_NS: .timeNanoseconds
        case DD_TIME_TZ: .timeWithZone
        case DD_TIMESTAMP: .timestamp(.microseconds)
        case DD_TIMESTAMP_S: .timestamp(.seconds)
        case DD_TIMESTAMP_MS: .timestamp(.milliseconds)
        case DD_TIMESTAMP_NS: .timestamp(.nanoseconds)
        case DD_TIMESTAMP_TZ: .timestampWithZone
        case DD_INTERVAL: .interval
        case DD_SQLNULL: .null
        default: nil
        }
    }

    private static let unsupportedNames = [DD_UNION: "UNION", DD_BIT: "BIT", DD_BIGNUM: "BIGNUM"]

    /// Copies a string that the library made and frees it.
    private static func string(_ text: UnsafeMutablePointer<CChar>?) -> String? {
        guard let text = unsafe text else { return nil }
        defer { unsafe dd_free(text) }
        return unsafe String(cString: text)
    }

    /// The engine's name of the type, for example `DECIMAL(9,2)` or `TIMESTAMP WITH TIME ZONE`.
    var name: String {
        switch self {
        case .boolean: "BOOLEAN"
        case .integer(let bits, let isSigned):
            (isSigned ? "" : "U") + ([8: "TINYINT", 16: "SMALLINT", 32: "INTEGER"][bits] ?? "BIGINT")
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .decimal(let width, let scale): "DECIMAL(\(width),\(scale))"
        case .hugeint(let isSigned): isSigned ? "HUGEINT" : "UHUGEINT"
        case .varchar(let alias): alias ?? "VARCHAR"
        case .blob: "BLOB"
        case .uuid: "UUID"
        case .date: "DATE"
        case .time: "TIME"
        case .timeNanoseconds: "TIME_NS"
        case .timeWithZone: "TIME WITH TIME ZONE"
        case .timestamp(.microseconds): "TIMESTAMP"
        case .timestamp(.seconds): "TIMESTAMP_S"
        case .timestamp(.milliseconds): "TIMESTAMP_MS"
        case .timestamp(.nanoseconds): "TIMESTAMP_NS"
        case .timestampWithZone: "TIMESTAMP WITH TIME ZONE"
        case .interval: "INTERVAL"
        case .enumeration: "ENUM"
        case .list(let element): element.name + "[]"
        case .array(let element, let count): "\(element.name)[\(count)]"
        case .structure(let fields):
            "STRUCT(" + fields.map { "\(Self.shown($0.name)) \($0.type.name)" }.joined(separator: ", ") + ")"
        case .map(let key, let value): "MAP(\(key.name), \(value.name))"
        case .null: "NULL"
        case .unsupported(let name): name
        }
    }

    /// A field's name, in quotes unless it is a plain word.
    private static func shown(_ name: String) -> String {
        let isPlain = !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        return isPlain ? name : TableSQL.quoted(name)
    }

    /// The part of the type that has no text form, if any.
    var unsupportedName: String? {
        switch self {
        case .unsupported(let name): name
        case .list(let element), .array(let element, _): element.unsupportedName
        case .map(let key, let value): key.unsupportedName ?? value.unsupportedName
        case .structure(let fields): fields.lazy.compactMap(\.type.unsupportedName).first
        default: nil
        }
    }

    /// How values of the type travel.
    var wireKind: WireColumnKind {
        switch self {
        case .boolean: .boolean
        case .integer(let bits, let isSigned): bits == 64 && !isSigned ? .text : .integer
        case .float, .double: .double
        default: .text
        }
    }
}

package import LakeModel

extension TrinoType {
    /// A type as it was written in a statement.
    /// - Throws: ``TrinoSQLError`` `TYPE_NOT_FOUND`.
    init(_ written: TypeName) throws {
        var numbers: [Int] = []
        var types: [TrinoType] = []
        var fields: [Field] = []
        for argument in written.arguments {
            switch argument {
            case .number(let number): numbers.append(number)
            case .type(let type):
                types.append(try TrinoType(type))
                fields.append(Field(name: nil, type: try TrinoType(type)))
            case .field(let name, let type): fields.append(Field(name: name, type: try TrinoType(type)))
            }
        }
        guard let type = Self.type(written.name, numbers, types, fields) else {
            throw TrinoSQLError.semantic("TYPE_NOT_FOUND", "Unknown type: \(written.name)", written.location)
        }
        self = type
    }

    private static let plain: [String: TrinoType] = [
        "boolean": .boolean, "tinyint": .tinyint, "smallint": .smallint, "integer": .integer, "int": .integer,
        "bigint": .bigint, "real": .real, "double": .double, "varbinary": .varbinary, "json": .json, "date": .date,
        "uuid": .uuid, "unknown": .null, "interval day to second": .intervalDayToSecond,
        "interval year to month": .intervalYearToMonth,
    ]

    private static func type(
        _ name: String, _ numbers: [Int], _ types: [TrinoType], _ fields: [Field]
    ) -> TrinoType? {
        if let type = plain[name] { return numbers.isEmpty && types.isEmpty ? type : nil }
        // Trino's default precision of times is milliseconds; the engine keeps microseconds.
        let precision = numbers.first ?? 3
        let isTimePrecision = (0...12).contains(precision)
        switch name {
        case "decimal", "dec", "numeric":
            let digits = numbers.first ?? decimalPrecisionMax
            let scale = numbers.count > 1 ? numbers[1] : 0
            guard (1...decimalPrecisionMax).contains(digits), (0...digits).contains(scale) else { return nil }
            return .decimal(precision: digits, scale: scale)
        case "varchar": return .varchar(length: numbers.first)
        case "char": return .char(length: numbers.first ?? 1)
        case "time": return isTimePrecision ? .time(precision: precision) : nil
        case "time with time zone": return isTimePrecision ? .timeWithZone(precision: precision) : nil
        case "timestamp": return isTimePrecision ? .timestamp(precision: precision) : nil
        case "timestamp with time zone": return isTimePrecision ? .timestampWithZone(precision: precision) : nil
        case "array": return types.count == 1 ? .array(types[0]) : nil
        case "map": return types.count == 2 ? .map(types[0], types[1]) : nil
        case "row": return fields.isEmpty ? nil : .row(fields)
        default: return nil
        }
    }

    /// The type of a column of the lake.
    package init(_ type: FieldType) {
        switch type {
        case .primitive(let primitive): self.init(primitive)
        case .list(_, let element, _): self = .array(TrinoType(element))
        case .map(_, let key, _, let value, _): self = .map(TrinoType(key), TrinoType(value))
        case .structure(let fields):
            self = .row(fields.map { Field(name: $0.name, type: TrinoType($0.type)) })
        }
    }

    private init(_ primitive: PrimitiveType) {
        switch primitive {
        case .boolean: self = .boolean
        case .int: self = .integer
        case .long: self = .bigint
        case .float: self = .real
        case .double: self = .double
        case .decimal(let precision, let scale): self = .decimal(precision: precision, scale: scale)
        case .date: self = .date
        case .time: self = .time(precision: Self.microseconds)
        case .timestamp: self = .timestamp(precision: Self.microseconds)
        case .timestamptz: self = .timestampWithZone(precision: Self.microseconds)
        case .string: self = .varchar
        case .uuid: self = .uuid
        case .fixed, .binary: self = .varbinary
        }
    }
}

/// Text of the engine's SQL.
enum SQLText {
    /// An identifier in quotes.
    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// A string literal.
    static func literal(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}

import ArrowFormat

/// Reads the engine's name of a type, as ``QueryResult/Column/type`` holds it.
///
/// `BIGINT`, `DECIMAL(9,2)`, `VARCHAR[]`, `INTEGER[3]`, `STRUCT(a INTEGER, "b c" VARCHAR)`, `MAP(VARCHAR, DOUBLE)`.
struct ResultType {
    /// Nesting that is read; what is deeper goes as text.
    private static let depthMax = 64

    private var rest: Substring

    /// The Arrow type that holds the values. A name that is not known stands for text, which every type has.
    static func arrow(_ name: String) -> ArrowType {
        var reader = ResultType(rest: name[...])
        guard let type = reader.type(depth: 0), reader.rest.isEmpty else { return .utf8 }
        return type
    }

    private mutating func type(depth: Int) -> ArrowType? {
        guard depth < Self.depthMax else { return nil }
        var type: ArrowType?
        if take("STRUCT(") {
            type = structure(depth: depth)
        } else if take("MAP(") {
            guard let key = self.type(depth: depth + 1), take(", "), let value = self.type(depth: depth + 1), take(")")
            else { return nil }
            type = .map(key: ArrowField("key", key, isNullable: false), value: ArrowField("value", value))
        } else if take("DECIMAL(") {
            guard let precision = number(), take(","), let scale = number(), take(")") else { return nil }
            type = .decimal(precision: precision, scale: scale)
        } else {
            type = plain()
        }
        guard var type else { return nil }
        while take("[") {
            let element = ArrowField("item", type)
            if take("]") {
                type = .list(element)
            } else {
                guard let count = number(), take("]") else { return nil }
                type = .fixedList(element, count: count)
            }
        }
        return type
    }

    private mutating func structure(depth: Int) -> ArrowType? {
        var fields: [ArrowField] = []
        repeat {
            guard let name = identifier(), take(" "), let type = type(depth: depth + 1) else { return nil }
            fields.append(ArrowField(name, type))
        } while take(", ")
        return take(")") ? .structure(fields) : nil
    }

    private static let plainTypes: [(String, ArrowType)] = [
        // A name comes before those that it begins with.
        ("TIMESTAMP WITH TIME ZONE", .timestamp(.microsecond, zone: "UTC")),
        ("TIMESTAMP_S", .timestamp(.second, zone: nil)),
        ("TIMESTAMP_MS", .timestamp(.millisecond, zone: nil)), ("TIMESTAMP_NS", .timestamp(.nanosecond, zone: nil)),
        ("TIMESTAMP", .timestamp(.microsecond, zone: nil)), ("TIME WITH TIME ZONE", .utf8),
        ("TIME_NS", .time(.nanosecond)), ("TIME", .time(.microsecond)), ("DATE", .date), ("INTERVAL", .interval),
        ("BOOLEAN", .bool), ("TINYINT", .int(bits: 8, isSigned: true)), ("SMALLINT", .int(bits: 16, isSigned: true)),
        ("INTEGER", .int(bits: 32, isSigned: true)), ("BIGINT", .int(bits: 64, isSigned: true)),
        ("UTINYINT", .int(bits: 8, isSigned: false)), ("USMALLINT", .int(bits: 16, isSigned: false)),
        ("UINTEGER", .int(bits: 32, isSigned: false)), ("UBIGINT", .int(bits: 64, isSigned: false)),
        ("HUGEINT", .decimal(precision: ArrowType.decimalPrecisionMax, scale: 0)),
        ("UHUGEINT", .decimal(precision: ArrowType.decimalPrecisionMax, scale: 0)), ("FLOAT", .float32),
        ("DOUBLE", .float64), ("BLOB", .binary), ("NULL", .null),
    ]

    private mutating func plain() -> ArrowType? {
        for (name, type) in Self.plainTypes where take(name) { return type }
        // Names of other types stand for text: VARCHAR, JSON, UUID, ENUM.
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        guard !word.isEmpty else { return nil }
        rest = rest.dropFirst(word.count)
        return .utf8
    }

    private mutating func identifier() -> String? {
        guard take("\"") else {
            let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            rest = rest.dropFirst(word.count)
            return word.isEmpty ? nil : String(word)
        }
        var name = ""
        while let character = rest.popFirst() {
            guard character == "\"" else {
                name.append(character)
                continue
            }
            guard take("\"") else { return name }
            name.append("\"")
        }
        return nil
    }

    private mutating func number() -> Int? {
        let digits = rest.prefix { $0.isNumber }
        rest = rest.dropFirst(digits.count)
        return Int(digits)
    }

    private mutating func take(_ text: String) -> Bool {
        guard rest.hasPrefix(text) else { return false }
        rest = rest.dropFirst(text.count)
        return true
    }
}

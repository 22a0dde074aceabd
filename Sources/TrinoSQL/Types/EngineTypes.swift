extension TrinoType {
    /// The type's name in the engine's SQL; `nil` for one that nothing can be cast to.
    var engineName: String? {
        switch self {
        case .unresolved, .null: nil
        case .boolean: "BOOLEAN"
        case .tinyint: "TINYINT"
        case .smallint: "SMALLINT"
        case .integer: "INTEGER"
        case .bigint: "BIGINT"
        case .real: "FLOAT"
        case .double: "DOUBLE"
        case .decimal(let precision, let scale): "DECIMAL(\(precision),\(scale))"
        case .varchar, .char: "VARCHAR"
        case .varbinary: "BLOB"
        case .json: "JSON"
        case .date: "DATE"
        case .uuid: "UUID"
        case .time: "TIME"
        case .timeWithZone: "TIMETZ"
        case .timestamp: "TIMESTAMP"
        case .timestampWithZone: "TIMESTAMPTZ"
        case .intervalDayToSecond, .intervalYearToMonth: "INTERVAL"
        case .array(let element): element.engineName.map { $0 + "[]" }
        case .map(let key, let value):
            key.engineName.flatMap { key in value.engineName.map { "MAP(\(key), \($0))" } }
        case .row(let fields): Self.structName(fields)
        }
    }

    private static func structName(_ fields: [Field]) -> String? {
        var parts: [String] = []
        for (index, field) in fields.enumerated() {
            guard let type = field.type.engineName else { return nil }
            parts.append("\(SQLText.quoted(field.name ?? "field\(index)")) \(type)")
        }
        return "STRUCT(\(parts.joined(separator: ", ")))"
    }

    /// The type that a column of the engine's result has for Trino's clients.
    /// - Parameter name: as the engine writes it, for example `DECIMAL(9,2)` or `STRUCT(a INTEGER)`.
    package init(engineName name: String) {
        var reader = EngineTypeReader(name)
        self = reader.type()
    }

    /// The type that values travel as: what the translation knows, unless the engine's result has another form.
    package static func ofResult(known: TrinoType, engineName: String) -> TrinoType {
        let found = TrinoType(engineName: engineName)
        return known.refines(found) ? known : found
    }

    /// Whether this type says the same as `found`, and more.
    private func refines(_ found: TrinoType) -> Bool {
        switch (self, found) {
        case (.unresolved, _): false
        case (.null, _): true
        case (.varchar, .varchar), (.char, .varchar), (.time, .time), (.timeWithZone, .timeWithZone),
            (.timestamp, .timestamp), (.timestampWithZone, .timestampWithZone),
            (.intervalYearToMonth, .intervalDayToSecond):
            true
        case (.array(let one), .array(let other)): one.refines(other)
        case (.map(let key, let value), .map(let otherKey, let otherValue)):
            key.refines(otherKey) && value.refines(otherValue)
        case (.row(let fields), .row(let others)):
            fields.count == others.count && zip(fields, others).allSatisfy { $0.type.refines($1.type) }
        default: self == found
        }
    }
}

/// Reads the engine's type names.
private struct EngineTypeReader {
    private var rest: Substring

    init(_ name: String) { rest = name[...] }

    private static let plain: [String: TrinoType] = [
        "BOOLEAN": .boolean, "TINYINT": .tinyint, "SMALLINT": .smallint, "INTEGER": .integer, "BIGINT": .bigint,
        "UTINYINT": .smallint, "USMALLINT": .integer, "UINTEGER": .bigint, "FLOAT": .real, "DOUBLE": .double,
        "UBIGINT": .decimal(precision: 20, scale: 0), "HUGEINT": .decimal(precision: 38, scale: 0),
        "UHUGEINT": .decimal(precision: 38, scale: 0), "VARCHAR": .varchar, "ENUM": .varchar, "JSON": .json,
        "BLOB": .varbinary, "UUID": .uuid, "DATE": .date, "TIME": .time(precision: TrinoType.microseconds),
        "TIME_NS": .time(precision: 9), "TIME WITH TIME ZONE": .timeWithZone(precision: TrinoType.microseconds),
        "TIMESTAMP": .timestamp(precision: TrinoType.microseconds), "TIMESTAMP_S": .timestamp(precision: 0),
        "TIMESTAMP_MS": .timestamp(precision: 3), "TIMESTAMP_NS": .timestamp(precision: 9),
        "TIMESTAMP WITH TIME ZONE": .timestampWithZone(precision: TrinoType.microseconds),
        "INTERVAL": .intervalDayToSecond, "NULL": .null,
    ]

    mutating func type() -> TrinoType {
        var type = simple()
        while rest.first == "[" {
            rest = rest.drop { $0 != "]" }.dropFirst()
            type = .array(type)
        }
        return type
    }

    private mutating func simple() -> TrinoType {
        if take("DECIMAL(") {
            let numbers = rest.prefix { $0 != ")" }.split(separator: ",").compactMap { Int($0) }
            rest = rest.drop { $0 != ")" }.dropFirst()
            guard numbers.count == 2 else { return .unresolved }
            return .decimal(precision: numbers[0], scale: numbers[1])
        }
        if take("MAP(") {
            let key = type()
            _ = take(", ")
            let value = type()
            _ = take(")")
            return .map(key, value)
        }
        if take("STRUCT(") { return structure() }
        // The longest name that fits: TIMESTAMP is the beginning of others.
        let found = Self.plain.keys.filter { rest.hasPrefix($0) }.max { $0.count < $1.count }
        guard let found, let type = Self.plain[found] else {
            rest = ""
            return .unresolved
        }
        rest = rest.dropFirst(found.count)
        return type
    }

    /// `a INTEGER, b VARCHAR)`, or types without names.
    private mutating func structure() -> TrinoType {
        var fields: [TrinoType.Field] = []
        while !rest.isEmpty {
            let name = rest.prefix { $0 != " " && $0 != "," && $0 != ")" }
            let isNamed = !name.isEmpty && rest.dropFirst(name.count).first == " "
            if isNamed, !isType(name) {
                rest = rest.dropFirst(name.count + 1)
                fields.append(TrinoType.Field(name: String(name), type: type()))
            } else {
                if rest.first == " " { rest = rest.dropFirst() }
                fields.append(TrinoType.Field(name: nil, type: type()))
            }
            if take(")") { break }
            guard take(", ") else { break }
        }
        return .row(fields)
    }

    /// Whether the word begins a type of several words.
    private func isType(_ word: Substring) -> Bool {
        (word == "TIMESTAMP" || word == "TIME") && rest.dropFirst(word.count).hasPrefix(" WITH TIME ZONE")
    }

    private mutating func take(_ text: String) -> Bool {
        guard rest.hasPrefix(text) else { return false }
        rest = rest.dropFirst(text.count)
        return true
    }
}

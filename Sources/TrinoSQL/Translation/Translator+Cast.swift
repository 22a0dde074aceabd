extension Translator {
    func cast(
        _ value: Typed, _ target: TrinoType, isTry: Bool, _ location: SourceLocation
    ) throws -> Typed {
        guard let engine = target.engineName else {
            throw TrinoSQLError.unsupported("a cast to \(target.name)", location)
        }
        let word = isTry ? "TRY_CAST" : "CAST"
        let plain = "\(word)(\(value.sql) AS \(engine))"
        if value.type == .null { return Typed("CAST(NULL AS \(engine))", target) }
        try check(value.type, target, location)
        switch (value.type, target) {
        case (_, .varchar(let length)): return Typed(try text(value, length, isTry: isTry), target)
        case (_, .char(let length)):
            return Typed("rpad(\(try text(value, nil, isTry: isTry)), \(length), ' ')", target)
        case (.json, _): return Typed(fromJSON(value, target, word), target)
        case (_, .json): return Typed("to_json(\(value.sql))", .json)
        case (let type, _) where type.isFloating && (target.isInteger):
            return Typed("\(word)(round(\(value.sql)) AS \(engine))", target)
        case (.timestampWithZone, .date), (.timestampWithZone, .timestamp), (.timestampWithZone, .time):
            return Typed("\(word)(\(value.calendar) AS \(engine))", target)
        case (.row(let fields), .row(let wanted)): return try row(value, fields, wanted, isTry: isTry, location)
        case (.array(.row(let fields)), .array(.row(let wanted))):
            let item = try row(Typed("\"_e\"", .row(fields)), fields, wanted, isTry: isTry, location)
            return Typed("list_transform(\(value.sql), lambda \"_e\": \(item.sql))", target)
        case (.timestamp, .timestamp(let digits)), (.timestampWithZone, .timestampWithZone(let digits)):
            return Typed(rounded(plain, value.type, digits), target, zone: value.zone)
        default: return Typed(plain, target)
        }
    }

    private func check(_ source: TrinoType, _ target: TrinoType, _ location: SourceLocation) throws {
        let isPossible =
            switch (source, target) {
            case (.unresolved, _), (_, .varchar), (_, .json), (.json, _): true
            case (let one, let other) where one.isText: !other.isInterval && other != .varbinary
            case (let one, let other) where one.isNumeric || one == .boolean:
                other.isNumeric || other == .boolean || other.isText
            case (let one, let other) where one.isMoment: other.isMoment || other.isText || other.isTime
            case (.varbinary, let other), (.uuid, let other): other == .varbinary || other == .uuid || other.isText
            default: true
            }
        guard isPossible else {
            throw TrinoSQLError.semantic("TYPE_MISMATCH", "Cannot cast \(source.name) to \(target.name)", location)
        }
    }

    /// A time with fewer digits is rounded.
    private func rounded(_ sql: String, _ source: TrinoType, _ digits: Int) -> String {
        guard let had = source.timePrecision, digits < min(had, TrinoType.microseconds) else { return sql }
        let step = [1_000_000, 100_000, 10_000, 1_000, 100, 10][digits]
        let whole = "(epoch_us(\(sql)) + \(step / 2)) // \(step) * \(step)"
        return source.isZoned ? "(to_timestamp(0) + to_microseconds(\(whole)))" : "make_timestamp(\(whole))"
    }

    // MARK: Text

    /// Text as Trino writes values.
    private func text(_ value: Typed, _ length: Int?, isTry: Bool) throws -> String {
        let plain: String
        switch value.type {
        case .varchar, .char: plain = value.sql
        case .json: plain = "json_extract_string(\(value.sql), '$')"
        case .timestamp(let precision): plain = Self.timeText(value.sql, precision)
        case .timestampWithZone(let precision):
            plain = "(\(Self.timeText(value.calendar, precision)) || ' UTC')"
            if value.zone != nil {
                throw TrinoSQLError.unsupported("the text of a time AT TIME ZONE (use date_format)", nil)
            }
        default: plain = "CAST(\(value.sql) AS VARCHAR)"
        }
        guard let length else { return plain }
        if value.type.isText || value.type == .json || value.type == .unresolved || isTry {
            return "left(\(plain), \(length))"
        }
        let message = SQLText.literal("Value cannot be represented as varchar(\(length))")
        return "(CASE WHEN length(\(plain)) > \(length) THEN error(\(message)) ELSE \(plain) END)"
    }

    static func timeText(_ sql: String, _ precision: Int) -> String {
        guard precision > 0 else { return "strftime(\(sql), '%Y-%m-%d %H:%M:%S')" }
        let digits = min(precision, TrinoType.microseconds)
        let text = "strftime(\(sql), '%Y-%m-%d %H:%M:%S.%f')"
        return digits == TrinoType.microseconds ? text : "left(\(text), \(20 + digits))"
    }

    private func fromJSON(_ value: Typed, _ target: TrinoType, _ word: String) -> String {
        let engine = target.engineName ?? "VARCHAR"
        switch target {
        case .array, .map, .row, .json: return "\(word)(\(value.sql) AS \(engine))"
        default: return "\(word)(json_extract_string(\(value.sql), '$') AS \(engine))"
        }
    }

    // MARK: Rows

    /// Rows are cast field by field, by their order.
    private func row(
        _ value: Typed, _ fields: [TrinoType.Field], _ wanted: [TrinoType.Field], isTry: Bool,
        _ location: SourceLocation
    ) throws -> Typed {
        guard fields.count == wanted.count else {
            throw TrinoSQLError.semantic(
                "TYPE_MISMATCH", "Cannot cast \(value.type.name) to \(TrinoType.row(wanted).name)", location)
        }
        let source = Typed(value.sql, .row(fields))
        var parts: [String] = []
        let isNamed = wanted.allSatisfy { $0.name != nil }
        for (index, field) in wanted.enumerated() {
            let item = try cast(try fieldOf(source, index, location), field.type, isTry: isTry, location)
            parts.append(isNamed ? "\(SQLText.literal(field.name ?? "")): \(item.sql)" : item.sql)
        }
        let made = isNamed ? "{\(parts.joined(separator: ", "))}" : "row(\(parts.joined(separator: ", ")))"
        let type: TrinoType =
            isNamed ? .row(wanted) : .row(wanted.map { TrinoType.Field(name: nil, type: $0.type) })
        return Typed("(CASE WHEN \(value.sql) IS NOT NULL THEN \(made) END)", type)
    }
}

extension TrinoType {
    var isTime: Bool {
        switch self {
        case .time, .timeWithZone: true
        default: false
        }
    }

    var isZoned: Bool {
        switch self {
        case .timestampWithZone, .timeWithZone: true
        default: false
        }
    }

    var timePrecision: Int? {
        switch self {
        case .time(let precision), .timeWithZone(let precision), .timestamp(let precision),
            .timestampWithZone(let precision):
            precision
        default: nil
        }
    }
}

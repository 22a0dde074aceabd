/// Dates and times.
extension Translator {
    private static let parts: [String: String] = [
        "year": "year", "quarter": "quarter", "month": "month", "week": "week", "week_of_year": "week", "day": "day",
        "day_of_month": "day", "day_of_week": "isodow", "dow": "isodow", "day_of_year": "doy", "doy": "doy",
        "year_of_week": "isoyear", "yow": "isoyear", "hour": "hour", "minute": "minute", "second": "second",
    ]

    func temporal(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed? {
        if let part = Self.parts[name] {
            try count(arguments, 1...1, name, location)
            let value = try moment(arguments[0], scope, name)
            return Typed("date_part('\(part)', \(value.calendar))", .bigint)
        }
        switch name {
        case "millisecond":
            try count(arguments, 1...1, name, location)
            let value = try moment(arguments[0], scope, name)
            return Typed("(date_part('millisecond', \(value.calendar)) % 1000)", .bigint)
        case "date_trunc": return try truncate(arguments, location, scope)
        case "date_add": return try add(arguments, location, scope)
        case "date_diff": return try difference(arguments, location, scope)
        case "date_format", "format_datetime": return try format(name, arguments, location, scope)
        case "date_parse", "parse_datetime": return try parse(name, arguments, location, scope)
        case "to_iso8601": return try isoText(arguments, location, scope)
        case "with_timezone", "at_timezone": return try zoned(name, arguments, location, scope)
        default: return nil
        }
    }

    private func moment(_ argument: Expression, _ scope: Scope, _ name: String) throws -> Typed {
        let value = try expression(argument, scope)
        guard value.type.isMoment || value.type.isTime || value.type.isInterval || value.type.isOpen else {
            throw TrinoSQLError.semantic(
                "FUNCTION_NOT_FOUND", "Unexpected parameters (\(value.type.name)) for function \(name)",
                argument.location)
        }
        return value
    }

    private static let units: Set<String> = [
        "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year",
    ]

    private func unit(_ argument: Expression) throws -> String {
        guard let text = constantText(argument)?.lowercased() else {
            throw TrinoSQLError.unsupported("a unit that is no constant", argument.location)
        }
        guard Self.units.contains(text) else {
            throw TrinoSQLError.semantic(
                "INVALID_FUNCTION_ARGUMENT", "'\(text)' is not a valid unit of time", argument.location)
        }
        return text
    }

    /// Results of the engine's calendar functions are timestamps; Trino's keep the argument's type.
    private func kept(_ sql: String, _ value: Typed) -> Typed {
        switch value.type {
        case .date: return Typed("CAST(\(sql) AS DATE)", .date)
        default: return Typed(sql, value.type)
        }
    }

    private func truncate(_ arguments: [Expression], _ location: SourceLocation, _ scope: Scope) throws -> Typed {
        try count(arguments, 2...2, "date_trunc", location)
        let unit = try unit(arguments[0])
        let value = try moment(arguments[1], scope, "date_trunc")
        guard let zone = value.zone else { return kept("date_trunc('\(unit)', \(value.sql))", value) }
        return Typed("timezone(\(zone), date_trunc('\(unit)', \(value.calendar)))", value.type, zone: zone)
    }

    private func add(_ arguments: [Expression], _ location: SourceLocation, _ scope: Scope) throws -> Typed {
        try count(arguments, 3...3, "date_add", location)
        let unit = try unit(arguments[0])
        let amount = try expression(arguments[1], scope)
        let value = try moment(arguments[2], scope, "date_add")
        let whole =
            "CAST(\(amount.sql) AS \(["hour", "minute", "second", "millisecond"].contains(unit) ? "BIGINT" : "INTEGER"))"
        let interval = unit == "quarter" ? "to_months(3 * \(whole))" : "to_\(unit)s(\(whole))"
        var sum = kept("(\(value.sql) + \(interval))", value)
        sum.zone = value.zone
        return sum
    }

    /// Trino counts whole units that have passed, not borders that were crossed.
    private func difference(_ arguments: [Expression], _ location: SourceLocation, _ scope: Scope) throws -> Typed {
        try count(arguments, 3...3, "date_diff", location)
        let unit = try unit(arguments[0])
        let values = try arguments.dropFirst().map { try moment($0, scope, "date_diff") }
        guard let type = values[0].type.common(with: values[1].type) else {
            throw TrinoSQLError.semantic(
                "FUNCTION_NOT_FOUND",
                "Unexpected parameters (\(values[0].type.name), \(values[1].type.name)) for function date_diff",
                location)
        }
        var texts = values.map(\.sql)
        if type.isMoment {
            let engine = type.isZoned ? "TIMESTAMPTZ" : "TIMESTAMP"
            texts = texts.map { "CAST(\($0) AS \(engine))" }
        }
        return Typed("date_sub('\(unit)', \(texts[0]), \(texts[1]))", .bigint)
    }

    private func format(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        let (value, pattern) = try formatted(name, arguments, location, scope)
        guard value.type.isMoment || value.type.isOpen else {
            throw TrinoSQLError.semantic(
                "FUNCTION_NOT_FOUND", "Unexpected parameters (\(value.type.name)) for function \(name)", location)
        }
        return Typed("strftime(\(value.calendar), \(SQLText.literal(pattern)))", .varchar)
    }

    private func parse(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        let (value, pattern) = try formatted(name, arguments, location, scope)
        let function = isForgiving ? "try_strptime" : "strptime"
        let sql = "\(function)(\(value.sql), \(SQLText.literal(pattern)))"
        if name == "date_parse" { return Typed(sql, .timestamp(precision: 3)) }
        return Typed("CAST(\(sql) AS TIMESTAMPTZ)", .timestampWithZone(precision: 3))
    }

    private func formatted(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> (Typed, String) {
        try count(arguments, 2...2, name, location)
        guard let text = constantText(arguments[1]) else {
            throw TrinoSQLError.unsupported("a format that is no constant", arguments[1].location)
        }
        let isMySQL = name.hasPrefix("date_")
        let pattern =
            isMySQL
            ? try TimeFormats.mySQL(text, arguments[1].location) : try TimeFormats.joda(text, arguments[1].location)
        return (try expression(arguments[0], scope), pattern)
    }

    private func isoText(_ arguments: [Expression], _ location: SourceLocation, _ scope: Scope) throws -> Typed {
        try count(arguments, 1...1, "to_iso8601", location)
        let value = try moment(arguments[0], scope, "to_iso8601")
        switch value.type {
        case .date: return Typed("CAST(\(value.sql) AS VARCHAR)", .varchar)
        case .timestamp(let precision):
            return Typed("replace(\(Self.timeText(value.sql, precision)), ' ', 'T')", .varchar)
        case .timestampWithZone(let precision):
            return Typed("(replace(\(Self.timeText(value.sql, precision)), ' ', 'T') || 'Z')", .varchar)
        default: throw TrinoSQLError.unsupported("to_iso8601 of \(value.type.name)", location)
        }
    }

    private func zoned(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        try count(arguments, 2...2, name, location)
        let value = try moment(arguments[0], scope, name)
        let zone = try expression(arguments[1], scope).sql
        if name == "at_timezone" {
            return Typed(value.sql, value.type, zone: zone)
        }
        guard case .timestamp(let precision) = value.type else {
            throw TrinoSQLError.unsupported("with_timezone of \(value.type.name)", location)
        }
        return Typed("timezone(\(zone), \(value.sql))", .timestampWithZone(precision: precision), zone: zone)
    }
}

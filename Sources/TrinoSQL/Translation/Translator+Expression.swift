extension Translator {
    func expression(_ expression: Expression, _ scope: Scope) throws -> Typed {
        try nested(expression.location) { try self.value(expression, scope) }
    }

    private func value(_ expression: Expression, _ scope: Scope) throws -> Typed {
        let location = expression.location
        switch expression.kind {
        case .null, .boolean, .integer, .decimal, .double, .string, .binary, .typed, .interval:
            return try literal(expression)
        case .name(let name): return try column([], name, scope)
        case .field(let base, let name): return try field(base, name, scope)
        case .parameter(let index): return try self.expression(try parameter(index, location), Scope(parent: nil))
        case .call(let call): return try self.call(call, location, scope)
        case .lambda: throw TrinoSQLError.semantic("TYPE_MISMATCH", "a lambda is no value here", location)
        case .cast(let operand, let type, let isTry):
            let target = try TrinoType(type)
            return try cast(try self.expression(operand, scope), target, isTry: isTry || isForgiving, location)
        case .extract(let field, let operand):
            return try extract(field, try self.expression(operand, scope), location)
        case .conditional(let operand, let branches, let otherwise):
            return try conditional(operand, branches, otherwise, scope)
        case .negate(let operand):
            let value = try self.expression(operand, scope)
            guard value.type.isNumeric || value.type.isInterval || value.type.isOpen else {
                throw TrinoSQLError.semantic("TYPE_MISMATCH", "Cannot negate \(value.type.name)", location)
            }
            return Typed("(- \(value.sql))", value.type)
        case .not(let operand): return Typed("(NOT \(try truth(operand, scope)))", .boolean)
        case .arithmetic(let first, let terms): return try arithmetic(first, terms, scope)
        case .all(let terms):
            return Typed("(\(try terms.map { try truth($0, scope) }.joined(separator: " AND ")))", .boolean)
        case .any(let terms):
            return Typed("(\(try terms.map { try truth($0, scope) }.joined(separator: " OR ")))", .boolean)
        case .array(let items): return try array(items, scope)
        case .row(let items):
            let values = try items.map { try self.expression($0, scope) }
            return Typed(
                "row(\(values.map(\.sql).joined(separator: ", ")))",
                .row(values.map { TrinoType.Field(name: nil, type: $0.type) }))
        case .element(let base, let index): return try element(base, index, scope)
        case .atTimeZone(let operand, let zone): return try atTimeZone(operand, zone, scope)
        case .special(let name, let precision): return try special(name, precision, location)
        case .comparison, .between, .inList, .inQuery, .like, .isNull, .exists, .scalar, .quantified:
            return try predicate(expression, scope)
        }
    }

    /// An expression that must be a boolean.
    func truth(_ expression: Expression, _ scope: Scope) throws -> String {
        let value = try self.expression(expression, scope)
        guard value.type == .boolean || value.type.isOpen else {
            throw TrinoSQLError.semantic(
                "TYPE_MISMATCH", "expected a boolean, found \(value.type.name)", expression.location)
        }
        return value.sql
    }

    // MARK: Names

    private func column(_ qualifier: [Identifier], _ name: Identifier, _ scope: Scope) throws -> Typed {
        if let found = try scope.find(qualifier, name) { return found }
        let full = (qualifier + [name]).map(\.text).joined(separator: ".")
        throw TrinoSQLError.semantic(
            "COLUMN_NOT_FOUND", "Column '\(full)' cannot be resolved", (qualifier.first ?? name).location)
    }

    /// `a.b.c`: a column behind its relation's name, or fields of a row.
    private func field(_ base: Expression, _ name: Identifier, _ scope: Scope) throws -> Typed {
        if let path = Self.path(Expression(.field(base, name), base.location)) {
            for count in stride(from: min(3, path.count - 1), through: 0, by: -1) {
                let qualifier = Array(path.prefix(count))
                guard var value = try scope.find(qualifier, path[count]) else { continue }
                for part in path.dropFirst(count + 1) { value = try fieldOf(value, named: part) }
                return value
            }
            return try column(Array(path.dropLast()), name, scope)
        }
        return try fieldOf(try expression(base, scope), named: name)
    }

    private func fieldOf(_ row: Typed, named name: Identifier) throws -> Typed {
        switch row.type {
        case .row(let fields):
            guard let index = fields.firstIndex(where: { $0.name?.lowercased() == name.key }) else { break }
            return try fieldOf(row, index, name.location)
        case .unresolved: return Typed("(\(row.sql)).\(SQLText.quoted(name.text))", .unresolved)
        default: break
        }
        throw TrinoSQLError.semantic(
            "COLUMN_NOT_FOUND", "'\(name.text)' is no field of \(row.type.name)", name.location)
    }

    func fieldOf(_ row: Typed, _ index: Int, _ location: SourceLocation) throws -> Typed {
        guard case .row(let fields) = row.type, fields.indices.contains(index) else {
            throw TrinoSQLError.semantic(
                "INVALID_FUNCTION_ARGUMENT", "\(row.type.name) has no field \(index + 1)", location)
        }
        let field = fields[index]
        guard let name = field.name else { return Typed("struct_extract(\(row.sql), \(index + 1))", field.type) }
        return Typed("struct_extract(\(row.sql), \(SQLText.literal(name)))", field.type)
    }

    // MARK: Constructors and subscripts

    private func array(_ items: [Expression], _ scope: Scope) throws -> Typed {
        let values = try items.map { try expression($0, scope) }
        var type = TrinoType.null
        for (value, item) in zip(values, items) {
            guard let common = type.common(with: value.type) else {
                throw TrinoSQLError.semantic(
                    "TYPE_MISMATCH", "All ARRAY elements must be the same type: \(type.name), \(value.type.name)",
                    item.location)
            }
            type = common
        }
        return Typed("[\(values.map(\.sql).joined(separator: ", "))]", .array(type))
    }

    private func element(_ base: Expression, _ index: Expression, _ scope: Scope) throws -> Typed {
        let container = try expression(base, scope)
        let key = try expression(index, scope)
        switch container.type {
        case .array(let element):
            guard key.type.isInteger || key.type.isOpen else {
                throw TrinoSQLError.semantic(
                    "TYPE_MISMATCH", "Subscript expression on array requires integral index", index.location)
            }
            if isForgiving { return Typed("list_extract(\(container.sql), \(key.sql))", element) }
            let message = SQLText.literal("Array subscript is out of bounds")
            return Typed(
                "(CASE WHEN \(key.sql) < 1 OR \(key.sql) > len(\(container.sql)) THEN error(\(message)) "
                    + "ELSE list_extract(\(container.sql), \(key.sql)) END)", element)
        case .map(_, let value):
            let found = "map_extract_value(\(container.sql), \(key.sql))"
            if isForgiving { return Typed(found, value) }
            let message = SQLText.literal("Key not present in map")
            return Typed(
                "(CASE WHEN NOT map_contains(\(container.sql), \(key.sql)) THEN error(\(message)) ELSE \(found) END)",
                value)
        case .row:
            guard let position = constantInteger(index) else {
                throw TrinoSQLError.semantic(
                    "EXPRESSION_NOT_CONSTANT", "Subscript expression on ROW requires a constant index", index.location)
            }
            return try fieldOf(container, position - 1, index.location)
        case .unresolved: return Typed("(\(container.sql))[\(key.sql)]", .unresolved)
        default:
            throw TrinoSQLError.semantic(
                "TYPE_MISMATCH", "Cannot use a subscript on \(container.type.name)", base.location)
        }
    }

    private func conditional(
        _ operand: Expression?, _ branches: [ExpressionKind.Branch], _ otherwise: Expression?, _ scope: Scope
    ) throws -> Typed {
        let subject = try operand.map { try expression($0, scope) }
        var sql = "(CASE"
        if let subject { sql += " \(subject.sql)" }
        var type = TrinoType.null
        func join(_ value: Typed, _ location: SourceLocation) throws {
            guard let common = type.common(with: value.type) else {
                throw TrinoSQLError.semantic(
                    "TYPE_MISMATCH", "All CASE results must be the same type: \(type.name), \(value.type.name)",
                    location)
            }
            type = common
        }
        for branch in branches {
            let condition: String
            if let subject {
                let value = try expression(branch.condition, scope)
                try comparable(subject.type, value.type, "=", branch.condition.location)
                condition = value.sql
            } else {
                condition = try truth(branch.condition, scope)
            }
            let result = try expression(branch.result, scope)
            try join(result, branch.result.location)
            sql += " WHEN \(condition) THEN \(result.sql)"
        }
        if let otherwise {
            let result = try expression(otherwise, scope)
            try join(result, otherwise.location)
            sql += " ELSE \(result.sql)"
        }
        return Typed(sql + " END)", type)
    }

    // MARK: Time

    private func atTimeZone(_ operand: Expression, _ zone: Expression, _ scope: Scope) throws -> Typed {
        let value = try expression(operand, scope)
        let place = try expression(zone, scope)
        guard place.type.isText || place.type.isOpen else {
            throw TrinoSQLError.unsupported("a time zone that is no text", zone.location)
        }
        switch value.type {
        case .timestamp(let precision):
            return Typed(
                "CAST(\(value.sql) AS TIMESTAMPTZ)", .timestampWithZone(precision: precision), zone: place.sql)
        case .timestampWithZone: return Typed(value.sql, value.type, zone: place.sql)
        default:
            throw TrinoSQLError.semantic(
                "TYPE_MISMATCH", "AT TIME ZONE takes a timestamp, found \(value.type.name)", operand.location)
        }
    }

    private func special(_ name: String, _ precision: Int?, _ location: SourceLocation) throws -> Typed {
        let digits = precision ?? 3
        switch name {
        case "current_date": return Typed("current_date", .date)
        case "current_timestamp": return Typed("now()", .timestampWithZone(precision: digits))
        case "localtimestamp": return Typed("CAST(now() AS TIMESTAMP)", .timestamp(precision: digits))
        case "localtime": return Typed("CAST(now() AS TIME)", .time(precision: digits))
        case "current_time": return Typed("CAST(now() AS TIMETZ)", .timeWithZone(precision: digits))
        case "current_user": return Typed(SQLText.literal(context.user), .varchar)
        case "current_catalog": return Typed(context.catalog.map { SQLText.literal($0) } ?? "NULL", .varchar)
        case "current_schema": return Typed(context.schema.map { SQLText.literal($0) } ?? "NULL", .varchar)
        case "current_path": return Typed("''", .varchar)
        default: throw TrinoSQLError.unsupported(name, location)
        }
    }

    private static let fields: [String: String] = [
        "year": "year", "quarter": "quarter", "month": "month", "week": "week", "day": "day", "day_of_month": "day",
        "day_of_week": "isodow", "dow": "isodow", "day_of_year": "doy", "doy": "doy", "year_of_week": "isoyear",
        "yow": "isoyear", "hour": "hour", "minute": "minute", "second": "second",
    ]

    func extract(_ field: String, _ value: Typed, _ location: SourceLocation) throws -> Typed {
        if field == "timezone_hour" || field == "timezone_minute" {
            guard value.zone != nil else { return Typed("CAST(0 AS BIGINT)", .bigint) }
            let part = field == "timezone_hour" ? "// 3600" : "% 3600 // 60"
            return Typed(
                "(CAST(epoch(\(value.calendar) - CAST(\(value.sql) AS TIMESTAMP)) AS BIGINT) \(part))", .bigint)
        }
        guard let part = Self.fields[field] else {
            throw TrinoSQLError.semantic(
                "SYNTAX_ERROR", "Invalid EXTRACT field: \(field)", location)
        }
        switch value.type {
        case .date, .timestamp, .timestampWithZone, .time, .timeWithZone, .intervalDayToSecond, .intervalYearToMonth,
            .unresolved:
            return Typed("date_part('\(part)', \(value.calendar))", .bigint)
        default:
            throw TrinoSQLError.semantic(
                "TYPE_MISMATCH", "Cannot extract \(field) from \(value.type.name)", location)
        }
    }
}

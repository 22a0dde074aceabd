extension Translator {
    func call(_ call: FunctionCall, _ location: SourceLocation, _ scope: Scope) throws -> Typed {
        let name = call.name.parts[call.name.parts.count - 1].key
        if Aggregates.all[name] != nil || Aggregates.special.contains(name) {
            return try aggregate(name, call, location, scope)
        }
        if let window = WindowFunctions.all[name] { return try windowCall(name, window, call, location, scope) }
        guard call.window == nil else {
            throw TrinoSQLError.semantic("FUNCTION_NOT_WINDOW", "Not a window function: \(name)", location)
        }
        guard call.filter == nil, call.orderBy.isEmpty, !call.isDistinct, !call.isStar else {
            throw TrinoSQLError.semantic("FUNCTION_NOT_AGGREGATE", "Not an aggregation function: \(name)", location)
        }
        if let simple = SimpleFunction.all[name] { return try fill(simple, name, call, location, scope) }
        if let found = try higherOrder(name, call.arguments, location, scope) { return found }
        if let found = try temporal(name, call.arguments, location, scope) { return found }
        if let found = try general(name, call.arguments, location, scope) { return found }
        throw TrinoSQLError.semantic("FUNCTION_NOT_FOUND", "Function '\(call.name.text)' not registered", location)
    }

    func values(_ arguments: [Expression], _ scope: Scope) throws -> [Typed] {
        try arguments.map { try expression($0, scope) }
    }

    /// - Throws: ``TrinoSQLError`` when the number of arguments is none of `counts`.
    func count(
        _ arguments: [Expression], _ counts: ClosedRange<Int>, _ name: String, _ location: SourceLocation
    ) throws {
        guard counts.contains(arguments.count) else {
            throw TrinoSQLError.semantic(
                "FUNCTION_NOT_FOUND", "Unexpected number of arguments (\(arguments.count)) for function \(name)",
                location)
        }
    }

    private func fill(
        _ simple: SimpleFunction, _ name: String, _ call: FunctionCall, _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        guard let template = simple.templates[call.arguments.count] else {
            throw TrinoSQLError.semantic(
                "FUNCTION_NOT_FOUND",
                "Unexpected number of arguments (\(call.arguments.count)) for function \(name)", location)
        }
        let values = try values(call.arguments, scope)
        let isCalendar = name == "date" || name == "last_day_of_month"
        let sql = SimpleFunction.fill(template, values.map { isCalendar ? $0.calendar : $0.sql })
        switch simple.result {
        case .type(let type):
            return Typed(sql, name == "random" && values.count == 1 ? values[0].type : type)
        case .same: return Typed(sql, values.first?.type ?? .unresolved)
        case .common: return Typed(sql, try common(values, call.arguments))
        case .element:
            if case .array(let element)? = values.first?.type { return Typed(sql, element) }
            return Typed(sql, .unresolved)
        }
    }

    func common(_ values: [Typed], _ arguments: [Expression]) throws -> TrinoType {
        var type = TrinoType.null
        for (value, argument) in zip(values, arguments) {
            guard let next = type.common(with: value.type) else {
                throw TrinoSQLError.semantic(
                    "TYPE_MISMATCH",
                    "All arguments must be the same type or coercible to one: "
                        + "\(type.name), \(value.type.name)", argument.location)
            }
            type = next
        }
        return type
    }

    // MARK: Functions of no family

    private func general(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed? {
        switch name {
        case "coalesce", "greatest", "least", "nullif", "if", "try", "typeof":
            return try conditionalCall(name, arguments, location, scope)
        case "round", "ceil", "ceiling", "floor", "truncate", "mod":
            return try rounding(name, arguments, location, scope)
        case "concat", "concat_ws", "regexp_replace": return try textCall(name, arguments, location, scope)
        case "json_extract", "json_extract_scalar", "json_size", "json_array_get":
            return try json(name, arguments, location, scope)
        case "grouping":
            let items = try values(arguments, scope).map(\.sql).joined(separator: ", ")
            return Typed("grouping(\(items))", .bigint)
        default: return nil
        }
    }

    private func conditionalCall(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        switch name {
        case "try":
            try count(arguments, 1...1, name, location)
            let saved = isForgiving
            isForgiving = true
            defer { isForgiving = saved }
            let value = try expression(arguments[0], scope)
            return Typed("TRY(\(value.sql))", value.type)
        case "typeof":
            try count(arguments, 1...1, name, location)
            return Typed(SQLText.literal(try expression(arguments[0], scope).type.name), .varchar)
        case "if":
            try count(arguments, 2...3, name, location)
            let condition = try truth(arguments[0], scope)
            let values = try values(Array(arguments.dropFirst()), scope)
            let type = try common(values, Array(arguments.dropFirst()))
            let otherwise = values.count > 1 ? " ELSE \(values[1].sql)" : ""
            return Typed("(CASE WHEN \(condition) THEN \(values[0].sql)\(otherwise) END)", type)
        case "nullif":
            try count(arguments, 2...2, name, location)
            let values = try values(arguments, scope)
            try comparable(values[0].type, values[1].type, "=", location)
            return Typed("nullif(\(values[0].sql), \(values[1].sql))", values[0].type)
        default:
            try count(arguments, (name == "coalesce" ? 2 : 1)...1_000, name, location)
            let values = try values(arguments, scope)
            let type = try common(values, arguments)
            let call = "\(name)(\(values.map(\.sql).joined(separator: ", ")))"
            guard name != "coalesce" else { return Typed(call, type) }
            let missing = values.map { "\($0.sql) IS NULL" }.joined(separator: " OR ")
            return Typed("(CASE WHEN \(missing) THEN NULL ELSE \(call) END)", type)
        }
    }

    private func rounding(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        try count(arguments, name == "mod" ? 2...2 : 1...2, name, location)
        if name == "mod" {
            return try arithmetic(
                arguments[0], [ArithmeticTerm(operation: .modulus, operand: arguments[1], location: location)], scope)
        }
        let values = try values(arguments, scope)
        let engine = name == "truncate" ? "trunc" : name == "ceiling" ? "ceil" : name
        let sql = "\(engine)(\(values.map(\.sql).joined(separator: ", ")))"
        switch values[0].type {
        case .decimal(let precision, let scale):
            var type = TrinoType.decimal(precision: min(38, precision + 1), scale: scale)
            if values.count == 1 {
                type = .decimal(precision: min(38, max(1, precision - scale + min(scale, 1))), scale: 0)
            }
            return Typed("CAST(\(sql) AS \(type.engineName ?? ""))", type)
        case let type where type.isInteger || type.isFloating:
            return Typed("CAST(\(sql) AS \(type.engineName ?? ""))", type)
        case .unresolved: return Typed(sql, .unresolved)
        case let type:
            throw TrinoSQLError.semantic(
                "FUNCTION_NOT_FOUND", "Unexpected parameters (\(type.name)) for function \(name)", location)
        }
    }

    private func textCall(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        if name == "regexp_replace" { return try regexpReplace(arguments, location, scope) }
        if name == "concat_ws" {
            let items = try values(arguments, scope).map(\.sql).joined(separator: ", ")
            return Typed("concat_ws(\(items))", .varchar)
        }
        // The engine's `concat` leaves nulls out; Trino's is null then, as the operator is.
        try count(arguments, 2...1_000, name, location)
        let terms = arguments.dropFirst().map {
            ArithmeticTerm(operation: .concatenate, operand: $0, location: $0.location)
        }
        return try arithmetic(arguments[0], terms, scope)
    }

    private func regexpReplace(
        _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        try count(arguments, 2...3, "regexp_replace", location)
        if arguments.count == 3, case .lambda = arguments[2].kind {
            throw TrinoSQLError.unsupported("regexp_replace with a lambda", location)
        }
        let values = try values(Array(arguments.prefix(2)), scope).map(\.sql)
        var replacement = "''"
        if arguments.count == 3 {
            guard let text = constantText(arguments[2]) else {
                throw TrinoSQLError.unsupported("a replacement that is no constant", arguments[2].location)
            }
            replacement = SQLText.literal(try Self.replacement(text, arguments[2].location))
        }
        return Typed("regexp_replace(\(values[0]), \(values[1]), \(replacement), 'g')", .varchar)
    }

    /// Groups are `$1` in Trino and `\1` in the engine.
    private static func replacement(_ text: String, _ location: SourceLocation) throws -> String {
        var result = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case "$":
                guard let digit = rest.first, digit.isASCII, digit.isNumber else {
                    throw TrinoSQLError.unsupported("a named group in a replacement", location)
                }
                result += "\\"
            case "\\":
                guard let next = rest.popFirst() else { break }
                result += next == "\\" ? "\\\\" : String(next)
            default: result.append(character)
            }
        }
        return result
    }

    // MARK: JSON

    private func json(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        try count(arguments, 2...2, name, location)
        let value = try expression(arguments[0], scope).sql
        if name == "json_array_get" {
            return Typed("json_extract(\(value), CAST(\(try expression(arguments[1], scope).sql) AS BIGINT))", .json)
        }
        guard let text = constantText(arguments[1]) else {
            throw TrinoSQLError.unsupported("a JSON path that is no constant", arguments[1].location)
        }
        let path = SQLText.literal(try JSONPath.translated(text, arguments[1].location))
        switch name {
        case "json_extract": return Typed("json_extract(\(value), \(path))", .json)
        case "json_size":
            return Typed(
                "CAST(CASE json_type(\(value), \(path)) WHEN 'ARRAY' THEN json_array_length(\(value), \(path)) "
                    + "WHEN 'OBJECT' THEN len(json_keys(\(value), \(path))) WHEN NULL THEN NULL ELSE 0 END AS BIGINT)",
                .bigint)
        default:
            return Typed(
                "(CASE WHEN json_type(\(value), \(path)) NOT IN ('OBJECT', 'ARRAY') "
                    + "THEN json_extract_string(\(value), \(path)) END)", .varchar)
        }
    }
}

/// JSON paths of `json_extract`: `$.a.b[0]["c d"]`.
enum JSONPath {
    /// The same path as the engine writes it.
    static func translated(_ text: String, _ location: SourceLocation) throws -> String {
        guard text.hasPrefix("$") else { return "$." + SQLText.quoted(text) }
        var result = "$"
        var rest = text.dropFirst()
        let invalid = TrinoSQLError.semantic("INVALID_FUNCTION_ARGUMENT", "Invalid JSON path: '\(text)'", location)
        while let character = rest.popFirst() {
            switch character {
            case ".":
                guard rest.first != ".", rest.first != "*" else {
                    throw TrinoSQLError.unsupported("a wildcard in a JSON path", location)
                }
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty else { throw invalid }
                rest = rest.dropFirst(name.count)
                result += name.first == "\"" ? ".\(name)" : ".\(SQLText.quoted(String(name)))"
            case "[":
                if rest.first == "\"" || rest.first == "'" {
                    let quote = rest.removeFirst()
                    let name = rest.prefix { $0 != quote }
                    rest = rest.dropFirst(name.count + 1)
                    result += ".\(SQLText.quoted(String(name)))"
                } else {
                    let digits = rest.prefix { $0 != "]" }
                    guard let index = Int(digits) else {
                        throw digits == "*" ? TrinoSQLError.unsupported("a wildcard in a JSON path", location) : invalid
                    }
                    rest = rest.dropFirst(digits.count)
                    result += "[\(index)]"
                }
                guard rest.popFirst() == "]" else { throw invalid }
            default: throw invalid
            }
        }
        return result
    }
}

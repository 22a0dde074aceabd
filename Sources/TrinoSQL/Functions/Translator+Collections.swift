/// Arrays, maps and the functions that take lambdas.
extension Translator {
    func higherOrder(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed? {
        switch name {
        case "transform", "filter", "any_match", "all_match", "none_match":
            try count(arguments, 2...2, name, location)
            return try overArray(name, arguments, location, scope)
        case "reduce": return try reduce(arguments, location, scope)
        case "zip_with": return try zipWith(arguments, location, scope)
        case "map_filter", "transform_values", "transform_keys":
            try count(arguments, 2...2, name, location)
            return try overMap(name, arguments, location, scope)
        case "cardinality", "element_at", "contains", "map", "map_keys", "map_values", "map_entries",
            "map_from_entries", "sequence", "repeat", "zip":
            return try collection(name, arguments, location, scope)
        default: return nil
        }
    }

    /// A lambda's body, with its parameters standing for `values`.
    private func body(
        _ expression: Expression, _ values: [Typed], _ scope: Scope
    ) throws -> Typed {
        guard case .lambda(let names, let body) = expression.kind, names.count == values.count else {
            throw TrinoSQLError.semantic(
                "TYPE_MISMATCH", "expected a lambda of \(values.count) arguments", expression.location)
        }
        let inner = Scope(parent: scope)
        for (name, value) in zip(names, values) { inner.bindings[name.key] = value }
        return try self.expression(body, inner)
    }

    private func elementType(_ value: Typed, _ name: String, _ location: SourceLocation) throws -> TrinoType {
        switch value.type {
        case .array(let element): return element
        case .unresolved, .null: return .unresolved
        default:
            throw TrinoSQLError.semantic(
                "FUNCTION_NOT_FOUND", "Unexpected parameters (\(value.type.name)) for function \(name)", location)
        }
    }

    private func mapTypes(_ value: Typed, _ name: String, _ location: SourceLocation) throws -> (TrinoType, TrinoType) {
        switch value.type {
        case .map(let key, let value): return (key, value)
        case .unresolved, .null: return (.unresolved, .unresolved)
        default:
            throw TrinoSQLError.semantic(
                "FUNCTION_NOT_FOUND", "Unexpected parameters (\(value.type.name)) for function \(name)", location)
        }
    }

    /// Lambdas inside lambdas need names of their own.
    private func parameterName(_ scope: Scope, _ name: String) -> String {
        var level = 0
        var current: Scope? = scope
        while let scope = current {
            if !scope.bindings.isEmpty { level += 1 }
            current = scope.parent
        }
        return "\"_\(name)\(level)\""
    }

    private func overArray(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        let array = try expression(arguments[0], scope)
        let element = try elementType(array, name, location)
        let parameter = parameterName(scope, "e")
        let body = try body(arguments[1], [Typed(parameter, element)], scope)
        let function = "lambda \(parameter): \(body.sql)"
        switch name {
        case "transform": return Typed("list_transform(\(array.sql), \(function))", .array(body.type))
        case "filter": return Typed("list_filter(\(array.sql), \(function))", array.type)
        default:
            let isAll = name == "all_match"
            let found = "list_bool_\(isAll ? "and" : "or")(list_transform(\(array.sql), \(function)))"
            let value = "coalesce(\(found), \(isAll ? "TRUE" : "FALSE"))"
            let answer = name == "none_match" ? "NOT \(value)" : value
            return Typed("(CASE WHEN \(array.sql) IS NOT NULL THEN \(answer) END)", .boolean)
        }
    }

    private func reduce(_ arguments: [Expression], _ location: SourceLocation, _ scope: Scope) throws -> Typed {
        try count(arguments, 4...4, "reduce", location)
        let array = try expression(arguments[0], scope)
        let start = try expression(arguments[1], scope)
        let element = try elementType(array, "reduce", location)
        let state = parameterName(scope, "s")
        let item = parameterName(scope, "e")
        // The state has the type that start and step meet in.
        var type = start.type
        var step = try body(arguments[2], [Typed(state, type), Typed(item, element)], scope)
        if let common = type.common(with: step.type), common != type {
            type = common
            step = try body(arguments[2], [Typed(state, type), Typed(item, element)], scope)
        }
        guard let engine = type.engineName else { throw TrinoSQLError.unsupported("reduce from null", location) }
        let first = "CAST(\(start.sql) AS \(engine))"
        // The engine gives one type to the list and the state: both go as rows of one field where they differ.
        let list = "list_transform(\(array.sql), lambda \(item): row(\(item), \(first)))"
        let lambdaItem = "struct_extract(\(item), 1)"
        let lambdaState = "struct_extract(\(state), 2)"
        let stepped = try body(arguments[2], [Typed(lambdaState, type), Typed(lambdaItem, element)], scope)
        let itemType = element.engineName ?? "INTEGER"
        let initial = "row(CAST(NULL AS \(itemType)), \(first))"
        let reduced =
            "list_reduce(\(list), lambda \(state), \(item): row(struct_extract(\(item), 1), "
            + "CAST(\(stepped.sql) AS \(engine))), \(initial))"
        let result = parameterName(scope, "r")
        let finished = try body(arguments[3], [Typed("struct_extract(\(result), 2)", type)], scope)
        return Typed("list_extract(list_transform([\(reduced)], lambda \(result): \(finished.sql)), 1)", finished.type)
    }

    private func zipWith(_ arguments: [Expression], _ location: SourceLocation, _ scope: Scope) throws -> Typed {
        try count(arguments, 3...3, "zip_with", location)
        let arrays = try values(Array(arguments.prefix(2)), scope)
        let types = try arrays.map { try elementType($0, "zip_with", location) }
        let parameter = parameterName(scope, "z")
        let items = types.enumerated().map { Typed("struct_extract(\(parameter), \($0 + 1))", $1) }
        let body = try body(arguments[2], items, scope)
        return Typed(
            "list_transform(list_zip(\(arrays[0].sql), \(arrays[1].sql)), lambda \(parameter): \(body.sql))",
            .array(body.type))
    }

    private func overMap(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        let map = try expression(arguments[0], scope)
        let (key, value) = try mapTypes(map, name, location)
        let entry = parameterName(scope, "m")
        let keySQL = "struct_extract(\(entry), 'key')"
        let valueSQL = "struct_extract(\(entry), 'value')"
        let body = try body(arguments[1], [Typed(keySQL, key), Typed(valueSQL, value)], scope)
        let entries = "map_entries(\(map.sql))"
        switch name {
        case "map_filter":
            return Typed("map_from_entries(list_filter(\(entries), lambda \(entry): \(body.sql)))", map.type)
        case "transform_values":
            return Typed(
                "map_from_entries(list_transform(\(entries), lambda \(entry): row(\(keySQL), \(body.sql))))",
                .map(key, body.type))
        default:
            return Typed(
                "map_from_entries(list_transform(\(entries), lambda \(entry): row(\(body.sql), \(valueSQL))))",
                .map(body.type, value))
        }
    }

    private func collection(
        _ name: String, _ arguments: [Expression], _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        let values = try values(arguments, scope)
        let texts = values.map(\.sql)
        let limits: [String: ClosedRange<Int>] = [
            "map": 0...2, "element_at": 2...2, "contains": 2...2, "sequence": 2...3, "repeat": 2...2, "zip": 2...5,
        ]
        try count(arguments, limits[name] ?? 1...1, name, location)
        let isMap = if case .map? = values.first?.type { true } else { false }
        switch name {
        case "cardinality":
            return Typed("CAST(\(isMap ? "cardinality" : "len")(\(texts[0])) AS BIGINT)", .bigint)
        case "element_at":
            if case .map(_, let value) = values[0].type {
                return Typed("map_extract_value(\(texts[0]), \(texts[1]))", value)
            }
            return Typed("list_extract(\(texts[0]), \(texts[1]))", try elementType(values[0], name, location))
        case "contains": return Typed("list_contains(\(texts[0]), \(texts[1]))", .boolean)
        case "map":
            guard arguments.count == 2 else { return Typed("MAP {}", .map(.null, .null)) }
            return Typed(
                "map(\(texts[0]), \(texts[1]))",
                .map(try elementType(values[0], name, location), try elementType(values[1], name, location)))
        case "map_keys": return Typed("map_keys(\(texts[0]))", .array(try mapTypes(values[0], name, location).0))
        case "map_values": return Typed("map_values(\(texts[0]))", .array(try mapTypes(values[0], name, location).1))
        case "map_entries":
            let (key, value) = try mapTypes(values[0], name, location)
            let entry = parameterName(scope, "m")
            let fields = [TrinoType.Field(name: nil, type: key), TrinoType.Field(name: nil, type: value)]
            return Typed(
                "list_transform(map_entries(\(texts[0])), lambda \(entry): "
                    + "row(struct_extract(\(entry), 'key'), struct_extract(\(entry), 'value')))", .array(.row(fields)))
        case "map_from_entries":
            guard case .array(.row(let fields)) = values[0].type, fields.count == 2 else {
                throw TrinoSQLError.unsupported("map_from_entries of \(values[0].type.name)", location)
            }
            return Typed("map_from_entries(\(texts[0]))", .map(fields[0].type, fields[1].type))
        case "repeat":
            return Typed("repeat([\(texts[0])], CAST(\(texts[1]) AS BIGINT))", .array(values[0].type))
        case "zip":
            let types = try values.map { try elementType($0, name, location) }
            return Typed(
                "list_zip(\(texts.joined(separator: ", ")))",
                .array(.row(types.map { TrinoType.Field(name: nil, type: $0) })))
        default: return try sequence(values, location)
        }
    }

    private func sequence(_ values: [Typed], _ location: SourceLocation) throws -> Typed {
        let texts = values.map(\.sql).joined(separator: ", ")
        switch values[0].type {
        case let type where type.isInteger:
            if values.count == 2 {
                // Without a step Trino counts down where the end lies below the start.
                let step = "CASE WHEN \(values[0].sql) <= \(values[1].sql) THEN 1 ELSE -1 END"
                return Typed("generate_series(\(texts), \(step))", .array(.bigint))
            }
            return Typed("generate_series(\(texts))", .array(.bigint))
        case .date:
            let step = values.count > 2 ? "" : ", to_days(1)"
            return Typed("CAST(generate_series(\(texts)\(step)) AS DATE[])", .array(.date))
        case .timestamp where values.count > 2: return Typed("generate_series(\(texts))", .array(values[0].type))
        default: throw TrinoSQLError.unsupported("sequence of \(values[0].type.name)", location)
        }
    }
}

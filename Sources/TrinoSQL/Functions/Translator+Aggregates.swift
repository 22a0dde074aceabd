extension Translator {
    /// The pieces of a call that goes over many rows.
    private struct Pieces {
        var engine: String
        var arguments: [String]
        var type: TrinoType
        var before = ""
        var after = ""
        /// Conditions beside `FILTER`.
        var conditions: [String] = []
        var isDistinct = false
    }

    func aggregate(
        _ name: String, _ call: FunctionCall, _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        var pieces = try pieces(name, call, location, scope)
        pieces.isDistinct = pieces.isDistinct || call.isDistinct
        if let filter = call.filter { pieces.conditions.append(try truth(filter, scope)) }
        var inner = pieces.isDistinct ? "DISTINCT " : ""
        inner += pieces.arguments.joined(separator: ", ")
        if !call.orderBy.isEmpty {
            guard ["list", "string_agg", "any_value", "arg_max", "arg_min"].contains(pieces.engine) else {
                // The order changes nothing.
                return try finish(pieces, inner, call, scope)
            }
            inner += " ORDER BY " + (try order(call.orderBy, scope: scope, columnCount: nil))
        }
        return try finish(pieces, inner, call, scope)
    }

    private func finish(_ pieces: Pieces, _ inner: String, _ call: FunctionCall, _ scope: Scope) throws -> Typed {
        var sql = "\(pieces.engine)(\(inner))"
        if !pieces.conditions.isEmpty {
            sql += " FILTER (WHERE \(pieces.conditions.joined(separator: " AND ")))"
        }
        if let window = call.window { sql += " OVER \(try over(window, scope))" }
        return Typed("\(pieces.before)\(sql)\(pieces.after)", pieces.type)
    }

    private func pieces(
        _ name: String, _ call: FunctionCall, _ location: SourceLocation, _ scope: Scope
    ) throws -> Pieces {
        if name == "count", call.isStar { return Pieces(engine: "count", arguments: ["*"], type: .bigint) }
        let values = try values(call.arguments, scope)
        guard let function = Aggregates.all[name] else {
            return try special(name, values, call.arguments, location)
        }
        try count(call.arguments, function.arguments, name, location)
        var pieces = Pieces(engine: function.engine, arguments: values.map(\.sql), type: values.first?.type ?? .bigint)
        switch function.result {
        case .type(let type): pieces.type = type
        case .same: break
        case .array: pieces.type = .array(pieces.type)
        case .sum, .average: try number(&pieces, isSum: name == "sum", location)
        }
        if name == "approx_distinct" { pieces.arguments = [values[0].sql] }
        if call.arguments.isEmpty { pieces.arguments = ["*"] }
        return pieces
    }

    private func number(_ pieces: inout Pieces, isSum: Bool, _ location: SourceLocation) throws {
        switch pieces.type {
        case .decimal(_, let scale) where isSum: pieces.type = .decimal(precision: 38, scale: scale)
        case let type where type.isInteger: pieces.type = isSum ? .bigint : .double
        case .decimal, .real, .double, .intervalDayToSecond, .intervalYearToMonth: break
        case .unresolved, .null: return
        default:
            throw TrinoSQLError.semantic(
                "FUNCTION_NOT_FOUND",
                "Unexpected parameters (\(pieces.type.name)) for function \(isSum ? "sum" : "avg")", location)
        }
        guard pieces.type != .double, !pieces.type.isInterval, let engine = pieces.type.engineName else { return }
        pieces.before = "CAST("
        pieces.after = " AS \(engine))"
    }

    private func special(
        _ name: String, _ values: [Typed], _ arguments: [Expression], _ location: SourceLocation
    ) throws -> Pieces {
        let first = values.first?.type ?? .unresolved
        let texts = values.map(\.sql)
        switch name {
        case "count_if":
            try count(arguments, 1...1, name, location)
            return Pieces(
                engine: "count_if", arguments: texts, type: .bigint, before: "CAST(", after: " AS BIGINT)")
        case "max", "min":
            try count(arguments, 1...2, name, location)
            return Pieces(engine: name, arguments: texts, type: values.count == 2 ? .array(first) : first)
        case "max_by", "min_by":
            try count(arguments, 2...3, name, location)
            let engine = name == "max_by" ? "arg_max" : "arg_min"
            // The plain form passes rows over whose first argument is null.
            guard values.count == 2 else { return Pieces(engine: engine, arguments: texts, type: .array(first)) }
            return Pieces(engine: engine + "_null", arguments: texts, type: first)
        case "map_agg":
            try count(arguments, 2...2, name, location)
            return Pieces(
                engine: "list", arguments: ["row(\(texts[0]), \(texts[1]))"], type: .map(first, values[1].type),
                before: "map_from_entries(", after: ")", conditions: ["\(texts[0]) IS NOT NULL"])
        case "histogram":
            try count(arguments, 1...1, name, location)
            guard let key = first.engineName else { throw TrinoSQLError.unsupported("histogram of this", location) }
            return Pieces(
                engine: "histogram", arguments: texts, type: .map(first, .bigint), before: "CAST(",
                after: " AS MAP(\(key), BIGINT))")
        case "set_agg":
            try count(arguments, 1...1, name, location)
            return Pieces(engine: "list", arguments: texts, type: .array(first), isDistinct: true)
        case "listagg":
            try count(arguments, 1...2, name, location)
            let separator = texts.count > 1 ? texts[1] : "''"
            return Pieces(engine: "string_agg", arguments: ["CAST(\(texts[0]) AS VARCHAR)", separator], type: .varchar)
        default: return try percentile(values, arguments, location)
        }
    }

    private func percentile(
        _ values: [Typed], _ arguments: [Expression], _ location: SourceLocation
    ) throws -> Pieces {
        guard values.count == 2 else { throw TrinoSQLError.unsupported("approx_percentile with weights", location) }
        let first = values[0].type
        guard first.isNumeric || first == .unresolved else {
            throw TrinoSQLError.semantic(
                "FUNCTION_NOT_FOUND", "Unexpected parameters (\(first.name)) for function approx_percentile", location)
        }
        var type = first
        if case .array = values[1].type { type = .array(first) }
        var pieces = Pieces(engine: "approx_quantile", arguments: values.map(\.sql), type: type)
        if let engine = type.engineName {
            pieces.before = "CAST("
            pieces.after = " AS \(engine))"
        }
        return pieces
    }

    // MARK: Windows

    func windowCall(
        _ name: String, _ function: (arguments: ClosedRange<Int>, result: WindowFunctions.Result),
        _ call: FunctionCall, _ location: SourceLocation, _ scope: Scope
    ) throws -> Typed {
        guard let window = call.window else {
            throw TrinoSQLError.semantic("MISSING_OVER", "Window function \(name) requires an OVER clause", location)
        }
        try count(call.arguments, function.arguments, name, location)
        let values = try values(call.arguments, scope)
        var inner = values.map(\.sql).joined(separator: ", ")
        if call.ignoresNulls { inner += " IGNORE NULLS" }
        var type = values.first?.type ?? .bigint
        if case .type(let fixed) = function.result { type = fixed }
        return Typed("\(name)(\(inner)) OVER \(try over(window, scope))", type)
    }

    private func over(_ window: Window, _ scope: Scope) throws -> String {
        switch window {
        case .named(let name): return SQLText.quoted(name.key)
        case .specification(let specification): return "(\(try self.window(specification, scope)))"
        }
    }

    func window(_ window: WindowSpecification, _ scope: Scope) throws -> String {
        var parts: [String] = []
        if let base = window.base { parts.append(SQLText.quoted(base.key)) }
        if !window.partitionBy.isEmpty {
            let items = try values(window.partitionBy, scope).map(\.sql).joined(separator: ", ")
            parts.append("PARTITION BY \(items)")
        }
        if !window.orderBy.isEmpty {
            parts.append("ORDER BY " + (try order(window.orderBy, scope: scope, columnCount: nil)))
        }
        if let frame = window.frame {
            let start = try bound(frame.start, scope)
            if let end = frame.end {
                parts.append("\(frame.unit) BETWEEN \(start) AND \(try bound(end, scope))")
            } else {
                parts.append("\(frame.unit) \(start)")
            }
        }
        return parts.joined(separator: " ")
    }

    private func bound(_ bound: WindowSpecification.Bound, _ scope: Scope) throws -> String {
        switch bound {
        case .unboundedPreceding: return "UNBOUNDED PRECEDING"
        case .unboundedFollowing: return "UNBOUNDED FOLLOWING"
        case .currentRow: return "CURRENT ROW"
        case .preceding(let distance): return "\(try expression(distance, scope).sql) PRECEDING"
        case .following(let distance): return "\(try expression(distance, scope).sql) FOLLOWING"
        }
    }
}

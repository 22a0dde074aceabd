extension Translator {
    func predicate(_ expression: Expression, _ scope: Scope) throws -> Typed {
        let location = expression.location
        switch expression.kind {
        case .comparison(let comparison, let left, let right):
            return try compare(
                comparison, try self.expression(left, scope), try self.expression(right, scope), location)
        case .between(let value, let lower, let upper, let isNegated):
            let values = try [value, lower, upper].map { try self.expression($0, scope) }
            for bound in values.dropFirst() { try comparable(values[0].type, bound.type, "BETWEEN", location) }
            let not = isNegated ? "NOT " : ""
            return Typed("(\(values[0].sql) \(not)BETWEEN \(values[1].sql) AND \(values[2].sql))", .boolean)
        case .inList(let value, let items, let isNegated):
            let subject = try self.expression(value, scope)
            let values = try items.map { item in
                let element = try self.expression(item, scope)
                try comparable(subject.type, element.type, "IN", item.location)
                return element.sql
            }
            return Typed(
                "(\(subject.sql) \(isNegated ? "NOT " : "")IN (\(values.joined(separator: ", "))))", .boolean)
        case .inQuery(let value, let query, let isNegated):
            return try membership(value, query, isNegated, scope)
        case .like(let value, let pattern, let escape, let isNegated):
            let parts = try [value, pattern].map { try self.expression($0, scope) }
            for part in parts where !part.type.isText && !part.type.isOpen {
                throw TrinoSQLError.semantic(
                    "TYPE_MISMATCH", "LIKE takes text, found \(part.type.name)", location)
            }
            var sql = "\(parts[0].sql) \(isNegated ? "NOT " : "")LIKE \(parts[1].sql)"
            if let escape { sql += " ESCAPE \(try self.expression(escape, scope).sql)" }
            return Typed("(\(sql))", .boolean)
        case .isNull(let value, let isNegated):
            return Typed(
                "(\(try self.expression(value, scope).sql) IS \(isNegated ? "NOT " : "")NULL)", .boolean)
        case .exists(let query): return Typed("(EXISTS (\(try self.query(query, outer: scope).sql)))", .boolean)
        case .scalar(let query): return try scalar(query, scope, location)
        case .quantified(let comparison, let value, let isAll, let query):
            let subject = try self.expression(value, scope)
            let (sql, output) = try self.query(query, outer: scope)
            if let column = output.columns.first, !output.isOpen {
                try comparable(subject.type, column.type, comparison.rawValue, location)
            }
            return Typed("(\(subject.sql) \(comparison.rawValue) \(isAll ? "ALL" : "ANY") (\(sql)))", .boolean)
        default: throw TrinoSQLError.unsupported("this expression", location)
        }
    }

    private func scalar(_ query: Query, _ scope: Scope, _ location: SourceLocation) throws -> Typed {
        let (sql, output) = try self.query(query, outer: scope)
        if output.isOpen { return Typed("(\(sql))", .unresolved) }
        guard output.columns.count == 1 else {
            // Several columns are a row.
            let alias = newAlias()
            let fields = output.columns.indices.map { "\(alias).\(Self.columnName($0))" }.joined(separator: ", ")
            let type = TrinoType.row(output.columns.map { TrinoType.Field(name: nil, type: $0.type) })
            return Typed("(SELECT row(\(fields)) FROM (\(sql)) AS \(alias))", type)
        }
        return Typed("(\(sql))", output.columns[0].type)
    }

    private func membership(
        _ value: Expression, _ query: Query, _ isNegated: Bool, _ scope: Scope
    ) throws -> Typed {
        let (sql, output) = try self.query(query, outer: scope)
        let subject: String
        if case .row(let items) = value.kind {
            subject = "(\(try items.map { try expression($0, scope).sql }.joined(separator: ", ")))"
        } else {
            let typed = try expression(value, scope)
            if !output.isOpen {
                guard output.columns.count == 1 else {
                    throw TrinoSQLError.semantic(
                        "TYPE_MISMATCH",
                        "Multiple columns returned by subquery are not yet supported. "
                            + "Found \(output.columns.count)", value.location)
                }
                try comparable(typed.type, output.columns[0].type, "IN", value.location)
            }
            subject = typed.sql
        }
        return Typed("(\(subject) \(isNegated ? "NOT " : "")IN (\(sql)))", .boolean)
    }

    func compare(
        _ comparison: ComparisonOperator, _ left: Typed, _ right: Typed, _ location: SourceLocation
    ) throws -> Typed {
        try comparable(left.type, right.type, comparison.rawValue, location)
        return Typed("(\(left.sql) \(comparison.rawValue) \(right.sql))", .boolean)
    }

    /// - Throws: ``TrinoSQLError`` `TYPE_MISMATCH`: Trino compares no text with numbers or dates.
    func comparable(_ left: TrinoType, _ right: TrinoType, _ operation: String, _ location: SourceLocation) throws {
        guard left.common(with: right) != nil else {
            throw TrinoSQLError.semantic(
                "TYPE_MISMATCH", "Cannot apply operator: \(left.name) \(operation) \(right.name)", location)
        }
    }
}

extension Translator {
    /// A query in the engine's SQL, without parentheses around it.
    func query(_ query: Query, outer: Scope?) throws -> (sql: String, output: Output) {
        let saved = commonTables
        defer { commonTables = saved }
        var sql = try with(query, outer: outer)
        let body: (sql: String, output: Output)
        if case .select(let select) = query.body {
            body = try self.select(select, orderBy: query.orderBy, outer: outer)
        } else {
            body = try self.body(query.body, outer: outer)
        }
        sql += body.sql
        if !query.orderBy.isEmpty {
            if case .select = query.body {
                // Its order can use more than the result's columns, and is part of it.
            } else {
                let scope = outputScope(body.output, outer: outer)
                sql += " ORDER BY " + (try order(query.orderBy, scope: scope, columnCount: body.output.columns.count))
            }
        }
        if let limit = query.limit { sql += " LIMIT \(try rowCount(limit))" }
        if let offset = query.offset { sql += " OFFSET \(try rowCount(offset))" }
        return (sql, body.output)
    }

    private func rowCount(_ expression: Expression) throws -> Int {
        if case .parameter(let index) = expression.kind {
            return try rowCount(try parameter(index, expression.location))
        }
        guard let count = constantInteger(expression), count >= 0 else {
            throw TrinoSQLError.semantic(
                "INVALID_LIMIT_CLAUSE", "the number of rows must be a whole number", expression.location)
        }
        return count
    }

    // MARK: Common table expressions

    private func with(_ query: Query, outer: Scope?) throws -> String {
        guard !query.commonTables.isEmpty else { return "" }
        var parts: [String] = []
        for table in query.commonTables {
            let alias = newAlias("w")
            if query.isRecursive, case .combined(let anchor, let steps) = table.query.body, steps.count == 1,
                steps[0].operation == .union
            {
                // The columns of the recursive table are the anchor's.
                var output = try body(anchor, outer: outer).output
                try rename(&output, table.columns, table.name.location)
                commonTables[table.name.key] = CommonRelation(alias: alias, output: output)
            }
            var (sql, output) = try self.query(table.query, outer: outer)
            try rename(&output, table.columns, table.name.location)
            commonTables[table.name.key] = CommonRelation(alias: alias, output: output)
            parts.append("\(alias) AS (\(sql))")
        }
        return "WITH \(query.isRecursive ? "RECURSIVE " : "")\(parts.joined(separator: ", ")) "
    }

    func rename(_ output: inout Output, _ names: [Identifier], _ location: SourceLocation) throws {
        guard !names.isEmpty else { return }
        if output.isOpen { throw TrinoSQLError.unsupported("naming columns that are not known", location) }
        guard names.count == output.columns.count else {
            throw TrinoSQLError.semantic(
                "MISMATCHED_COLUMN_ALIASES",
                "Column alias list has \(names.count) entries but relation has \(output.columns.count) columns",
                location)
        }
        for (index, name) in names.enumerated() { output.columns[index].name = name.text }
    }

    // MARK: Bodies

    private func body(_ body: QueryBody, outer: Scope?) throws -> (sql: String, output: Output) {
        switch body {
        case .select(let select): return try self.select(select, orderBy: [], outer: outer)
        case .table(let name):
            let items = [SelectItem.all(of: nil, aliases: [], name.location)]
            var select = Select(items: items, location: name.location)
            select.from = .table(name, version: nil)
            return try self.select(select, orderBy: [], outer: outer)
        case .values(let rows, let location): return try values(rows, location, outer: outer)
        case .nested(let query):
            let (sql, output) = try self.query(query, outer: outer)
            return ("(\(sql))", output)
        case .combined(let first, let rest): return try combined(first, rest, outer: outer)
        }
    }

    private func combined(
        _ first: QueryBody, _ rest: [Combination], outer: Scope?
    ) throws -> (sql: String, output: Output) {
        var (sql, output) = try body(first, outer: outer)
        sql = "(\(sql))"
        for (index, step) in rest.enumerated() {
            let other = try body(step.body, outer: outer)
            if !output.isOpen, !other.output.isOpen {
                try unify(&output, other.output, step)
            }
            if index > 0 { sql = "(\(sql))" }
            sql += " \(step.operation.rawValue)\(step.isAll ? " ALL" : "") (\(other.sql))"
        }
        return (sql, output)
    }

    private func unify(_ output: inout Output, _ other: Output, _ step: Combination) throws {
        let operation = step.operation.rawValue
        guard output.columns.count == other.columns.count else {
            throw TrinoSQLError.semantic(
                "TYPE_MISMATCH",
                "\(operation) query has different number of fields: \(output.columns.count), \(other.columns.count)",
                step.location)
        }
        for index in output.columns.indices {
            let left = output.columns[index].type
            let right = other.columns[index].type
            guard let common = left.common(with: right) else {
                throw TrinoSQLError.semantic(
                    "TYPE_MISMATCH",
                    "column \(index + 1) in \(operation) query has incompatible types: \(left.name), \(right.name)",
                    step.location)
            }
            output.columns[index].type = common
        }
    }

    private func values(
        _ rows: [Expression], _ location: SourceLocation, outer: Scope?
    ) throws -> (sql: String, output: Output) {
        var output: [Output.Column]?
        var texts: [String] = []
        let scope = Scope(parent: outer)
        for row in rows {
            var items = [row]
            if case .row(let fields) = row.kind { items = fields }
            let values = try items.map { try expression($0, scope) }
            texts.append("(\(values.map(\.sql).joined(separator: ", ")))")
            guard let columns = output else {
                output = values.map { Output.Column(name: nil, type: $0.type) }
                continue
            }
            guard columns.count == values.count else {
                throw TrinoSQLError.semantic(
                    "TYPE_MISMATCH", "Values rows have mismatched sizes: \(columns.count) vs \(values.count)",
                    row.location)
            }
            output = try zip(columns, values).map { column, value in
                guard let type = column.type.common(with: value.type) else {
                    throw TrinoSQLError.semantic(
                        "TYPE_MISMATCH",
                        "Values rows have mismatched types: \(column.type.name) vs \(value.type.name)", row.location)
                }
                return Output.Column(name: nil, type: type)
            }
        }
        let columns = output ?? []
        let alias = newAlias("v")
        let names = columns.indices.map { Self.columnName($0) }.joined(separator: ", ")
        let sql = "SELECT * FROM (VALUES \(texts.joined(separator: ", "))) AS \(alias)(\(names))"
        return (sql, Output(columns: columns))
    }

    // MARK: Order

    /// The result's columns under the names that an order can use.
    func outputScope(_ output: Output, outer: Scope?) -> Scope {
        let scope = Scope(parent: outer)
        for (index, column) in output.columns.enumerated() {
            guard let name = column.name else { continue }
            let sql = output.isOpen ? SQLText.quoted(name) : Self.columnName(index)
            scope.columns.append(Scope.Column(name: name, qualifiers: [], value: Typed(sql, column.type)))
        }
        if output.isOpen { scope.open = [] }
        return scope
    }

    /// - Parameter columnCount: how far whole numbers reach, which name columns of the result; `nil` where they are values.
    func order(_ items: [SortItem], scope: Scope, columnCount: Int?) throws -> String {
        try items.map { item in
            var sql: String
            if let columnCount, case .integer(let text) = item.expression.kind {
                guard let position = Int(text), (1...max(columnCount, 1)).contains(position) else {
                    throw TrinoSQLError.semantic(
                        "INVALID_COLUMN_REFERENCE", "ORDER BY position \(text) is not in select list",
                        item.expression.location)
                }
                sql = text
            } else {
                sql = try expression(item.expression, scope).sql
            }
            sql += item.isDescending ? " DESC" : " ASC"
            return sql + (item.nullsFirst == true ? " NULLS FIRST" : " NULLS LAST")
        }.joined(separator: ", ")
    }
}

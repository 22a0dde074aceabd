extension Translator {
    private struct Item {
        var name: String?
        var value: Typed
        /// Whether a star of unknown columns stands here.
        var isOpenStar = false
        /// For `GROUP BY 1`.
        var expression: Expression?
    }

    func select(
        _ select: Select, orderBy: [SortItem], outer: Scope?
    ) throws -> (sql: String, output: Output) {
        let from = try select.from.map { try relation($0, left: nil, outer: outer) }
        let scope = Scope(columns: from?.columns ?? [], open: from?.open ?? [], parent: outer)
        let items = try select.items.flatMap { try self.items($0, scope, hasFrom: from != nil) }
        let isOpen = items.contains { $0.isOpenStar }
        var sql = "SELECT \(select.isDistinct ? "DISTINCT " : "")"
        sql += items.enumerated().map { index, item in
            if item.isOpenStar { return item.value.sql }
            guard isOpen else { return "\(item.value.sql) AS \(Self.columnName(index))" }
            return "\(item.value.sql) AS \(SQLText.quoted(item.name ?? "_col\(index)"))"
        }.joined(separator: ", ")
        if let from { sql += " FROM \(from.sql)" }
        if let filter = select.filter { sql += " WHERE \(try condition(filter, scope, "WHERE"))" }
        if let groupBy = select.groupBy { sql += " GROUP BY \(try group(groupBy, items, scope))" }
        if let having = select.having { sql += " HAVING \(try condition(having, scope, "HAVING"))" }
        if !select.windows.isEmpty {
            let windows = try select.windows.map { window in
                "\(SQLText.quoted(window.name.key)) AS (\(try self.window(window.specification, scope)))"
            }
            sql += " WINDOW \(windows.joined(separator: ", "))"
        }
        let output = Output(
            columns: items.filter { !$0.isOpenStar }.map { Output.Column(name: $0.name, type: $0.value.type) },
            isOpen: isOpen)
        if !orderBy.isEmpty { sql += " ORDER BY " + (try order(orderBy, items, output, scope)) }
        return (sql, output)
    }

    private func condition(_ expression: Expression, _ scope: Scope, _ clause: String) throws -> String {
        let value = try self.expression(expression, scope)
        guard value.type == .boolean || value.type.isOpen else {
            throw TrinoSQLError.semantic(
                "TYPE_MISMATCH", "\(clause) clause must evaluate to a boolean: actual type \(value.type.name)",
                expression.location)
        }
        return value.sql
    }

    // MARK: Items

    private func items(_ item: SelectItem, _ scope: Scope, hasFrom: Bool) throws -> [Item] {
        switch item {
        case .expression(let expression, let alias):
            let value = try self.expression(expression, scope)
            return [Item(name: alias?.text ?? Self.name(of: expression), value: value, expression: expression)]
        case .all(let target, let aliases, let location):
            var items = try star(target, scope, location, hasFrom: hasFrom)
            guard !aliases.isEmpty else { return items }
            guard aliases.count == items.count, !items.contains(where: \.isOpenStar) else {
                throw TrinoSQLError.semantic(
                    "MISMATCHED_COLUMN_ALIASES",
                    "Column alias list has \(aliases.count) entries but relation has \(items.count) columns", location)
            }
            for (index, alias) in aliases.enumerated() { items[index].name = alias.text }
            return items
        }
    }

    /// The name that a column has without an alias.
    private static func name(of expression: Expression) -> String? {
        switch expression.kind {
        case .name(let name): name.text
        case .field(_, let name): name.text
        default: nil
        }
    }

    private func star(
        _ target: Expression?, _ scope: Scope, _ location: SourceLocation, hasFrom: Bool
    ) throws -> [Item] {
        guard let target else {
            guard hasFrom else {
                throw TrinoSQLError.semantic(
                    "COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause", location)
            }
            return stars(scope.open)
                + scope.columns.filter(\.isVisible).map { Self.item($0) }
        }
        if let parts = Self.path(target), scope.hasRelation(parts) {
            let wanted = parts.map(\.key)
            return stars(scope.open.filter { $0.qualifiers.hasSuffix(wanted) })
                + scope.columns.filter { $0.qualifiers.hasSuffix(wanted) }.map { Self.item($0) }
        }
        let value = try expression(target, scope)
        guard case .row(let fields) = value.type else {
            throw TrinoSQLError.semantic("TABLE_NOT_FOUND", "the star belongs to no relation or row", location)
        }
        return try fields.indices.map { index in
            Item(name: fields[index].name, value: try fieldOf(value, index, location))
        }
    }

    private static func item(_ column: Scope.Column) -> Item {
        Item(name: column.name.isEmpty ? nil : column.name, value: column.value)
    }

    private func stars(_ open: [Scope.OpenRelation]) -> [Item] {
        open.map { Item(name: nil, value: Typed("\($0.alias).*", .unresolved), isOpenStar: true) }
    }

    /// The parts of an expression that is nothing but names: `a.b.c`.
    static func path(_ expression: Expression) -> [Identifier]? {
        switch expression.kind {
        case .name(let name): return [name]
        case .field(let base, let name): return path(base).map { $0 + [name] }
        default: return nil
        }
    }

    // MARK: Grouping and order

    private func group(_ groupBy: GroupBy, _ items: [Item], _ scope: Scope) throws -> String {
        func grouped(_ expression: Expression) throws -> String {
            if case .integer(let text) = expression.kind {
                let item = try self.item(text, items, expression.location, "GROUP BY")
                guard let written = item.expression, case .integer = written.kind else { return item.value.sql }
                // A number alone would name a column.
                return "(\(item.value.sql) + 0)"
            }
            return try self.expression(expression, scope).sql
        }
        return try groupBy.elements.map { element in
            switch element {
            case .none: return "()"
            case .expression(let expression):
                if case .integer(let text) = expression.kind {
                    _ = try item(text, items, expression.location, "GROUP BY")
                    return text
                }
                if case .row(let fields) = expression.kind {
                    return try fields.map { try grouped($0) }.joined(separator: ", ")
                }
                return try grouped(expression)
            case .grouped(let kind, let sets):
                let parts = try sets.map { set in
                    let inner = try set.map { try grouped($0) }.joined(separator: ", ")
                    return set.count == 1 ? inner : "(\(inner))"
                }
                return "\(kind) (\(parts.joined(separator: ", ")))"
            case .sets(let sets):
                let parts = try sets.map { "(\(try $0.map { try grouped($0) }.joined(separator: ", ")))" }
                return "GROUPING SETS (\(parts.joined(separator: ", ")))"
            }
        }.joined(separator: ", ")
    }

    private func item(
        _ text: String, _ items: [Item], _ location: SourceLocation, _ clause: String
    ) throws -> Item {
        guard let position = Int(text), (1...max(items.count, 1)).contains(position),
            !items.contains(where: \.isOpenStar)
        else {
            throw TrinoSQLError.semantic(
                "INVALID_COLUMN_REFERENCE", "\(clause) position \(text) is not in select list", location)
        }
        return items[position - 1]
    }

    /// An order can name the result's columns first, then those of the source.
    private func order(
        _ orderBy: [SortItem], _ items: [Item], _ output: Output, _ source: Scope
    ) throws -> String {
        let results = outputScope(output, outer: nil)
        // Inside a longer expression a result's name stands for the expression behind it.
        let inside = Scope(parent: source)
        for item in items where !item.isOpenStar {
            guard let name = item.name, !inside.columns.contains(where: { $0.key == name.lowercased() }) else {
                continue
            }
            inside.columns.append(Scope.Column(name: name, qualifiers: [], value: item.value))
        }
        return try orderBy.map { item in
            if case .integer = item.expression.kind, !output.isOpen {
                return try order([item], scope: results, columnCount: output.columns.count)
            }
            if case .name(let name) = item.expression.kind, let found = try results.find([], name) {
                return "\(found.sql)\(item.isDescending ? " DESC" : " ASC")"
                    + (item.nullsFirst == true ? " NULLS FIRST" : " NULLS LAST")
            }
            return try order([item], scope: inside, columnCount: nil)
        }.joined(separator: ", ")
    }
}

extension Parser {
    mutating func query() throws -> Query {
        try nested { try $0.queryBodyAndTail() }
    }

    private mutating func queryBodyAndTail() throws -> Query {
        var query = Query(body: .values([], location), location: location)
        if take("WITH") {
            query.isRecursive = take("RECURSIVE")
            if word == "FUNCTION" { throw TrinoSQLError.unsupported("an inline function", location) }
            query.commonTables = try list { try $0.commonTable() }
        }
        query.body = try unions()
        if take("ORDER", "BY") { query.orderBy = try sortItems() }
        if take("OFFSET") {
            query.offset = try rowCount()
            _ = take("ROW") || take("ROWS")
        }
        if take("LIMIT") {
            if !take("ALL") { query.limit = try rowCount() }
        } else if take("FETCH") {
            guard take("FIRST") || take("NEXT") else { throw unexpected("'FIRST', 'NEXT'") }
            let one = Expression(.integer("1"), location)
            query.limit = word == "ROW" || word == "ROWS" ? one : try rowCount()
            guard take("ROW") || take("ROWS") else { throw unexpected("'ROW', 'ROWS'") }
            if word == "WITH" { throw TrinoSQLError.unsupported("FETCH … WITH TIES", location) }
            try expect("ONLY")
        }
        return query
    }

    private mutating func rowCount() throws -> Expression {
        let location = location
        if takeSymbol("?") {
            parameterCount += 1
            return Expression(.parameter(parameterCount - 1), location)
        }
        return Expression(.integer(String(try wholeNumber())), location)
    }

    private mutating func commonTable() throws -> CommonTable {
        let name = try identifier()
        var columns: [Identifier] = []
        if takeSymbol("(") {
            columns = try list { try $0.identifier() }
            try expectSymbol(")")
        }
        try expect("AS")
        return CommonTable(name: name, columns: columns, query: try queryInParentheses())
    }

    /// `UNION` and `EXCEPT` have one rank, `INTERSECT` binds more tightly.
    private mutating func unions() throws -> QueryBody {
        try combinations([("UNION", .union), ("EXCEPT", .except)]) { parser in
            try parser.combinations([("INTERSECT", .intersect)]) { try $0.queryPrimary() }
        }
    }

    private mutating func combinations(
        _ operators: [(word: String, operation: SetOperation)], _ part: (inout Parser) throws -> QueryBody
    ) throws -> QueryBody {
        let first = try part(&self)
        var rest: [Combination] = []
        while let operation = operators.first(where: { $0.word == word })?.operation {
            let location = location
            advance()
            let isAll = take("ALL")
            if !isAll { _ = take("DISTINCT") }
            if word == "CORRESPONDING" { throw TrinoSQLError.unsupported("CORRESPONDING", location) }
            rest.append(Combination(operation: operation, isAll: isAll, body: try part(&self), location: location))
        }
        return rest.isEmpty ? first : .combined(first, rest)
    }

    private mutating func queryPrimary() throws -> QueryBody {
        switch word {
        case "SELECT": return .select(try select())
        case "TABLE":
            advance()
            return .table(try qualifiedName())
        case "VALUES":
            let location = location
            advance()
            return .values(try list { try $0.expression() }, location)
        default:
            guard atSymbol("(") else { throw unexpected("<query>") }
            return .nested(try queryInParentheses())
        }
    }

    private mutating func select() throws -> Select {
        let location = location
        advance()
        var select = Select(items: [], location: location)
        if take("DISTINCT") { select.isDistinct = true } else { _ = take("ALL") }
        select.items = try list { try $0.selectItem() }
        if take("FROM") { select.from = try relations() }
        if take("WHERE") { select.filter = try expression() }
        if take("GROUP", "BY") {
            if take("ALL") || take("AUTO") { throw TrinoSQLError.unsupported("GROUP BY ALL or AUTO", location) }
            _ = take("DISTINCT")
            select.groupBy = GroupBy(elements: try list { try $0.groupingElement() })
        }
        if take("HAVING") { select.having = try expression() }
        if word == "WINDOW" {
            advance()
            select.windows = try list { parser in
                let name = try parser.identifier()
                try parser.expect("AS")
                try parser.expectSymbol("(")
                let specification = try parser.windowSpecification()
                try parser.expectSymbol(")")
                return NamedWindow(name: name, specification: specification)
            }
        }
        return select
    }

    private mutating func selectItem() throws -> SelectItem {
        let location = location
        if takeSymbol("*") { return .all(of: nil, aliases: [], location) }
        let expression = try expression()
        if atSymbol("."), atSymbol("*", ahead: 1) {
            advance()
            advance()
            var aliases: [Identifier] = []
            if take("AS") {
                try expectSymbol("(")
                aliases = try list { try $0.identifier() }
                try expectSymbol(")")
            }
            return .all(of: expression, aliases: aliases, location)
        }
        return .expression(expression, alias: try alias())
    }

    private mutating func groupingElement() throws -> GroupBy.Element {
        if word == "ROLLUP" || word == "CUBE" {
            let kind = word ?? ""
            advance()
            return .grouped(kind, try groupingSets())
        }
        if take("GROUPING", "SETS") { return .sets(try groupingSets()) }
        if atSymbol("("), atSymbol(")", ahead: 1) {
            advance()
            advance()
            return .none
        }
        return .expression(try expression())
    }

    private mutating func groupingSets() throws -> [[Expression]] {
        try expectSymbol("(")
        var sets: [[Expression]] = []
        if !atSymbol(")") {
            sets = try list { parser in
                if parser.atSymbol("("), parser.atSymbol(")", ahead: 1) {
                    parser.advance()
                    parser.advance()
                    return []
                }
                if ["ROLLUP", "CUBE", "GROUPING"].contains(parser.word ?? "") {
                    throw TrinoSQLError.unsupported("grouping sets inside grouping sets", parser.location)
                }
                let expression = try parser.expression()
                if case .row(let items) = expression.kind { return items }
                return [expression]
            }
        }
        try expectSymbol(")")
        return sets
    }
}

extension Parser {
    /// What stands behind `FROM`: commas are cross joins.
    mutating func relations() throws -> Relation {
        var steps: [JoinStep] = []
        let first = try joined(&steps)
        while takeSymbol(",") {
            let location = location
            var inner: [JoinStep] = []
            let relation = try joined(&inner)
            let joined: Relation = inner.isEmpty ? relation : .joined(relation, inner)
            steps.append(JoinStep(kind: .cross, relation: joined, condition: .none, location: location))
        }
        return steps.isEmpty ? first : .joined(first, steps)
    }

    /// A relation with the joins behind it, which go to `steps`.
    private mutating func joined(_ steps: inout [JoinStep]) throws -> Relation {
        let first = try sampled()
        while let kind = try joinKind() {
            let location = location
            let relation = try sampled()
            var condition = JoinCondition.none
            if kind != .cross {
                if take("ON") {
                    condition = .on(try expression())
                } else {
                    guard take("USING") else { throw unexpected("'ON', 'USING'") }
                    try expectSymbol("(")
                    condition = .using(try list { try $0.identifier() })
                    try expectSymbol(")")
                }
            }
            steps.append(JoinStep(kind: kind, relation: relation, condition: condition, location: location))
        }
        return first
    }

    private mutating func joinKind() throws -> JoinKind? {
        let kind: JoinKind
        switch word {
        case "CROSS":
            advance()
            kind = .cross
        case "JOIN": kind = .inner
        case "INNER":
            advance()
            kind = .inner
        case "LEFT", "RIGHT", "FULL":
            kind = word == "LEFT" ? .left : word == "RIGHT" ? .right : .full
            advance()
            _ = take("OUTER")
        case "NATURAL": throw TrinoSQLError.unsupported("NATURAL JOIN", location)
        default: return nil
        }
        try expect("JOIN")
        return kind
    }

    private mutating func sampled() throws -> Relation {
        let relation = try aliased()
        guard take("TABLESAMPLE") else { return relation }
        guard let method = word, method == "BERNOULLI" || method == "SYSTEM" else {
            throw unexpected("'BERNOULLI', 'SYSTEM'")
        }
        advance()
        try expectSymbol("(")
        let percentage = try expression()
        try expectSymbol(")")
        return .sampled(relation, method: method, percentage: percentage)
    }

    private mutating func aliased() throws -> Relation {
        let relation = try relation()
        if word == "MATCH_RECOGNIZE" { throw TrinoSQLError.unsupported("MATCH_RECOGNIZE", location) }
        guard let alias = try alias() else { return relation }
        var columns: [Identifier] = []
        if takeSymbol("(") {
            columns = try list { try $0.identifier() }
            try expectSymbol(")")
        }
        return .aliased(relation, alias, columns: columns)
    }

    private mutating func relation() throws -> Relation {
        let location = location
        if word == "UNNEST" {
            advance()
            try expectSymbol("(")
            let arguments = try list { try $0.expression() }
            try expectSymbol(")")
            return .unnest(arguments, withOrdinality: take("WITH", "ORDINALITY"), location)
        }
        if word == "LATERAL", atSymbol("(", ahead: 1) {
            advance()
            return .lateral(try queryInParentheses())
        }
        if word == "TABLE", atSymbol("(", ahead: 1) {
            throw TrinoSQLError.unsupported("a table function", location)
        }
        if atSymbol("(") { return try relationInParentheses() }
        let name = try qualifiedName()
        if atSymbol("(") { throw TrinoSQLError.unsupported("a table function", location) }
        return .table(name, version: try tableVersion())
    }

    private mutating func relationInParentheses() throws -> Relation {
        let location = location
        if queryFollows(from: index), !failedQueries.contains(index) {
            let start = index
            let parameters = parameterCount
            do {
                return .query(try queryInParentheses(), location)
            } catch let error as TrinoSQLError where error.code == "trino-syntax" {
                guard tokens[min(start + 1, tokens.count - 1)].kind == .symbol("(") else { throw error }
                // `((SELECT …) t JOIN u ON …)` begins like a query.
                failedQueries.insert(start)
                index = start
                parameterCount = parameters
            }
        }
        return try nested { parser in
            try parser.expectSymbol("(")
            let relation = try parser.relations()
            try parser.expectSymbol(")")
            return relation
        }
    }

    private mutating func tableVersion() throws -> TableVersion? {
        guard word == "FOR", let kind = Self.word(peek()), kind == "VERSION" || kind == "TIMESTAMP" else { return nil }
        advance()
        advance()
        try expect("AS", "OF")
        return TableVersion(isTimestamp: kind == "TIMESTAMP", value: try value())
    }
}

extension Parser {
    mutating func expression() throws -> Expression {
        try nested { try $0.disjunction() }
    }

    private mutating func disjunction() throws -> Expression {
        let location = location
        let first = try conjunction()
        guard word == "OR" else { return first }
        var terms = [first]
        while take("OR") { terms.append(try conjunction()) }
        return Expression(.any(terms), location)
    }

    private mutating func conjunction() throws -> Expression {
        let location = location
        let first = try negation()
        guard word == "AND" else { return first }
        var terms = [first]
        while take("AND") { terms.append(try negation()) }
        return Expression(.all(terms), location)
    }

    private mutating func negation() throws -> Expression {
        let location = location
        guard take("NOT") else { return try predicate() }
        return Expression(.not(try nested { try $0.negation() }), location)
    }

    private static let comparisons: [String: ComparisonOperator] = [
        "=": .equal, "<>": .notEqual, "<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual,
    ]

    private mutating func predicate() throws -> Expression {
        let left = try value()
        let location = location
        if case .symbol(let symbol) = token.kind, let comparison = Self.comparisons[symbol] {
            advance()
            return try compared(left, comparison, location)
        }
        if take("IS") {
            let isNegated = take("NOT")
            if take("NULL") { return Expression(.isNull(left, isNegated: isNegated), location) }
            try expect("DISTINCT", "FROM")
            return Expression(.comparison(isNegated ? .notDistinct : .distinct, left, try value()), location)
        }
        let isNegated = word == "NOT" && ["BETWEEN", "IN", "LIKE"].contains(Self.word(peek()) ?? "")
        if isNegated { advance() }
        if take("BETWEEN") {
            let lower = try value()
            try expect("AND")
            return Expression(.between(left, lower, try value(), isNegated: isNegated), location)
        }
        if take("LIKE") {
            let pattern = try value()
            let escape = take("ESCAPE") ? try value() : nil
            return Expression(.like(left, pattern: pattern, escape: escape, isNegated: isNegated), location)
        }
        if take("IN") { return try membership(left, isNegated: isNegated, location) }
        return left
    }

    private mutating func compared(
        _ left: Expression, _ comparison: ComparisonOperator, _ location: SourceLocation
    ) throws -> Expression {
        if ["ALL", "ANY", "SOME"].contains(word ?? ""), atSymbol("(", ahead: 1), queryFollows(from: index + 1) {
            let isAll = word == "ALL"
            advance()
            return Expression(.quantified(comparison, left, isAll: isAll, try queryInParentheses()), location)
        }
        return Expression(.comparison(comparison, left, try value()), location)
    }

    private mutating func membership(
        _ left: Expression, isNegated: Bool, _ location: SourceLocation
    ) throws -> Expression {
        if queryFollows(from: index), !failedQueries.contains(index) {
            let start = index
            do {
                return Expression(.inQuery(left, try queryInParentheses(), isNegated: isNegated), location)
            } catch let error as TrinoSQLError where error.code == "trino-syntax" && atSymbol("(", at: start + 1) {
                // `IN ((SELECT …), 2)` begins like a query.
                failedQueries.insert(start)
                index = start
            }
        }
        try expectSymbol("(")
        let items = try list { try $0.expression() }
        try expectSymbol(")")
        return Expression(.inList(left, items, isNegated: isNegated), location)
    }

    private func atSymbol(_ symbol: String, at index: Int) -> Bool {
        index < tokens.count && tokens[index].kind == .symbol(symbol)
    }

    /// Whether the parenthesis at `start` opens a query, as far as its first word behind all parentheses tells.
    func queryFollows(from start: Int) -> Bool {
        guard atSymbol("(", at: start) else { return false }
        var position = start
        while atSymbol("(", at: position) { position += 1 }
        return Self.word(tokens[min(position, tokens.count - 1)]).map { Keywords.queryStarts.contains($0) } ?? false
    }

    mutating func queryInParentheses() throws -> Query {
        try expectSymbol("(")
        let query = try query()
        try expectSymbol(")")
        return query
    }

    // MARK: Values, from the weakest operator to the strongest

    mutating func value() throws -> Expression { try nested { try $0.concatenation() } }

    private mutating func concatenation() throws -> Expression {
        try chain(["||": .concatenate]) { try $0.sum() }
    }

    private mutating func sum() throws -> Expression {
        try chain(["+": .add, "-": .subtract]) { try $0.product() }
    }

    private mutating func product() throws -> Expression {
        try chain(["*": .multiply, "/": .divide, "%": .modulus]) { try $0.signed() }
    }

    private mutating func chain(
        _ operators: [String: ArithmeticOperator], _ operand: (inout Parser) throws -> Expression
    ) throws -> Expression {
        let first = try operand(&self)
        var terms: [ArithmeticTerm] = []
        while case .symbol(let symbol) = token.kind, let operation = operators[symbol] {
            let location = location
            advance()
            terms.append(ArithmeticTerm(operation: operation, operand: try operand(&self), location: location))
        }
        return terms.isEmpty ? first : Expression(.arithmetic(first, terms), first.location)
    }

    private mutating func signed() throws -> Expression {
        let location = location
        if takeSymbol("-") { return Expression(.negate(try nested { try $0.signed() }), location) }
        if takeSymbol("+") { return try nested { try $0.signed() } }
        var result = try suffixed()
        var count = 0
        while at("AT", "TIME", "ZONE") {
            for _ in 0..<3 { advance() }
            result = Expression(.atTimeZone(result, try zone()), location)
            try countSuffix(&count)
        }
        return result
    }

    private mutating func zone() throws -> Expression {
        if word == "INTERVAL" { return try primary() }
        return try suffixed()
    }

    private mutating func countSuffix(_ count: inout Int) throws {
        count += 1
        guard count <= TrinoSQLLimits.suffixesMax else {
            throw TrinoSQLError.tooLarge(
                "there are more than \(TrinoSQLLimits.suffixesMax) fields and subscripts in a row", location)
        }
    }

    /// A primary expression with the fields and subscripts behind it.
    private mutating func suffixed() throws -> Expression {
        var result = try primary()
        var count = 0
        while true {
            let location = location
            if atSymbol("["), takeSymbol("[") {
                result = Expression(.element(result, try value()), location)
                try expectSymbol("]")
            } else if atSymbol("."), !atSymbol("*", ahead: 1) {
                advance()
                result = Expression(.field(result, try identifier()), result.location)
            } else {
                return result
            }
            try countSuffix(&count)
        }
    }
}

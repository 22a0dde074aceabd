extension Parser {
    mutating func primary() throws -> Expression {
        let location = location
        switch token.kind {
        case .integer(let text):
            advance()
            return Expression(.integer(text), location)
        case .decimal(let text):
            advance()
            return Expression(.decimal(text), location)
        case .double(let text):
            advance()
            return Expression(.double(text), location)
        case .string(let text):
            advance()
            return Expression(.string(text), location)
        case .binary(let bytes):
            advance()
            return Expression(.binary(bytes), location)
        case .symbol("?"):
            advance()
            parameterCount += 1
            return Expression(.parameter(parameterCount - 1), location)
        case .symbol("("): return try parenthesized()
        case .word: if let found = try keywordPrimary() { return found }
        default: break
        }
        guard atIdentifier else { throw unexpected("<expression>") }
        return try named()
    }

    private mutating func parenthesized() throws -> Expression {
        let location = location
        if let lambda = try lambda() { return lambda }
        if queryFollows(from: index), !failedQueries.contains(index) {
            let start = index
            let parameters = parameterCount
            do {
                return Expression(.scalar(try queryInParentheses()), location)
            } catch let error as TrinoSQLError where error.code == "trino-syntax" {
                guard tokens[min(start + 1, tokens.count - 1)].kind == .symbol("(") else { throw error }
                // `((SELECT 1) + 2)` begins like a query.
                failedQueries.insert(start)
                index = start
                parameterCount = parameters
            }
        }
        advance()
        let items = try list { try $0.expression() }
        try expectSymbol(")")
        return items.count == 1 ? items[0] : Expression(.row(items), location)
    }

    /// `x -> …` or `(x, y) -> …`; `nil` when no lambda begins here.
    private mutating func lambda() throws -> Expression? {
        let location = location
        var position = index + 1
        if atSymbol("(") {
            while position < tokens.count - 1, tokens[position].kind != .symbol(")") {
                switch tokens[position].kind {
                case .word, .quoted, .symbol(","): position += 1
                default: return nil
                }
            }
            position += 1
        }
        guard position < tokens.count, tokens[position].kind == .symbol("->") else { return nil }
        var names: [Identifier] = []
        if takeSymbol("(") {
            if !atSymbol(")") { names = try list { try $0.identifier() } }
            try expectSymbol(")")
        } else {
            names = [try identifier()]
        }
        try expectSymbol("->")
        return Expression(.lambda(names, try expression()), location)
    }

    /// What begins with a bare word that means something by itself; `nil` when it is a name after all.
    private mutating func keywordPrimary() throws -> Expression? {
        let location = location
        switch word {
        case "NULL", "TRUE", "FALSE":
            let kind: ExpressionKind = word == "NULL" ? .null : .boolean(word == "TRUE")
            advance()
            return Expression(kind, location)
        case "CASE": return try conditional()
        case "CAST", "TRY_CAST":
            guard atSymbol("(", ahead: 1) else { return nil }
            let isTry = word == "TRY_CAST"
            advance()
            advance()
            let operand = try expression()
            try expect("AS")
            let type = try type()
            try expectSymbol(")")
            return Expression(.cast(operand, type, isTry: isTry), location)
        case "EXISTS":
            advance()
            return Expression(.exists(try queryInParentheses()), location)
        case "ARRAY" where atSymbol("[", ahead: 1):
            advance()
            advance()
            let items = atSymbol("]") ? [] : try list { try $0.expression() }
            try expectSymbol("]")
            return Expression(.array(items), location)
        case "ROW" where atSymbol("(", ahead: 1):
            advance()
            advance()
            let items = try list { try $0.expression() }
            try expectSymbol(")")
            return Expression(.row(items), location)
        case "INTERVAL": return try interval()
        case "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_USER",
            "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH":
            return try special()
        default:
            return try specialCall()
        }
    }

    private mutating func special() throws -> Expression {
        let location = location
        let name = (word ?? "").lowercased()
        advance()
        var precision: Int?
        if name.contains("time"), takeSymbol("(") {
            precision = try wholeNumber()
            try expectSymbol(")")
        }
        return Expression(.special(name, precision), location)
    }

    private mutating func conditional() throws -> Expression {
        let location = location
        advance()
        let operand = word == "WHEN" ? nil : try expression()
        var branches: [ExpressionKind.Branch] = []
        while take("WHEN") {
            let condition = try expression()
            try expect("THEN")
            branches.append(ExpressionKind.Branch(condition: condition, result: try expression()))
        }
        guard !branches.isEmpty else { throw unexpected("'WHEN'") }
        let otherwise = take("ELSE") ? try expression() : nil
        try expect("END")
        return Expression(.conditional(operand: operand, branches: branches, otherwise: otherwise), location)
    }

    private static let intervalUnits: Set<String> = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"]

    private mutating func interval() throws -> Expression? {
        let location = location
        let sign = peek().kind
        let isSigned = sign == .symbol("-") || sign == .symbol("+")
        guard case .string(let text) = peek(isSigned ? 2 : 1).kind else { return nil }
        for _ in 0..<(isSigned ? 3 : 2) { advance() }
        func unit(_ parser: inout Parser) throws -> String {
            guard let word = parser.word, Self.intervalUnits.contains(word) else { throw parser.unexpected("<unit>") }
            parser.advance()
            return word.lowercased()
        }
        let from = try unit(&self)
        let to = take("TO") ? try unit(&self) : nil
        return Expression(
            .interval(IntervalLiteral(isNegative: sign == .symbol("-"), text: text, from: from, to: to)), location)
    }

    /// A column, a lambda's head, a literal of a named type, or a call.
    private mutating func named() throws -> Expression {
        let location = location
        if let lambda = try lambda() { return lambda }
        if let literal = try typedLiteral() { return literal }
        // A call's name may have several parts; for a column they are fields.
        var position = index
        while tokens[min(position + 1, tokens.count - 1)].kind == .symbol("."),
            isNamePart(tokens[min(position + 2, tokens.count - 1)])
        {
            position += 2
        }
        if tokens[min(position + 1, tokens.count - 1)].kind == .symbol("(") {
            let name = try qualifiedName()
            return try call(name, location)
        }
        return Expression(.name(try identifier()), location)
    }

    private func isNamePart(_ token: Token) -> Bool {
        switch token.kind {
        case .word, .quoted: true
        default: false
        }
    }

    /// `DATE '…'`, `DECIMAL '…'`, `char '…'`.
    private mutating func typedLiteral() throws -> Expression? {
        let location = location
        guard case .word(let name) = token.kind else { return nil }
        var width = 1
        if at("DOUBLE", "PRECISION") { width = 2 }
        guard case .string(let text) = peek(width).kind else { return nil }
        for _ in 0...width { advance() }
        return Expression(.typed(TypeName(name: name.lowercased(), arguments: [], location: location), text), location)
    }
}

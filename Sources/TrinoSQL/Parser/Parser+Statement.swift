extension Parser {
    /// Reads one statement, with or without a semicolon behind it.
    /// - Throws: ``TrinoSQLError``.
    static func statement(_ text: String) throws -> (statement: Statement, parameterCount: Int) {
        var parser = try Parser(text)
        let statement = try parser.statement()
        _ = parser.takeSymbol(";")
        guard parser.token.kind == .end else { throw parser.unexpected("<EOF>") }
        return (statement, parser.parameterCount)
    }

    private mutating func statement() throws -> Statement {
        try nested { try $0.oneStatement() }
    }

    private mutating func oneStatement() throws -> Statement {
        let location = location
        if atSymbol("(") || word.map({ Keywords.queryStarts.contains($0) }) ?? false { return .query(try query()) }
        switch word {
        case "EXPLAIN": return try explain()
        case "SHOW": return try show()
        case "DESCRIBE", "DESC": return try describe()
        case "USE":
            advance()
            let first = try identifier()
            guard takeSymbol(".") else { return .use(catalog: nil, schema: first) }
            return .use(catalog: first, schema: try identifier())
        case "PREPARE": return try prepare()
        case "EXECUTE": return try execute()
        case "DEALLOCATE":
            advance()
            try expect("PREPARE")
            return .deallocate(try identifier())
        case "SET": return try set()
        case "RESET":
            advance()
            if take("SESSION", "AUTHORIZATION") {
                throw TrinoSQLError.unsupported("RESET SESSION AUTHORIZATION", location)
            }
            try expect("SESSION")
            return .resetSession(try qualifiedName().text)
        case "START", "BEGIN": return try startTransaction()
        case "COMMIT":
            advance()
            _ = take("WORK")
            return .commit
        case "ROLLBACK":
            advance()
            _ = take("WORK")
            return .rollback
        default: return try refused()
        }
    }

    private static let writes: Set<String> = [
        "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "CREATE", "DROP", "ALTER", "GRANT", "REVOKE", "DENY",
        "COMMENT", "ANALYZE", "CALL", "REFRESH",
    ]

    private mutating func refused() throws -> Statement {
        guard let word, Self.writes.contains(word) else { throw unexpected("<statement>") }
        let location = location
        var words = [word]
        if ["CREATE", "DROP", "ALTER"].contains(word), let next = Self.word(peek()) { words.append(next) }
        while token.kind != .end { advance() }
        return .refused(words.joined(separator: " "), location)
    }

    private mutating func explain() throws -> Statement {
        advance()
        var options = Statement.Explain()
        if take("ANALYZE") {
            options.isAnalyze = true
            _ = take("VERBOSE")
        } else if atSymbol("("), ["FORMAT", "TYPE"].contains(Self.word(peek()) ?? "") {
            advance()
            repeat {
                let name = word
                advance()
                let value = (try identifier()).text.uppercased()
                if name == "TYPE" { options.type = value } else { options.format = value }
            } while takeSymbol(",")
            try expectSymbol(")")
        }
        return .explain(options, try statement())
    }

    private mutating func pattern() throws -> Statement.Pattern? {
        guard take("LIKE") else { return nil }
        let text = try stringLiteral()
        return Statement.Pattern(text: text, escape: take("ESCAPE") ? try stringLiteral() : nil)
    }

    private mutating func show() throws -> Statement {
        let location = location
        advance()
        if take("CATALOGS") { return .showCatalogs(try pattern()) }
        if take("SCHEMAS") {
            let catalog = take("FROM") || take("IN") ? try identifier() : nil
            return .showSchemas(catalog: catalog, try pattern())
        }
        if take("TABLES") {
            let schema = take("FROM") || take("IN") ? try qualifiedName() : nil
            return .showTables(schema: schema, try pattern())
        }
        if take("COLUMNS") {
            guard take("FROM") || take("IN") else { throw unexpected("'FROM', 'IN'") }
            return .showColumns(try qualifiedName(), try pattern())
        }
        if take("FUNCTIONS") {
            if take("FROM") || take("IN") { _ = try qualifiedName() }
            return .showFunctions(try pattern())
        }
        if take("SESSION") { return .showSession(try pattern()) }
        if take("CREATE") {
            if take("MATERIALIZED", "VIEW") { return .showCreate("MATERIALIZED VIEW", try qualifiedName()) }
            guard let kind = word, ["TABLE", "VIEW", "SCHEMA"].contains(kind) else { throw unexpected("'TABLE'") }
            advance()
            return .showCreate(kind, try qualifiedName())
        }
        if take("STATS") { throw TrinoSQLError.unsupported("SHOW STATS", location) }
        if ["ROLES", "GRANTS", "CURRENT", "ROLE", "BRANCHES"].contains(word ?? "") {
            throw TrinoSQLError.unsupported("SHOW \(word ?? "")", location)
        }
        throw unexpected("'CATALOGS', 'COLUMNS', 'CREATE', 'FUNCTIONS', 'SCHEMAS', 'SESSION', 'TABLES'")
    }

    private mutating func describe() throws -> Statement {
        advance()
        if at("INPUT"), peek().kind != .end, peek().kind != .symbol(".") {
            advance()
            return .describeInput(try identifier())
        }
        if at("OUTPUT"), peek().kind != .end, peek().kind != .symbol(".") {
            advance()
            return .describeOutput(try identifier())
        }
        return .showColumns(try qualifiedName(), nil)
    }

    private mutating func prepare() throws -> Statement {
        advance()
        let name = try identifier()
        try expect("FROM")
        let start = token.start
        _ = try statement()
        let inner = String(String.UnicodeScalarView(text[start..<token.start]))
        return .prepare(name, text: inner.trimmed)
    }

    private mutating func execute() throws -> Statement {
        advance()
        if word == "IMMEDIATE", case .string = peek().kind {
            advance()
            let text = try stringLiteral()
            return .executeImmediate(text, try usingArguments())
        }
        let name = try identifier()
        return .execute(name, try usingArguments())
    }

    private mutating func usingArguments() throws -> [Expression] {
        take("USING") ? try list { try $0.expression() } : []
    }

    private mutating func set() throws -> Statement {
        let location = location
        advance()
        if take("TIME", "ZONE") {
            while token.kind != .end, token.kind != .symbol(";") { advance() }
            return .setTimeZone
        }
        if take("SESSION", "AUTHORIZATION") {
            throw TrinoSQLError.unsupported("SET SESSION AUTHORIZATION", location)
        }
        guard take("SESSION") else { throw TrinoSQLError.unsupported("SET \(word ?? "")", location) }
        let name = try qualifiedName().text
        try expectSymbol("=")
        return .setSession(name, try expression())
    }

    private mutating func startTransaction() throws -> Statement {
        advance()
        _ = take("TRANSACTION") || take("WORK")
        while token.kind != .end, token.kind != .symbol(";") { advance() }
        return .startTransaction
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        var scalars = unicodeScalars[...]
        while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        return String(scalars)
    }
}

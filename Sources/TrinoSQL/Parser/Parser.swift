/// Reads a statement by recursive descent: a function a rule of the grammar.
///
/// What can repeat without nesting (operators of one rank, joins, set operations) becomes flat lists, so that the depth of
/// the tree is the depth of the text's nesting, which is bounded.
///
/// Source: Trino's documentation of SQL statements, and its grammar `SqlBase.g4`.
struct Parser {
    let text: [Unicode.Scalar]
    let tokens: [Token]
    var index = 0
    var depth = 0
    var parameterCount = 0
    /// Tokens at which an attempt to read a query in parentheses has failed: none is made twice.
    var failedQueries: Set<Int> = []

    init(_ text: String) throws {
        self.text = Array(text.unicodeScalars)
        tokens = try Lexer.tokens(of: text)
    }

    // MARK: Tokens

    var token: Token { tokens[index] }
    var location: SourceLocation { token.location }

    func peek(_ ahead: Int = 1) -> Token { tokens[min(index + ahead, tokens.count - 1)] }

    mutating func advance() { if index < tokens.count - 1 { index += 1 } }

    static func word(_ token: Token) -> String? {
        if case .word(let text) = token.kind { text.uppercased() } else { nil }
    }

    /// The current token as a keyword in upper case; `nil` for anything but a bare word.
    var word: String? { Self.word(token) }

    func at(_ words: String...) -> Bool {
        for (offset, wanted) in words.enumerated() where Self.word(peek(offset)) != wanted { return false }
        return true
    }

    func atSymbol(_ symbol: String, ahead: Int = 0) -> Bool { peek(ahead).kind == .symbol(symbol) }

    /// Takes the words if they are next.
    mutating func take(_ words: String...) -> Bool {
        for (offset, wanted) in words.enumerated() where Self.word(peek(offset)) != wanted { return false }
        for _ in words { advance() }
        return true
    }

    mutating func takeSymbol(_ symbol: String) -> Bool {
        guard atSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func expect(_ words: String...) throws {
        for wanted in words {
            guard word == wanted else { throw unexpected("'\(wanted)'") }
            advance()
        }
    }

    mutating func expectSymbol(_ symbol: String) throws {
        guard takeSymbol(symbol) else { throw unexpected("'\(symbol)'") }
    }

    func unexpected(_ wanted: String) -> TrinoSQLError {
        TrinoSQLError.syntax("mismatched input '\(token.shown)'. Expecting: \(wanted)", location)
    }

    /// Runs `read` one level deeper.
    mutating func nested<Result>(_ read: (inout Parser) throws -> Result) throws -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= TrinoSQLLimits.depthMax else {
            throw TrinoSQLError.tooLarge(
                "the statement is nested more than \(TrinoSQLLimits.depthMax) levels deep", location)
        }
        return try read(&self)
    }

    mutating func list<Item>(_ read: (inout Parser) throws -> Item) throws -> [Item] {
        var items = [try read(&self)]
        while takeSymbol(",") { items.append(try read(&self)) }
        return items
    }

    // MARK: Names

    var atIdentifier: Bool {
        switch token.kind {
        case .quoted: true
        case .word(let text): !Keywords.reserved.contains(text.uppercased())
        default: false
        }
    }

    mutating func identifier() throws -> Identifier {
        let location = location
        switch token.kind {
        case .quoted(let text):
            advance()
            return Identifier(text: text, location: location)
        case .word(let text) where !Keywords.reserved.contains(text.uppercased()):
            advance()
            return Identifier(text: text, location: location)
        default: throw unexpected("<identifier>")
        }
    }

    mutating func qualifiedName() throws -> QualifiedName {
        var parts = [try identifier()]
        while atSymbol("."), parts.count < 8 {
            advance()
            parts.append(try identifier())
        }
        return QualifiedName(parts: parts)
    }

    mutating func stringLiteral() throws -> String {
        guard case .string(let text) = token.kind else { throw unexpected("<string>") }
        advance()
        return text
    }

    mutating func wholeNumber() throws -> Int {
        guard case .integer(let text) = token.kind, let value = Int(text) else { throw unexpected("<integer>") }
        advance()
        return value
    }

    /// An alias behind an item, with or without `AS`.
    mutating func alias() throws -> Identifier? {
        if take("AS") { return try identifier() }
        guard atIdentifier, word.map({ !Keywords.neverAlias.contains($0) }) ?? true else { return nil }
        return try identifier()
    }
}

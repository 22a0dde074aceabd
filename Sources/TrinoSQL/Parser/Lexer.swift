/// Cuts a statement into tokens.
///
/// Source: Trino documentation, "SQL language: Types, Reserved keywords, Comments"; Trino's grammar `SqlBase.g4`.
struct Lexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var lineStart = 0

    /// - Throws: ``TrinoSQLError`` `trino-too-large`.
    init(_ text: String) throws {
        scalars = Array(text.unicodeScalars)
        guard scalars.count <= TrinoSQLLimits.textScalarsMax else {
            throw TrinoSQLError.tooLarge(
                "the statement is longer than \(TrinoSQLLimits.textScalarsMax) characters", nil)
        }
    }

    /// All tokens, the last one `.end`.
    static func tokens(of text: String) throws -> [Token] {
        var lexer = try Lexer(text)
        var tokens: [Token] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private var location: SourceLocation { SourceLocation(line: line, column: index - lineStart + 1) }

    private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        index + ahead < scalars.count ? scalars[index + ahead] : nil
    }

    private mutating func advance() {
        if scalars[index] == "\n" {
            line += 1
            lineStart = index + 1
        }
        index += 1
    }

    private mutating func next() throws -> Token {
        try skipBlanks()
        let location = location
        let start = index
        guard let first = peek() else { return Token(kind: .end, location: location, start: start, end: start) }
        let kind: Token.Kind
        switch first {
        case "'": kind = .string(try quoted("'", location))
        case "\"": kind = .quoted(try quoted("\"", location))
        case "`": throw TrinoSQLError.syntax("backquoted identifiers are not supported; use double quotes", location)
        case "0"..."9": kind = try number(location)
        case "." where Self.isDigit(peek(1)): kind = try number(location)
        case _ where Self.beginsWord(first): kind = try word(location)
        default: kind = .symbol(try symbol(location))
        }
        return Token(kind: kind, location: location, start: start, end: index)
    }

    private mutating func skipBlanks() throws {
        while let scalar = peek() {
            if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
                advance()
            } else if scalar == "-", peek(1) == "-" {
                while peek() != nil, peek() != "\n" { advance() }
            } else if scalar == "/", peek(1) == "*" {
                let begin = location
                advance()
                advance()
                while peek() != nil, !(peek() == "*" && peek(1) == "/") { advance() }
                guard peek() != nil else { throw TrinoSQLError.syntax("the comment has no end", begin) }
                advance()
                advance()
            } else {
                return
            }
        }
    }

    private mutating func quoted(_ quote: Unicode.Scalar, _ begin: SourceLocation) throws -> String {
        var text = String.UnicodeScalarView()
        advance()
        while let scalar = peek() {
            if scalar == quote {
                advance()
                guard peek() == quote else {
                    if quote == "\"", text.isEmpty {
                        throw TrinoSQLError.syntax("a quoted identifier must not be empty", begin)
                    }
                    return String(text)
                }
            }
            text.append(scalar)
            advance()
        }
        throw TrinoSQLError.syntax("the quote has no end", begin)
    }

    private mutating func word(_ begin: SourceLocation) throws -> Token.Kind {
        if peek(1) == "'", let first = peek(), first == "x" || first == "X" {
            advance()
            return .binary(try Self.bytes(hex: try quoted("'", begin), begin))
        }
        if peek() == "U" || peek() == "u", peek(1) == "&", peek(2) == "'" {
            advance()
            advance()
            return .string(try Self.unescaped(try quoted("'", begin), begin))
        }
        var text = String.UnicodeScalarView()
        while let scalar = peek(), Self.beginsWord(scalar) || Self.isDigit(scalar) || scalar == "@" {
            text.append(scalar)
            advance()
        }
        return .word(String(text))
    }

    private mutating func number(_ begin: SourceLocation) throws -> Token.Kind {
        if peek() == "0", let mark = peek(1), let radix = Self.radixes[mark] {
            advance()
            advance()
            let digits = takeDigits {
                $0.properties.numericType != nil || ("a"..."f").contains($0) || ("A"..."F").contains($0)
            }
            guard let value = Int64(digits, radix: radix) else {
                throw TrinoSQLError.syntax("the number is malformed or too large", begin)
            }
            return .integer(String(value))
        }
        var text = takeDigits(Self.isDigit)
        var isDecimal = false
        if peek() == ".", peek(1) != "." {
            isDecimal = true
            advance()
            text += "." + takeDigits(Self.isDigit)
        }
        if let mark = peek(), mark == "e" || mark == "E",
            Self.isDigit(peek(1)) || ((peek(1) == "+" || peek(1) == "-") && Self.isDigit(peek(2)))
        {
            advance()
            text += "E"
            if let sign = peek(), sign == "+" || sign == "-" {
                text.unicodeScalars.append(sign)
                advance()
            }
            return .double(text + takeDigits(Self.isDigit))
        }
        if let scalar = peek(), Self.beginsWord(scalar) {
            throw TrinoSQLError.syntax("identifiers must not start with a digit; surround it with double quotes", begin)
        }
        return isDecimal ? .decimal(text) : .integer(text)
    }

    private static let radixes: [Unicode.Scalar: Int] = ["x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2]

    /// Digits with single underscores between them left out.
    private mutating func takeDigits(_ isDigit: (Unicode.Scalar) -> Bool) -> String {
        var text = String.UnicodeScalarView()
        while let scalar = peek() {
            if isDigit(scalar) {
                text.append(scalar)
            } else if !(scalar == "_" && !text.isEmpty && peek(1).map(isDigit) == true) {
                break
            }
            advance()
        }
        return String(text)
    }

    private static let longSymbols = ["<>", "!=", "<=", ">=", "=>", "->", "||"]
    private static let symbols = Set("=<>+-*/%()[],.;?:|{}".unicodeScalars)

    private mutating func symbol(_ begin: SourceLocation) throws -> String {
        if let first = peek(), let second = peek(1) {
            let pair = String(first) + String(second)
            if Self.longSymbols.contains(pair) {
                advance()
                advance()
                return pair == "!=" ? "<>" : pair
            }
        }
        guard let scalar = peek(), Self.symbols.contains(scalar) else {
            throw TrinoSQLError.syntax("the character '\(peek().map(String.init) ?? "")' is not expected", begin)
        }
        advance()
        return String(scalar)
    }

    private static func isDigit(_ scalar: Unicode.Scalar?) -> Bool { scalar.map(isDigit) ?? false }
    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func beginsWord(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_" || scalar == "$"
            || (scalar.value > 127 && scalar.properties.isAlphabetic)
    }

    private static func bytes(hex: String, _ begin: SourceLocation) throws -> [UInt8] {
        let digits = hex.filter { !$0.isWhitespace }
        var bytes: [UInt8] = []
        var high: Int?
        for digit in digits {
            guard let value = digit.isASCII ? digit.hexDigitValue : nil else {
                throw TrinoSQLError.syntax("binary literal can only contain hexadecimal digits", begin)
            }
            if let first = high {
                bytes.append(UInt8(first << 4 | value))
                high = nil
            } else {
                high = value
            }
        }
        guard high == nil else {
            throw TrinoSQLError.syntax("binary literal must contain an even number of digits", begin)
        }
        return bytes
    }

    /// `U&'…'` with `\XXXX` and `\+XXXXXX`.
    private static func unescaped(_ text: String, _ begin: SourceLocation) throws -> String {
        var result = String.UnicodeScalarView()
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                result.append(scalar)
                continue
            }
            if rest.first == "\\" {
                result.append("\\")
                rest.removeFirst()
                continue
            }
            var width = 4
            if rest.first == "+" {
                rest.removeFirst()
                width = 6
            }
            let digits = String(String.UnicodeScalarView(rest.prefix(width)))
            guard digits.unicodeScalars.count == width, let code = UInt32(digits, radix: 16),
                let decoded = Unicode.Scalar(code)
            else { throw TrinoSQLError.syntax("invalid escape in a Unicode string", begin) }
            rest = rest.dropFirst(width)
            result.append(decoded)
        }
        return String(result)
    }
}

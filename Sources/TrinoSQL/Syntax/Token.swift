/// One token of a statement.
struct Token: Sendable {
    enum Kind: Sendable, Hashable {
        /// An identifier or keyword as it was written.
        case word(String)
        /// `"…"`, with doubled quotes undone.
        case quoted(String)
        case string(String)
        /// `X'…'`.
        case binary([UInt8])
        /// Plain decimal digits.
        case integer(String)
        /// Digits with a point.
        case decimal(String)
        /// Digits with an exponent.
        case double(String)
        case symbol(String)
        case end
    }

    var kind: Kind
    var location: SourceLocation
    /// Scalars from the start of the text to the token's first.
    var start: Int
    /// The first scalar behind the token.
    var end: Int

    /// How an error names the token.
    var shown: String {
        switch kind {
        case .word(let text), .integer(let text), .decimal(let text), .double(let text), .symbol(let text): text
        case .quoted(let text): "\"\(text)\""
        case .string(let text): "'\(text.prefix(32))'"
        case .binary: "X'…'"
        case .end: "<EOF>"
        }
    }
}

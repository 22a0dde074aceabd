/// Steps over JSON text (RFC 8259) without building values. Each step begins at `at` and moves it behind what it took.
enum JSONScan {
    /// Why a text is no JSON.
    struct Failure: Error {
        let message: String
        let byteOffset: Int
    }

    /// A string: the bytes between its quotes, and what is to be known before they are used.
    struct Text {
        var start: Int
        var end: Int
        var hasEscape = false
        /// Whether it has bytes beyond ASCII, which may be no UTF-8.
        var hasHighBytes = false
        var hasControl = false

        /// Whether the bytes are the text as they lie.
        var isPlain: Bool { !hasEscape && !hasHighBytes && !hasControl }
    }

    /// A number that is well-formed.
    struct Number {
        var start: Int
        var end: Int
        /// Its value, when it has no point and no exponent and at most ``quickDigitsMax`` digits.
        var whole: Int64?
    }

    /// Decimal digits that fit 64 bits whatever they are.
    private static let quickDigitsMax = 18
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    static func failure(_ message: String, _ text: Span<UInt8>, at: Int) -> Failure {
        Failure(message: at < text.count ? message : message + ", and the text ends", byteOffset: at)
    }

    @inline(__always)
    static func skipSpace(_ text: Span<UInt8>, _ at: inout Int) {
        while at < text.count {
            let byte = text[at]
            if byte > 0x20 || (byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09) { return }
            at &+= 1
        }
    }

    /// The next byte that is no space, not taken; 0 at the end.
    @inline(__always)
    static func peek(_ text: Span<UInt8>, _ at: inout Int) -> UInt8 {
        skipSpace(text, &at)
        return at < text.count ? text[at] : 0
    }

    /// Takes `byte` if it comes next.
    @inline(__always)
    static func take(_ byte: UInt8, _ text: Span<UInt8>, _ at: inout Int) -> Bool {
        guard peek(text, &at) == byte, at < text.count else { return false }
        at &+= 1
        return true
    }

    /// A string, whose opening quote comes next. Content that no string may have is noted, not thrown: the string's end is
    /// known all the same.
    @inline(__always)
    static func string(_ text: Span<UInt8>, _ at: inout Int) throws(Failure) -> Text {
        let open = at
        at &+= 1
        var token = Text(start: at, end: at)
        while true {
            while at &+ 8 <= text.count {
                let word = word(text, at)
                let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
                let slash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
                let isQuote: UInt64 = (quote &- ones) & ~quote
                let isSlash: UInt64 = (slash &- ones) & ~slash
                let isControl: UInt64 = (word &- ones &* 0x20) & ~word
                let found = (isQuote | isSlash | isControl | word) & highBits
                if found == 0 {
                    at &+= 8
                    continue
                }
                at &+= found.trailingZeroBitCount >> 3
                break
            }
            guard at < text.count else {
                throw failure("the string that opens at byte \(open) is not closed", text, at: at)
            }
            let byte = text[at]
            if byte == UInt8(ascii: "\"") {
                token.end = at
                at &+= 1
                return token
            }
            if byte == UInt8(ascii: "\\") {
                token.hasEscape = true
                at &+= 1
            } else if byte >= 0x80 {
                token.hasHighBytes = true
            } else if byte < 0x20 {
                token.hasControl = true
            }
            at &+= 1
        }
    }

    @inline(__always)
    private static func word(_ text: Span<UInt8>, _ at: Int) -> UInt64 {
        // The bounds are checked by the callee; any bits make a `UInt64`.
        unsafe UInt64(littleEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    /// A number, whose first byte comes next: any byte that begins no other value.
    @inline(__always)
    static func number(_ text: Span<UInt8>, _ at: inout Int) throws(Failure) -> Number {
        let start = at
        let isNegative = at < text.count && text[at] == UInt8(ascii: "-")
        if isNegative { at &+= 1 }
        let first = at
        var value: Int64 = 0
        while at < text.count, text[at] &- 0x30 <= 9 {
            value = value &* 10 &+ Int64(text[at] &- 0x30)
            at &+= 1
        }
        let digits = at - first
        if digits == 0 { throw failure("a JSON value is expected", text, at: start) }
        if digits > 1, text[first] == 0x30 { throw failure("a number has no zero in front", text, at: first + 1) }
        if at < text.count, text[at] == UInt8(ascii: ".") || text[at] | 0x20 == UInt8(ascii: "e") {
            try fraction(text, &at)
        } else if digits <= quickDigitsMax {
            return Number(start: start, end: at, whole: isNegative ? -value : value)
        }
        return Number(start: start, end: at, whole: nil)
    }

    private static func fraction(_ text: Span<UInt8>, _ at: inout Int) throws(Failure) {
        if text[at] == UInt8(ascii: ".") {
            at += 1
            try digits(text, &at)
        }
        guard at < text.count, text[at] | 0x20 == UInt8(ascii: "e") else { return }
        at += 1
        if at < text.count, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") { at += 1 }
        try digits(text, &at)
    }

    private static func digits(_ text: Span<UInt8>, _ at: inout Int) throws(Failure) {
        let start = at
        while at < text.count, text[at] &- 0x30 <= 9 { at += 1 }
        if at == start { throw failure("digits are expected", text, at: at) }
    }

    /// `true`, `false` or `null`.
    static func word(_ word: StaticString, _ text: Span<UInt8>, _ at: inout Int) throws(Failure) {
        let count = word.utf8CodeUnitCount
        let isThere =
            at + count <= text.count
            && word.withUTF8Buffer { letters in
                for index in 0..<count where unsafe text[at + index] != letters[index] { return false }
                return true
            }
        guard isThere else { throw failure("true, false, null or another value is expected", text, at: at) }
        at += count
    }
}

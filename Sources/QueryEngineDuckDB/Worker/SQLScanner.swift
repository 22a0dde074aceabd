/// Walks the text of a statement token by token, as far as it takes to find what stands behind a table's name.
///
/// The tree tells where a table is named but not where that ends. So the name and a following `AT (…)` are read here, by
/// the engine's rules for identifiers, strings and comments.
struct SQLScanner {
    private let bytes: [UInt8]
    private(set) var position: Int

    init(_ text: String, at position: Int) {
        bytes = Array(text.utf8)
        self.position = position
    }

    /// The text of some bytes.
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// Skips a dotted name; `nil` when there is none here.
    mutating func name() -> [String]? {
        var parts: [String] = []
        while let part = identifier() {
            parts.append(part)
            let end = position
            skipSpace()
            guard take(UInt8(ascii: ".")) else {
                position = end
                return parts
            }
            skipSpace()
        }
        return nil
    }

    /// An identifier, quoted or not.
    mutating func identifier() -> String? {
        guard let first = peek() else { return nil }
        if first == UInt8(ascii: "\"") {
            guard let range = quoted(by: first) else { return nil }
            return text((range.lowerBound + 1)..<(range.upperBound - 1)).replacing("\"\"", with: "\"")
        }
        guard Self.beginsWord(first) else { return nil }
        let start = position
        while let byte = peek(), Self.continuesWord(byte) { position += 1 }
        return text(start..<position)
    }

    /// Skips a word; `false` and nothing when another one stands here.
    mutating func word(_ wanted: String) -> Bool {
        let start = position
        if peek() != UInt8(ascii: "\""), identifier()?.lowercased() == wanted { return true }
        position = start
        return false
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    mutating func skipSpace() {
        while let byte = peek() {
            if byte <= 0x20 {
                position += 1
            } else if !skipComment() {
                return
            }
        }
    }

    /// What lies before the parenthesis that closes the one just opened, which is skipped; `nil` when nothing closes it.
    mutating func untilClosed() -> Range<Int>? {
        let start = position
        var depth = 1
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"):
                depth -= 1
                if depth == 0 {
                    defer { position += 1 }
                    return start..<position
                }
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                guard quoted(by: byte) != nil else { return nil }
                continue
            // A dollar may begin a string; what stands there else needs none in a point in time.
            case UInt8(ascii: "$"), UInt8(ascii: "\\"): return nil
            case UInt8(ascii: "-"), UInt8(ascii: "/"): if skipComment() { continue }
            default: break
            }
            position += 1
        }
        return nil
    }

    private mutating func skipComment() -> Bool {
        guard position + 1 < bytes.count else { return false }
        if bytes[position] == UInt8(ascii: "-"), bytes[position + 1] == UInt8(ascii: "-") {
            while let byte = peek(), byte != 0x0a { position += 1 }
            return true
        }
        guard bytes[position] == UInt8(ascii: "/"), bytes[position + 1] == UInt8(ascii: "*") else { return false }
        var depth = 0
        while position + 1 < bytes.count {
            if bytes[position] == UInt8(ascii: "/"), bytes[position + 1] == UInt8(ascii: "*") {
                depth += 1
                position += 2
            } else if bytes[position] == UInt8(ascii: "*"), bytes[position + 1] == UInt8(ascii: "/") {
                depth -= 1
                position += 2
                if depth == 0 { return true }
            } else {
                position += 1
            }
        }
        position = bytes.count
        return true
    }

    /// Skips a text in quotes, in which a doubled quote stands for one.
    private mutating func quoted(by quote: UInt8) -> Range<Int>? {
        let start = position
        position += 1
        while let byte = peek() {
            position += 1
            guard byte == quote else { continue }
            if peek() == quote { position += 1 } else { return start..<position }
        }
        return nil
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private static func beginsWord(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    private static func continuesWord(_ byte: UInt8) -> Bool {
        beginsWord(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "$")
    }
}

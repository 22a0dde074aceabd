/// Reads the names out of SQL text, as far as it takes to tell which tables a definition speaks of.
package enum SQLNames {
    /// The dotted pairs `a.b` of the text in lower case, quotes taken off, strings and comments left out. A pair may be a
    /// table of a namespace or a column of an alias: the caller knows which tables there are.
    /// - Complexity: O(bytes of the text).
    package static func pairs(in sql: String) -> Set<String> {
        var reader = SQLWordReader(sql)
        var pairs: Set<String> = []
        var before: String?
        var hasDot = false
        while let word = reader.next() {
            switch word {
            case .name(let name):
                if hasDot, let before { pairs.insert("\(before).\(name)") }
                before = name
                hasDot = false
            case .symbol(UInt8(ascii: ".")) where before != nil:
                hasDot = true
            case .symbol:
                before = nil
                hasDot = false
            }
        }
        return pairs
    }

    /// Where the text goes on behind a leading `WITH` or `WITH RECURSIVE`; `nil` when it begins otherwise.
    static func behindWith(_ sql: String) -> (isRecursive: Bool, rest: Substring)? {
        var reader = SQLWordReader(sql)
        guard reader.next() == .name("with") else { return nil }
        let behindWith = reader.rest
        if reader.next() == .name("recursive") { return (true, reader.rest) }
        return (false, behindWith)
    }
}

/// The words of a SQL text, one after another.
struct SQLWordReader {
    enum Word: Equatable {
        /// In lower case, without quotes.
        case name(String)
        case symbol(UInt8)
    }

    private let text: String
    private let bytes: [UInt8]
    private var at = 0

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    /// What has not been read.
    var rest: Substring { Substring(text.utf8.dropFirst(at)) }

    mutating func next() -> Word? {
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "'") {
                skip(behindQuote: byte)
                return .symbol(byte)
            }
            if byte == UInt8(ascii: "\"") { return quoted() }
            if starts(with: "--") {
                while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { at += 1 }
            } else if starts(with: "/*") {
                skipComment()
            } else if byte == 0x20 || (0x09...0x0D).contains(byte) {
                at += 1
            } else if Self.isNameByte(byte) {
                return bare()
            } else {
                at += 1
                return .symbol(byte)
            }
        }
        return nil
    }

    /// Digits too: what they begin is a number, which is no name of a table.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "$") || byte >= 0x80
    }

    private func starts(with mark: StaticString) -> Bool {
        let pair = mark.description.utf8
        return bytes[at...].prefix(pair.count).elementsEqual(pair)
    }

    private mutating func bare() -> Word {
        let start = at
        while at < bytes.count, Self.isNameByte(bytes[at]) { at += 1 }
        return .name(String(decoding: bytes[start..<at], as: UTF8.self).lowercased())
    }

    private mutating func quoted() -> Word {
        let start = at + 1
        skip(behindQuote: UInt8(ascii: "\""))
        let inside = bytes[start..<max(start, at - 1)]
        return .name(String(decoding: inside, as: UTF8.self).replacing("\"\"", with: "\"").lowercased())
    }

    /// A doubled quote stands for one.
    private mutating func skip(behindQuote quote: UInt8) {
        at += 1
        while at < bytes.count {
            defer { at += 1 }
            guard bytes[at] == quote else { continue }
            if at + 1 < bytes.count, bytes[at + 1] == quote { at += 1 } else { return }
        }
    }

    /// Comments nest.
    private mutating func skipComment() {
        var depth = 0
        while at < bytes.count {
            if starts(with: "/*") {
                depth += 1
                at += 2
            } else if starts(with: "*/") {
                depth -= 1
                at += 2
                if depth == 0 { return }
            } else {
                at += 1
            }
        }
        at = bytes.count
    }
}

/// Swift source with comments, string literals and names in backticks blanked out, so that what is left can be
/// searched for words and braces. Lines keep their numbers.
struct SwiftText: Sendable {
    /// The masked source.
    let code: [UInt8]

    init(_ source: String) {
        var masker = Masker(bytes: Array(source.utf8))
        masker.run()
        code = masker.bytes
    }

    /// A function or initialiser with a body.
    struct Function: Equatable {
        /// 1-based line of the keyword.
        let line: Int
        /// Lines from the keyword to the closing brace, both counted.
        let length: Int
    }

    /// Whether each brace that opens is closed: false tells that the masking was misled.
    var isBalanced: Bool {
        code.reduce(into: 0) { $0 += $1 == 0x7B ? 1 : $1 == 0x7D ? -1 : 0 } == 0
    }

    /// Every function with a body, nested ones too.
    /// - Complexity: linear in the source for each function in it.
    func functions() -> [Function] {
        var found: [Function] = []
        var line = 1
        var index = 0
        while index < code.count {
            if code[index] == 0x0A { line += 1 }
            if let end = wordEnd(at: index) {
                let word = String(decoding: code[index..<end], as: UTF8.self)
                let isMember = index > 0 && code[index - 1] == 0x2E
                if ["func", "init", "deinit"].contains(word), !isMember, let length = bodyLength(from: end) {
                    found.append(Function(line: line, length: length))
                }
                index = end
            } else {
                index += 1
            }
        }
        return found
    }

    /// The names of the modules that the source imports.
    func imports() -> [String] {
        String(decoding: code, as: UTF8.self).split(separator: "\n").compactMap { line in
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let position = words.firstIndex(of: "import"),
                words[..<position].allSatisfy({ Self.importModifiers.contains($0) || $0.hasPrefix("@") }),
                position + 1 < words.count
            else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "typealias", "var", "let"]
            let name = kinds.contains(words[position + 1]) ? words.dropFirst(position + 2).first : words[position + 1]
            return name?.split(separator: ".").first.map(String.init)
        }
    }

    private static let importModifiers: Set<Substring> = [
        "public", "package", "internal", "fileprivate", "private",
    ]

    /// The end of the word that starts at `index`, or `nil` when none does.
    private func wordEnd(at index: Int) -> Int? {
        guard Self.isWord(code[index]), index == 0 || !Self.isWord(code[index - 1]) else { return nil }
        var end = index
        while end < code.count, Self.isWord(code[end]) { end += 1 }
        return end
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
            || byte >= 0x80
    }

    /// Lines from the declaration's keyword to the end of its body; `nil` for one without a body.
    private func bodyLength(from start: Int) -> Int? {
        var parentheses = 0
        var braces = 0
        var lines = 1
        var index = start
        while index < code.count {
            switch code[index] {
            case 0x0A: lines += 1
            case 0x28, 0x5B: parentheses += 1
            case 0x29, 0x5D: parentheses -= 1
            case 0x7B where parentheses == 0 || braces > 0: braces += 1
            case 0x7D where parentheses == 0 || braces > 0:
                braces -= 1
                if braces < 0 { return nil }
                if braces == 0 { return lines }
            default:
                if braces == 0, parentheses == 0, let end = wordEnd(at: index) {
                    let word = String(decoding: code[index..<end], as: UTF8.self)
                    if ["func", "init", "deinit", "var", "let", "static", "subscript", "case"].contains(word) {
                        return nil
                    }
                    index = end
                    continue
                }
            }
            index += 1
        }
        return nil
    }
}

/// Blanks out what is not code.
private struct Masker {
    var bytes: [UInt8]
    private var index = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func run() { code(untilParenthesis: false) }

    private func peek(_ offset: Int = 0) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }

    private mutating func blank() {
        if bytes[index] != 0x0A { bytes[index] = 0x20 }
        index += 1
    }

    /// Walks code; inside an interpolation it ends behind the parenthesis that closes it, having blanked everything.
    private mutating func code(untilParenthesis isInterpolation: Bool) {
        var depth = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x2F, peek(1) == 0x2F {
                while index < bytes.count, bytes[index] != 0x0A { blank() }
            } else if byte == 0x2F, peek(1) == 0x2A {
                blockComment()
            } else if byte == 0x22 || (byte == 0x23 && startsRawString()) {
                string()
            } else if byte == 0x60 {
                blank()
                while index < bytes.count, bytes[index] != 0x60 { blank() }
                if index < bytes.count { blank() }
            } else if isInterpolation {
                if byte == 0x28 { depth += 1 }
                if byte == 0x29 { depth -= 1 }
                blank()
                if depth < 0 { return }
            } else {
                index += 1
            }
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if peek() == 0x2F, peek(1) == 0x2A {
                depth += 1
                blank()
            } else if peek() == 0x2A, peek(1) == 0x2F {
                depth -= 1
                blank()
            }
            if index < bytes.count { blank() }
        } while depth > 0 && index < bytes.count
    }

    private func startsRawString() -> Bool {
        var offset = 1
        while peek(offset) == 0x23 { offset += 1 }
        return peek(offset) == 0x22
    }

    private mutating func string() {
        var pounds = 0
        while peek() == 0x23 {
            pounds += 1
            blank()
        }
        let isMultiline = peek(1) == 0x22 && peek(2) == 0x22
        for _ in 0..<(isMultiline ? 3 : 1) { blank() }
        while index < bytes.count {
            if peek() == 0x5C, hasPounds(pounds, at: 1) {
                let opens = peek(1 + pounds) == 0x28
                for _ in 0..<(2 + pounds) where index < bytes.count { blank() }
                if opens { code(untilParenthesis: true) }
            } else if peek() == 0x22, !isMultiline || (peek(1) == 0x22 && peek(2) == 0x22),
                hasPounds(pounds, at: isMultiline ? 3 : 1)
            {
                for _ in 0..<((isMultiline ? 3 : 1) + pounds) { blank() }
                return
            } else {
                blank()
            }
        }
    }

    private func hasPounds(_ count: Int, at offset: Int) -> Bool {
        (0..<count).allSatisfy { peek(offset + $0) == 0x23 }
    }
}

/// A parsed JSON text, as the engine's own parser serialises a statement.
///
/// Foundation's reader stops at 512 levels, which a long sum of terms passes; this one takes
/// ``JSONTree/depthMax`` and keeps members in order, which the scoping of common table expressions needs.
enum JSONTree: Sendable, Hashable {
    /// `null`, and numbers past 64 bits.
    case other
    case integer(Int)
    case real(Double)
    case boolean(Bool)
    case string(String)
    case array([JSONTree])
    case object([Member])

    struct Member: Sendable, Hashable {
        var key: String
        var value: JSONTree
    }

    struct Malformed: Error {
        var isTooDeep = false
    }

    /// Levels of nesting that are read: DuckDB's own limit of 1,000 nested expressions makes up to two each.
    static let depthMax = 2_500

    /// - Throws: ``Malformed``.
    static func parse(_ bytes: [UInt8]) throws -> JSONTree {
        var parser = JSONTreeParser(bytes)
        return try parser.document()
    }

    /// The first member of that name of an object.
    subscript(key: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }
    var number: Int? { if case .integer(let number) = self { number } else { nil } }
    var elements: [JSONTree]? { if case .array(let elements) = self { elements } else { nil } }
}

private struct JSONTreeParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws -> JSONTree {
        let tree = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw JSONTree.Malformed() }
        return tree
    }

    private mutating func value(depth: Int) throws -> JSONTree {
        guard depth < JSONTree.depthMax else { throw JSONTree.Malformed(isTooDeep: true) }
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        default: return try scalar()
        }
    }

    private mutating func members(depth: Int) throws -> [JSONTree.Member] {
        var members: [JSONTree.Member] = []
        position += 1
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return members
        }
        while true {
            skipSpace()
            let key = try string()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            members.append(JSONTree.Member(key: key, value: try value(depth: depth + 1)))
            skipSpace()
            if try peek() == UInt8(ascii: "}") { break }
            try expect(UInt8(ascii: ","))
        }
        position += 1
        return members
    }

    private mutating func elements(depth: Int) throws -> [JSONTree] {
        var elements: [JSONTree] = []
        position += 1
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return elements
        }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if try peek() == UInt8(ascii: "]") { break }
            try expect(UInt8(ascii: ","))
        }
        position += 1
        return elements
    }

    private mutating func scalar() throws -> JSONTree {
        let start = position
        while position < bytes.count, !Self.endsScalar(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard !text.isEmpty else { throw JSONTree.Malformed() }
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: break
        }
        if let number = Int(text) { return .integer(number) }
        // Whole numbers past 64 bits would be rounded.
        return text.contains(".") || text.contains("e") ? Double(text).map { .real($0) } ?? .other : .other
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") || byte <= 0x20
    }

    private mutating func string() throws -> String {
        try expect(UInt8(ascii: "\""))
        var text: [UInt8] = []
        while true {
            let byte = try peek()
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") { try appendEscape(to: &text) } else { text.append(byte) }
        }
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws {
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try escapedScalar()).utf8)
        default: text.append(byte)
        }
    }

    private mutating func escapedScalar() throws -> Character {
        let unit = try fourDigits()
        var value = UInt32(unit)
        if (0xd800..<0xdc00).contains(unit), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            let low = try fourDigits()
            guard (0xdc00..<0xe000).contains(low) else { throw JSONTree.Malformed() }
            value = 0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(low) - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw JSONTree.Malformed() }
        return Character(scalar)
    }

    private mutating func fourDigits() throws -> UInt16 {
        guard position + 4 <= bytes.count,
            let unit = UInt16(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16)
        else { throw JSONTree.Malformed() }
        position += 4
        return unit
    }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    }

    private func peek() throws -> UInt8 {
        guard position < bytes.count else { throw JSONTree.Malformed() }
        return bytes[position]
    }

    private mutating func expect(_ byte: UInt8) throws {
        guard try peek() == byte else { throw JSONTree.Malformed() }
        position += 1
    }
}

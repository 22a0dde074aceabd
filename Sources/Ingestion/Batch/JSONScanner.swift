/// Reads JSON from bytes, one token after the other, with the place of each.
///
/// It never builds a tree: the batch reader asks for what it expects. Source: RFC 8259.
struct JSONScanner: Sendable {
    struct Failure: Error {
        let message: String
        let byteOffset: Int
    }

    /// A value in a row. Strings are unescaped, numbers stay text so that no digit is lost.
    enum Value: Sendable, Hashable {
        case null
        case boolean(Bool)
        case number([UInt8])
        case string([UInt8])
        case array
        case object

        var kind: String {
            switch self {
            case .null: "null"
            case .boolean: "a boolean"
            case .number: "a number"
            case .string: "a string"
            case .array: "an array"
            case .object: "an object"
            }
        }
    }

    let bytes: [UInt8]
    private(set) var offset = 0
    private let depthMax: Int

    init(_ bytes: [UInt8], depthMax: Int) {
        self.bytes = bytes
        self.depthMax = depthMax
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    }

    mutating func skipSpace() {
        while offset < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[offset]) { offset += 1 }
    }

    /// The next byte that is no space, not consumed.
    mutating func peek() -> UInt8? {
        skipSpace()
        return offset < bytes.count ? bytes[offset] : nil
    }

    /// Consumes `byte` if it comes next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        offset += 1
        return true
    }

    mutating func expect(_ byte: UInt8, _ what: String) throws(Failure) {
        if !take(byte) { throw failure("\(what) is expected") }
    }

    func failure(_ message: String) -> Failure {
        let found = offset < bytes.count ? "" : ", and the text ends"
        return Failure(message: message + found, byteOffset: offset)
    }

    mutating func value(depth: Int = 0) throws(Failure) -> Value {
        guard let byte = peek() else { throw failure("a value is expected") }
        switch byte {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"):
            try skipNested(depth: depth)
            return .object
        case UInt8(ascii: "["):
            try skipNested(depth: depth)
            return .array
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ text: String, _ value: Value) throws(Failure) -> Value {
        guard bytes[offset...].starts(with: text.utf8) else {
            throw failure("true, false, null or a value is expected")
        }
        offset += text.utf8.count
        return value
    }

    private mutating func number() throws(Failure) -> [UInt8] {
        let start = offset
        _ = takeRaw(UInt8(ascii: "-"))
        if !takeRaw(UInt8(ascii: "0")) { try digits() }
        if takeRaw(UInt8(ascii: ".")) { try digits() }
        if takeRaw(UInt8(ascii: "e")) || takeRaw(UInt8(ascii: "E")) {
            if !takeRaw(UInt8(ascii: "+")) { _ = takeRaw(UInt8(ascii: "-")) }
            try digits()
        }
        return Array(bytes[start..<offset])
    }

    private mutating func takeRaw(_ byte: UInt8) -> Bool {
        guard offset < bytes.count, bytes[offset] == byte else { return false }
        offset += 1
        return true
    }

    private mutating func digits() throws(Failure) {
        let start = offset
        while offset < bytes.count, (0x30...0x39).contains(bytes[offset]) { offset += 1 }
        if offset == start { throw failure("a JSON value is expected") }
    }

    /// Steps over an array or object, checking its form and depth.
    private mutating func skipNested(depth: Int) throws(Failure) {
        guard depth < depthMax else { throw failure("arrays and objects are nested deeper than \(depthMax)") }
        let isObject = take(UInt8(ascii: "{"))
        if !isObject { try expect(UInt8(ascii: "["), "[") }
        let close = UInt8(ascii: isObject ? "}" : "]")
        if take(close) { return }
        repeat {
            if isObject {
                guard peek() == UInt8(ascii: "\"") else { throw failure("a name in quotes is expected") }
                _ = try string()
                try expect(UInt8(ascii: ":"), ":")
            }
            _ = try value(depth: depth + 1)
        } while take(UInt8(ascii: ","))
        try expect(close, isObject ? ", or }" : ", or ]")
    }

    /// A string's bytes, unescaped.
    mutating func string() throws(Failure) -> [UInt8] {
        try expect(UInt8(ascii: "\""), "a string")
        var text: [UInt8] = []
        var plain = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                text.append(contentsOf: bytes[plain..<offset])
                offset += 1
                return text
            }
            if byte < 0x20 { throw failure("a control character in a string must be escaped") }
            offset += 1
            guard byte == UInt8(ascii: "\\") else { continue }
            text.append(contentsOf: bytes[plain..<offset - 1])
            try escape(into: &text)
            plain = offset
        }
        throw failure("a string is not closed")
    }

    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        guard offset < bytes.count else { throw failure("a string is not closed") }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(Character(try escapedScalar())).utf8)
        default:
            offset -= 1
            throw failure("this escape means nothing in JSON")
        }
    }

    private mutating func escapedScalar() throws(Failure) -> Unicode.Scalar {
        let first = try hexUnit()
        var code = UInt32(first)
        if (0xD800...0xDBFF).contains(first) {
            guard takeRaw(UInt8(ascii: "\\")), takeRaw(UInt8(ascii: "u")) else {
                throw failure("half of a surrogate pair")
            }
            let second = try hexUnit()
            guard (0xDC00...0xDFFF).contains(second) else { throw failure("half of a surrogate pair") }
            code = 0x10000 + (code - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair") }
        return scalar
    }

    private mutating func hexUnit() throws(Failure) -> UInt16 {
        guard offset + 4 <= bytes.count,
            bytes[offset..<offset + 4].allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16)
        else { throw failure("four hexadecimal digits are expected") }
        offset += 4
        return unit
    }
}

/// A JSON reader as simple as it can be made: what judges the real one. It shares no code with it.
struct PlainJSON {
    struct SyntaxError: Error {}

    /// What is no JSON text in content though the text's form is right.
    enum ContentFault: String {
        case control = "control-character"
        case utf8 = "utf8-invalid"
        case surrogate = "surrogate-lone"
    }

    indirect enum Value {
        case null
        case boolean(Bool)
        case number(String)
        case string(Result)
        case array([Value])
        case object([(name: Result, value: Value)])
    }

    enum Result {
        case text(String)
        case fault(ContentFault)
    }

    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    mutating func take(_ character: Character) -> Bool {
        skipSpace()
        guard next == character.asciiValue else { return false }
        position += 1
        return true
    }

    mutating func value() throws -> Value {
        skipSpace()
        switch next.map({ Character(Unicode.Scalar($0)) }) {
        case "\"": return .string(try string())
        case "{": return .object(try members())
        case "[": return .array(try elements())
        case "t": return try word("true", .boolean(true))
        case "f": return try word("false", .boolean(false))
        case "n": return try word("null", .null)
        default: return .number(try number())
        }
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func word(_ word: String, _ value: Value) throws -> Value {
        guard bytes[position...].starts(with: word.utf8) else { throw SyntaxError() }
        position += word.utf8.count
        return value
    }

    private mutating func elements() throws -> [Value] {
        var values: [Value] = []
        guard take("[") else { throw SyntaxError() }
        if take("]") { return values }
        repeat { values.append(try value()) } while take(",")
        guard take("]") else { throw SyntaxError() }
        return values
    }

    private mutating func members() throws -> [(name: Result, value: Value)] {
        var members: [(name: Result, value: Value)] = []
        guard take("{") else { throw SyntaxError() }
        if take("}") { return members }
        repeat {
            skipSpace()
            let name = try string()
            guard take(":") else { throw SyntaxError() }
            members.append((name, try value()))
        } while take(",")
        guard take("}") else { throw SyntaxError() }
        return members
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func number() throws -> String {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        let hasZero = next == UInt8(ascii: "0")
        let count = digits()
        guard count > 0, count == 1 || !hasZero else { throw SyntaxError() }
        if next == UInt8(ascii: ".") {
            position += 1
            guard digits() > 0 else { throw SyntaxError() }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            guard digits() > 0 else { throw SyntaxError() }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// What is wrong with a string's bytes counts before what its escapes stand for.
    private mutating func string() throws -> Result {
        guard next == UInt8(ascii: "\"") else { throw SyntaxError() }
        position += 1
        let start = position
        while let byte = next, byte != UInt8(ascii: "\"") { position += byte == UInt8(ascii: "\\") ? 2 : 1 }
        guard position < bytes.count else { throw SyntaxError() }
        let content = bytes[start..<position]
        position += 1
        // Of the byte behind a backslash its escape is to judge.
        var others: [UInt8] = []
        var rest = content
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\") { _ = rest.popFirst() } else { others.append(byte) }
        }
        if others.contains(where: { $0 < 0x20 }) { return .fault(.control) }
        let isUTF8 = String(validating: content, as: UTF8.self) != nil
        if !isUTF8, others.contains(where: { $0 >= 0x80 }) { return .fault(.utf8) }
        let text = String(decoding: content, as: UTF8.self)
        return try Self.unescaped(Array(text.unicodeScalars))
    }

    private static func unescaped(_ raw: [Unicode.Scalar]) throws -> Result {
        let short: [Unicode.Scalar: Unicode.Scalar] = [
            "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
        ]
        var text = String.UnicodeScalarView()
        var rest = raw[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                text.append(scalar)
                continue
            }
            guard let escape = rest.popFirst() else { throw SyntaxError() }
            if let meant = short[escape] {
                text.append(meant)
            } else if escape == "u" {
                let unit = try hexadecimal(&rest)
                if let scalar = Unicode.Scalar(unit) {
                    text.append(scalar)
                } else {
                    guard unit < 0xDC00, rest.starts(with: ["\\", "u"]) else { return .fault(.surrogate) }
                    rest = rest.dropFirst(2)
                    let low = try hexadecimal(&rest)
                    guard (0xDC00...0xDFFF).contains(low),
                        let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) * 0x400 + low - 0xDC00)
                    else { return .fault(.surrogate) }
                    text.append(scalar)
                }
            } else {
                throw SyntaxError()
            }
        }
        return .text(String(text))
    }

    private static func hexadecimal(_ rest: inout ArraySlice<Unicode.Scalar>) throws -> UInt32 {
        let digits = rest.prefix(4)
        guard digits.count == 4, digits.allSatisfy({ $0.isASCII && $0.properties.isASCIIHexDigit }),
            let value = UInt32(String(String.UnicodeScalarView(digits)), radix: 16)
        else { throw SyntaxError() }
        rest = rest.dropFirst(4)
        return value
    }
}

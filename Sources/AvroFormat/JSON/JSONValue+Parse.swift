import LakeModel

extension JSONValue {
    /// Nesting that a JSON text may have.
    package static let depthMaxDefault = 128

    /// Reads one JSON text (RFC 8259, UTF-8, with or without a byte order mark) and nothing behind it.
    /// - Throws: ``AvroError`` `json-malformed` with the byte offset, `avro-limit-exceeded` past `depthMax`.
    package static func parse(_ bytes: [UInt8], depthMax: Int = depthMaxDefault) throws -> JSONValue {
        var parser = JSONParser(bytes: bytes, depthMax: depthMax)
        return try parser.parseText()
    }

    package static func parse(_ text: String, depthMax: Int = depthMaxDefault) throws -> JSONValue {
        try parse(Array(text.utf8), depthMax: depthMax)
    }
}

/// Recursive descent, one byte of look-ahead, depth counted.
private struct JSONParser {
    let bytes: [UInt8]
    let depthMax: Int
    var position = 0

    mutating func parseText() throws -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        let value = try parseValue(depth: 0)
        skipSpace()
        if position < bytes.count { throw malformed("there is something behind the value") }
        return value
    }

    private func malformed(_ message: String) -> AvroError {
        AvroError(.jsonMalformed, "not valid JSON: \(message)", byteOffset: position)
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func parseValue(depth: Int) throws -> JSONValue {
        if depth > depthMax {
            throw AvroError(.limitExceeded, "JSON nested deeper than \(depthMax)", byteOffset: position)
        }
        skipSpace()
        guard position < bytes.count else { throw malformed("the text ends where a value is due") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try parseObject(depth: depth)
        case UInt8(ascii: "["): return try parseArray(depth: depth)
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        default: return try parseNumber()
        }
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        let expected = Array(word.description.utf8)
        guard bytes[position...].starts(with: expected) else { throw malformed("an unknown word") }
        position += expected.count
        return value
    }

    private mutating func parseObject(depth: Int) throws -> JSONValue {
        position += 1
        var object = JSONObject()
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(object) }
        while true {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw malformed("a member name is due")
            }
            let key = try parseString()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw malformed("a colon is due") }
            object.append(key, try parseValue(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            if take(UInt8(ascii: "}")) { return .object(object) }
            throw malformed("a comma or closing brace is due")
        }
    }

    private mutating func parseArray(depth: Int) throws -> JSONValue {
        position += 1
        var items: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(items) }
        while true {
            items.append(try parseValue(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            if take(UInt8(ascii: "]")) { return .array(items) }
            throw malformed("a comma or closing bracket is due")
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func parseNumber() throws -> JSONValue {
        let start = position
        var isInteger = true
        _ = take(UInt8(ascii: "-"))
        let leadingZero = position < bytes.count && bytes[position] == UInt8(ascii: "0")
        let whole = takeDigits()
        guard whole > 0, !(leadingZero && whole > 1) else { throw malformed("a value is due") }
        if take(UInt8(ascii: ".")) {
            isInteger = false
            guard takeDigits() > 0 else { throw malformed("a digit is due behind the point") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard takeDigits() > 0 else { throw malformed("a digit is due in the exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        return .number(text)
    }

    private mutating func takeDigits() -> Int {
        let start = position
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        return position - start
    }

    private mutating func parseString() throws -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                guard let text = String(validating: bytes[start..<position], as: UTF8.self) else {
                    throw malformed("a string that is not UTF-8")
                }
                position += 1
                return text
            case UInt8(ascii: "\\"): return try parseEscapedString(from: start)
            case 0..<0x20: throw malformed("a control character in a string")
            default: position += 1
            }
        }
        throw malformed("a string without an end")
    }

    /// The rest of a string that has an escape; `position` stands on the first backslash.
    private mutating func parseEscapedString(from start: Int) throws -> String {
        var unescaped = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: unescaped, as: UTF8.self) else {
                    throw malformed("a string that is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): try parseEscape(into: &unescaped)
            case 0..<0x20: throw malformed("a control character in a string")
            default: unescaped.append(byte)
            }
        }
        throw malformed("a string without an end")
    }

    private mutating func parseEscape(into unescaped: inout [UInt8]) throws {
        guard position < bytes.count else { throw malformed("a string without an end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(byte)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0C)
        case UInt8(ascii: "n"): unescaped.append(0x0A)
        case UInt8(ascii: "r"): unescaped.append(0x0D)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"):
            var code = try parseHex4()
            if code & 0xFC00 == 0xD800 {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
                    throw malformed("half a surrogate pair")
                }
                let low = try parseHex4()
                guard low & 0xFC00 == 0xDC00 else { throw malformed("half a surrogate pair") }
                code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(code) else { throw malformed("half a surrogate pair") }
            unescaped.append(contentsOf: String(Character(scalar)).utf8)
        default: throw malformed("an unknown escape")
        }
    }

    private mutating func parseHex4() throws -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw malformed("four hexadecimal digits are due")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}

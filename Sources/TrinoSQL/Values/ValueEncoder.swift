/// Writes values as Trino's clients read them, from the text forms of the engine's results.
///
/// Source: Trino documentation, "Client REST API"; the JSON encoding of the client protocol: numbers and booleans as they
/// are, rows and arrays as arrays, maps as objects, `varbinary` in Base64, everything else as text.
package struct ValueEncoder: Sendable {
    private let type: TrinoType

    /// - Parameter type: as the client is told it.
    package init(_ type: TrinoType) { self.type = type }

    package func append(null bytes: inout [UInt8]) { bytes += "null".utf8 }

    package func append(_ value: Bool, to bytes: inout [UInt8]) { bytes += (value ? "true" : "false").utf8 }

    package func append(_ value: Int64, to bytes: inout [UInt8]) {
        if type.isDecimal {
            Self.append(string: String(value), to: &bytes)
        } else {
            bytes += String(value).utf8
        }
    }

    package func append(_ value: Double, to bytes: inout [UInt8]) {
        if value.isFinite {
            bytes += value.description.utf8
        } else {
            let text = value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
            Self.append(string: text, to: &bytes)
        }
    }

    /// A value that the engine gives as text: nested ones as JSON.
    package func append(_ text: String, to bytes: inout [UInt8]) {
        switch type {
        case .array, .map, .row:
            var reader = NestedReader(text)
            reader.copy(as: type, to: &bytes)
        default: Self.append(scalar: text, type, to: &bytes)
        }
    }

    static func append(scalar text: String, _ type: TrinoType, to bytes: inout [UInt8]) {
        switch type {
        case .tinyint, .smallint, .integer, .bigint: bytes += text.utf8
        case .boolean: bytes += (text == "true" ? "true" : "false").utf8
        case .real, .double:
            let names = ["nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"]
            if let name = names[text.lowercased()] { append(string: name, to: &bytes) } else { bytes += text.utf8 }
        case .varbinary: append(string: TextForms.base64(hex: text), to: &bytes)
        case .timestamp(let digits): append(string: TextForms.timestamp(text, digits), to: &bytes)
        case .timestampWithZone(let digits):
            append(string: TextForms.timestamp(text, digits) + " UTC", to: &bytes)
        case .time(let digits): append(string: TextForms.time(text[...], digits), to: &bytes)
        case .timeWithZone(let digits): append(string: TextForms.timeWithZone(text, digits), to: &bytes)
        case .intervalDayToSecond: append(string: TextForms.daysToSeconds(text), to: &bytes)
        case .intervalYearToMonth: append(string: TextForms.yearsToMonths(text), to: &bytes)
        case .char(let length):
            let missing = max(0, length - text.unicodeScalars.count)
            append(string: text + String(repeating: " ", count: missing), to: &bytes)
        default: append(string: text, to: &bytes)
        }
    }

    /// A JSON string with its quotes.
    package static func append(string text: String, to bytes: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case 0..<0x20:
                bytes += "\\u00".utf8
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// Turns the engine's JSON of nested values into that of Trino.
private struct NestedReader {
    private let text: [UInt8]
    private var index = 0

    init(_ text: String) { self.text = Array(text.utf8) }

    private var byte: UInt8 { index < text.count ? text[index] : 0 }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard byte == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    /// The value at hand, as one of `type`.
    mutating func copy(as type: TrinoType, to bytes: inout [UInt8]) {
        if index >= text.count || byte == UInt8(ascii: "n") {
            index = min(index + 4, text.count)
            bytes += "null".utf8
            return
        }
        switch (type, byte) {
        case (.array(let element), UInt8(ascii: "[")):
            bytes.append(UInt8(ascii: "["))
            list(close: "]", to: &bytes) { reader, bytes in reader.copy(as: element, to: &bytes) }
            bytes.append(UInt8(ascii: "]"))
        case (.row(let fields), UInt8(ascii: "{")):
            bytes.append(UInt8(ascii: "["))
            var position = 0
            list(close: "}", to: &bytes) { reader, bytes in
                reader.skipName()
                reader.copy(as: position < fields.count ? fields[position].type : .unresolved, to: &bytes)
                position += 1
            }
            bytes.append(UInt8(ascii: "]"))
        case (.map(let key, let value), UInt8(ascii: "{")), (.map(let key, let value), UInt8(ascii: "[")):
            let isObject = byte == UInt8(ascii: "{")
            bytes.append(UInt8(ascii: "{"))
            list(close: isObject ? "}" : "]", to: &bytes) { reader, bytes in
                if !isObject { reader.index += 1 }
                reader.copyKey(as: key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                // What parts key and value.
                reader.index += 1
                reader.copy(as: value, to: &bytes)
                if !isObject { reader.index += 1 }
            }
            bytes.append(UInt8(ascii: "}"))
        case (_, UInt8(ascii: "\"")): ValueEncoder.append(scalar: string(), type, to: &bytes)
        default: copyScalar(as: type, to: &bytes)
        }
    }

    /// The members between the bracket at hand and `close`.
    private mutating func list(
        close: Unicode.Scalar, to bytes: inout [UInt8], _ member: (inout NestedReader, inout [UInt8]) -> Void
    ) {
        index += 1
        var isFirst = true
        while index < text.count, !take(close) {
            if !isFirst {
                bytes.append(UInt8(ascii: ","))
                _ = take(",")
            }
            isFirst = false
            let before = index
            member(&self, &bytes)
            if index == before { index += 1 }
        }
    }

    private mutating func skipName() {
        if byte == UInt8(ascii: "\"") { _ = string() }
        _ = take(":")
    }

    /// Names of an object's members are text.
    private mutating func copyKey(as type: TrinoType, to bytes: inout [UInt8]) {
        var key: [UInt8] = []
        copy(as: type, to: &key)
        if key.first == UInt8(ascii: "\"") {
            bytes += key
        } else {
            ValueEncoder.append(string: String(decoding: key, as: UTF8.self), to: &bytes)
        }
    }

    /// A number or a boolean.
    private mutating func copyScalar(as type: TrinoType, to bytes: inout [UInt8]) {
        let start = index
        while index < text.count,
            ![UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":")].contains(byte)
        {
            index += 1
        }
        let token = String(decoding: text[start..<index], as: UTF8.self)
        if type.isDecimal { ValueEncoder.append(string: token, to: &bytes) } else { bytes += token.utf8 }
    }

    /// The string at hand, with escapes undone.
    private mutating func string() -> String {
        index += 1
        var bytes: [UInt8] = []
        while index < text.count, !take("\"") {
            if take("\\") {
                if take("u") {
                    let digits = String(decoding: text[index..<min(index + 4, text.count)], as: UTF8.self)
                    index += 4
                    bytes += String(UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}").utf8
                    continue
                }
                let escapes: [UInt8: UInt8] = [
                    UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9, UInt8(ascii: "r"): 13, UInt8(ascii: "b"): 8,
                    UInt8(ascii: "f"): 12,
                ]
                bytes.append(escapes[byte] ?? byte)
            } else {
                bytes.append(byte)
            }
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

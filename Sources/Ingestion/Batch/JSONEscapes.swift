import ByteKernels

/// What a string of JSON stands for, and whether it stands for anything.
enum JSONEscapes {
    /// What makes a string's content unusable, though its end is known.
    enum Fault: Error {
        case control, utf8, surrogate
        /// A backslash before something that it means nothing before: the text is no JSON.
        case escape(byteOffset: Int)
    }

    /// The string's bytes, unescaped. They are UTF-8.
    /// - Complexity: O(length).
    static func content(_ token: JSONScan.Text, of text: Span<UInt8>, into bytes: inout [UInt8]) throws(Fault) {
        bytes.removeAll(keepingCapacity: true)
        if token.hasControl { throw .control }
        let raw = text.extracting(token.start..<token.end)
        if token.hasHighBytes, UTF8Scan.firstInvalid(raw) != nil { throw .utf8 }
        var at = 0
        while at < raw.count {
            let byte = raw[at]
            at += 1
            if byte != UInt8(ascii: "\\") {
                bytes.append(byte)
                continue
            }
            // The scan took the byte behind each backslash, so there is one.
            let escape = raw[at]
            at += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escape)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"): append(try scalar(raw, &at, token.start), to: &bytes)
            default: throw .escape(byteOffset: token.start + at - 1)
            }
        }
    }

    /// The scalar of `\uXXXX`, or of two of them that make a surrogate pair.
    private static func scalar(_ raw: Span<UInt8>, _ at: inout Int, _ start: Int) throws(Fault) -> UInt32 {
        let first = try unit(raw, &at, start)
        guard (0xD800...0xDFFF).contains(first) else { return first }
        guard first < 0xDC00, at + 1 < raw.count, raw[at] == UInt8(ascii: "\\"), raw[at + 1] == UInt8(ascii: "u") else {
            throw .surrogate
        }
        at += 2
        let second = try unit(raw, &at, start)
        guard (0xDC00...0xDFFF).contains(second) else { throw .surrogate }
        return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
    }

    private static func unit(_ raw: Span<UInt8>, _ at: inout Int, _ start: Int) throws(Fault) -> UInt32 {
        guard at + 4 <= raw.count else { throw .escape(byteOffset: start + at) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = raw[at]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46, 0x61...0x66: digit = (byte | 0x20) - 0x61 + 10
            default: throw .escape(byteOffset: start + at)
            }
            value = value << 4 | UInt32(digit)
            at += 1
        }
        return value
    }

    private static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        switch scalar {
        case 0..<0x80: bytes.append(UInt8(scalar))
        case 0..<0x800:
            bytes.append(0xC0 | UInt8(scalar >> 6))
            bytes.append(0x80 | UInt8(scalar & 0x3F))
        case 0..<0x10000:
            bytes.append(0xE0 | UInt8(scalar >> 12))
            bytes.append(0x80 | UInt8(scalar >> 6 & 0x3F))
            bytes.append(0x80 | UInt8(scalar & 0x3F))
        default:
            bytes.append(0xF0 | UInt8(scalar >> 18))
            bytes.append(0x80 | UInt8(scalar >> 12 & 0x3F))
            bytes.append(0x80 | UInt8(scalar >> 6 & 0x3F))
            bytes.append(0x80 | UInt8(scalar & 0x3F))
        }
    }
}

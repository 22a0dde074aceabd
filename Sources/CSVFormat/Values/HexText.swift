/// Bytes written as hexadecimal digits.
enum HexText {
    /// Appends the bytes that the digits stand for; `0x` or `\x` may stand in front.
    /// - Throws: invalid for anything else; `into` then holds what came before.
    static func parse(_ text: Span<UInt8>, into bytes: inout [UInt8]) throws(ValueFailure) {
        var at = 0
        if text.count >= 2, text[1] | 0x20 == UInt8(ascii: "x"),
            text[0] == UInt8(ascii: "0") || text[0] == UInt8(ascii: "\\")
        {
            at = 2
        }
        if (text.count - at) % 2 != 0 { throw .invalid("it has an odd number of digits") }
        while at < text.count {
            bytes.append(try digit(text[at]) << 4 | digit(text[at + 1]))
            at += 2
        }
    }

    /// `parse` for a type of one length.
    static func parse(_ text: Span<UInt8>, length: Int, into bytes: inout [UInt8]) throws(ValueFailure) {
        let before = bytes.count
        try parse(text, into: &bytes)
        if bytes.count - before != length { throw .invalid("it has not the type's number of bytes") }
    }

    /// Where the hyphens of a UUID stand.
    private static let hyphens = [8, 13, 18, 23]

    /// Appends the 16 bytes of a UUID, written with hyphens or as 32 digits.
    static func parseUUID(_ text: Span<UInt8>, into bytes: inout [UInt8]) throws(ValueFailure) {
        switch text.count {
        case 32:
            for at in stride(from: 0, to: 32, by: 2) { bytes.append(try digit(text[at]) << 4 | digit(text[at + 1])) }
        case 36:
            var at = 0
            while at < 36 {
                if hyphens.contains(at) {
                    if text[at] != UInt8(ascii: "-") { throw .invalid("its hyphens are not where a UUID has them") }
                    at += 1
                } else {
                    bytes.append(try digit(text[at]) << 4 | digit(text[at + 1]))
                    at += 2
                }
            }
        default: throw .invalid("it is not 36 characters long")
        }
    }

    private static func digit(_ byte: UInt8) throws(ValueFailure) -> UInt8 {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): return byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): return byte - UInt8(ascii: "A") + 10
        default: throw .invalid("it has a character that is no hexadecimal digit")
        }
    }
}

package import AvroFormat
package import LakeModel

/// The JSON form of single values.
///
/// Source: Iceberg specification, Appendix C, "JSON single-value serialization".
package enum SingleValueJSON {
    /// - Precondition: the case of `value` is the physical form of `type`.
    package static func json(_ value: Datum?, _ type: PrimitiveType) -> JSONValue {
        guard let value else { return .null }
        switch (value, type) {
        case (.boolean(let value), _): return .bool(value)
        case (.int(let days), .date): return .string(date(Int(days)))
        case (.int(let value), _): return .integer(Int64(value))
        case (.long(let value), .time): return .string(time(value))
        case (.long(let value), .timestamp): return .string(timestamp(value))
        case (.long(let value), .timestamptz): return .string(timestamp(value) + "+00:00")
        case (.long(let value), _): return .integer(value)
        case (.float(let value), _): return number(Double(value), "\(value)")
        case (.double(let value), _): return number(value, "\(value)")
        case (.decimal(let value), .decimal(_, let scale)): return .string(decimal(value, scale: scale))
        case (.decimal(let value), _): return .string(String(value))
        case (.string(let value), _): return .string(value)
        case (.bytes(let bytes), .uuid) where bytes.count == 16: return .string(uuid(bytes))
        case (.bytes(let bytes), _): return .string(hex(bytes))
        }
    }

    /// Numbers that JSON has no word for go as text.
    private static func number(_ value: Double, _ digits: String) -> JSONValue {
        value.isFinite ? .number(digits) : .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
    }

    private static func date(_ days: Int) -> String {
        let date = CivilDate(daysSinceEpoch: days)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
    }

    private static func time(_ microseconds: Int64) -> String {
        let seconds = Int(microseconds / 1_000_000)
        var text = "\(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        if microseconds % 1_000_000 != 0 { text += ".\(padded(Int(microseconds % 1_000_000), 6))" }
        return text
    }

    private static let dayMicroseconds: Int64 = 86_400_000_000

    private static func timestamp(_ microseconds: Int64) -> String {
        var (day, rest) = microseconds.quotientAndRemainder(dividingBy: dayMicroseconds)
        if rest < 0 { (day, rest) = (day - 1, rest + dayMicroseconds) }
        return "\(date(Int(day)))T\(time(rest))"
    }

    private static func decimal(_ unscaled: Int128, scale: Int) -> String {
        let digits = String(unscaled.magnitude)
        let sign = unscaled < 0 ? "-" : ""
        if scale == 0 { return sign + digits }
        let padding = String(repeating: "0", count: max(0, scale + 1 - digits.count))
        let all = padding + digits
        return "\(sign)\(all.dropLast(scale)).\(all.suffix(scale))"
    }

    private static func uuid(_ bytes: [UInt8]) -> String {
        let text = hex(bytes).lowercased()
        var parts: [Substring] = []
        var rest = text[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }

    /// Hexadecimal digits in capitals.
    package static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func padded(_ number: Int, _ count: Int) -> String {
        let digits = String(abs(number))
        return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, count - digits.count)) + digits
    }
}

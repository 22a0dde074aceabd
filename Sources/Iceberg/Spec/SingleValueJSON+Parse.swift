package import AvroFormat
package import LakeModel

extension SingleValueJSON {
    /// The value of `type` that a JSON value stands for; `nil` when it stands for none.
    ///
    /// Times are read with and without a fraction, offset or `Z`, since clients write them in their own ways; an offset
    /// other than UTC moves a `timestamptz`.
    package static func parse(_ json: JSONValue, _ type: PrimitiveType) -> Datum? {
        switch (type, json) {
        case (.boolean, .bool(let value)): return .boolean(value)
        case (.int, .integer(let value)): return Int32(exactly: value).map { .int($0) }
        case (.date, .integer(let value)): return Int32(exactly: value).map { .int($0) }
        case (.long, .integer(let value)), (.time, .integer(let value)), (.timestamp, .integer(let value)),
            (.timestamptz, .integer(let value)):
            return .long(value)
        case (.float, _): return double(json).map { .float(Float($0)) }
        case (.double, _): return double(json).map { .double($0) }
        case (.decimal(_, let scale), .string(let text)): return decimal(text[...], scale: scale).map { .decimal($0) }
        case (.decimal(_, let scale), .number(let text)): return decimal(text[...], scale: scale).map { .decimal($0) }
        case (.decimal(_, let scale), .integer(let value)):
            return decimal(String(value)[...], scale: scale).map { .decimal($0) }
        case (.date, .string(let text)): return date(text[...]).flatMap { Int32(exactly: $0) }.map { .int($0) }
        case (.time, .string(let text)): return time(text[...]).map { .long($0) }
        case (.timestamp, .string(let text)): return timestamp(text, hasZone: false).map { .long($0) }
        case (.timestamptz, .string(let text)): return timestamp(text, hasZone: true).map { .long($0) }
        case (.string, .string(let text)): return .string(text)
        case (.uuid, .string(let text)):
            return bytes(text.filter { $0 != "-" }).flatMap { $0.count == 16 ? .bytes($0) : nil }
        case (.fixed(let length), .string(let text)):
            return bytes(text).flatMap { $0.count == length ? .bytes($0) : nil }
        case (.binary, .string(let text)): return bytes(text).map { .bytes($0) }
        default: return nil
        }
    }

    private static func double(_ json: JSONValue) -> Double? {
        switch json {
        case .integer(let value): Double(value)
        case .number(let digits): Double(digits)
        case .string("NaN"): .nan
        case .string("Infinity"): .infinity
        case .string("-Infinity"): -.infinity
        default: nil
        }
    }

    /// The unscaled value; `nil` when digits would be lost.
    private static func decimal(_ text: Substring, scale: Int) -> Int128? {
        var text = text
        let isNegative = text.hasPrefix("-")
        if isNegative || text.hasPrefix("+") { text = text.dropFirst() }
        var exponent = 0
        if let mark = text.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            guard let written = Int(text[text.index(after: mark)...]), abs(written) < 1_000 else { return nil }
            exponent = written
            text = text[..<mark]
        }
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count > 1 ? parts[1] : ""
        var digits = String(parts.first ?? "") + fraction
        guard !digits.isEmpty, digits.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
        var shift = scale + exponent - fraction.count
        while shift < 0, digits.last == "0" {
            digits.removeLast()
            shift += 1
        }
        if digits.allSatisfy({ $0 == "0" }) { return 0 }
        guard shift >= 0, shift <= PrimitiveType.decimalPrecisionMax else { return nil }
        return Int128((isNegative ? "-" : "") + digits + String(repeating: "0", count: shift))
    }

    /// Days since 1970.
    private static func date(_ text: Substring) -> Int? {
        var text = text
        let isNegative = text.hasPrefix("-")
        if isNegative || text.hasPrefix("+") { text = text.dropFirst() }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { digits($0) }
        guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2], year <= 999_999,
            (1...12).contains(month)
        else { return nil }
        let signed = isNegative ? -year : year
        guard (1...CivilDate.daysInMonth(year: signed, month: month)).contains(day) else { return nil }
        return CivilDate.days(year: signed, month: month, day: day)
    }

    private static func digits(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 9, text.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
        return Int(text)
    }

    /// Microseconds since midnight.
    private static func time(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let clock = parts[0].split(separator: ":", omittingEmptySubsequences: false).map { digits($0) }
        guard (2...3).contains(clock.count), let hour = clock[0], let minute = clock[1], hour < 24, minute < 60 else {
            return nil
        }
        let second = clock.count == 3 ? clock[2] : 0
        guard let second, second < 60 else { return nil }
        var micros = 0
        if parts.count == 2 {
            guard (1...9).contains(parts[1].utf8.count), digits(parts[1]) != nil else { return nil }
            let padded = parts[1].prefix(6) + String(repeating: "0", count: max(0, 6 - parts[1].utf8.count))
            micros = Int(padded) ?? 0
        }
        return Int64((hour * 60 + minute) * 60 + second) * 1_000_000 + Int64(micros)
    }

    /// Microseconds since 1970. Without a zone, one in the text is refused.
    private static func timestamp(_ text: String, hasZone: Bool) -> Int64? {
        guard let mark = text.firstIndex(where: { $0 == "T" || $0 == " " }), let day = date(text[..<mark]) else {
            return nil
        }
        var clock = text[text.index(after: mark)...]
        var offsetSeconds = 0
        if clock.last == "Z" {
            guard hasZone else { return nil }
            clock = clock.dropLast()
        } else if let sign = clock.lastIndex(where: { $0 == "+" || $0 == "-" }) {
            let zone = clock[clock.index(after: sign)...].split(separator: ":").map { digits($0) }
            guard hasZone, zone.count == 2, let hours = zone[0], let minutes = zone[1], hours < 24, minutes < 60 else {
                return nil
            }
            offsetSeconds = (hours * 60 + minutes) * 60 * (clock[sign] == "-" ? -1 : 1)
            clock = clock[..<sign]
        }
        guard let micros = time(clock) else { return nil }
        return Int64(day) * 86_400_000_000 + micros - Int64(offsetSeconds) * 1_000_000
    }

    /// The bytes that pairs of hexadecimal digits stand for.
    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}

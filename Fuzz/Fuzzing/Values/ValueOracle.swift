package import LakeModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The values that texts stand for, worked out slowly and with other means than our converters: digits as text, the C
/// library's `strtod` and `timegm`.
package enum ValueOracle {
    /// The value of a text without spaces around it, `nil` when it is none of the type.
    package static func value(_ bytes: [UInt8], _ type: PrimitiveType) -> Datum? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let ascii = bytes.allSatisfy { $0 < 0x80 }
        if type == .string { return .string(text) }
        if !ascii { return nil }
        switch type {
        case .boolean: return boolean(text.lowercased())
        case .int: return whole(text).flatMap { Int32(exactly: $0) }.map { .int($0) }
        case .long: return whole(text).map { .long($0) }
        case .float: return float(text).map { .float($0) }
        case .double: return double(text).map { .double($0) }
        case .decimal(let precision, let scale): return decimal(text, precision, scale).map { .decimal($0) }
        case .date: return text.count == 10 ? day(text).map { .int(Int32($0)) } : nil
        case .time: return clock(text[...]).map { .long($0) }
        case .timestamp: return timestamp(text, hasZone: false).map { .long($0) }
        case .timestamptz: return timestamp(text, hasZone: true).map { .long($0) }
        case .uuid: return uuid(text).map { .bytes($0) }
        case .fixed(let length): return hexadecimal(text).flatMap { $0.count == length ? .bytes($0) : nil }
        case .binary: return hexadecimal(text).map { .bytes($0) }
        case .string: return nil
        }
    }

    private static func isDigits(_ text: some StringProtocol) -> Bool { text.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } }

    private static func boolean(_ text: String) -> Datum? {
        if ["true", "t", "yes", "y", "1"].contains(text) { return .boolean(true) }
        return ["false", "f", "no", "n", "0"].contains(text) ? .boolean(false) : nil
    }

    // MARK: Numbers

    private static func whole(_ text: String) -> Int64? {
        var digits = text[...]
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits = digits.dropFirst() }
        guard !digits.isEmpty, isDigits(digits) else { return nil }
        digits = digits.drop { $0 == "0" }
        let limit = isNegative ? "9223372036854775808" : "9223372036854775807"
        if digits.count > limit.count || (digits.count == limit.count && digits > limit[...]) { return nil }
        return digits.isEmpty ? 0 : Int64((isNegative ? "-" : "") + digits)
    }

    /// Sign, digits before and after the point, exponent as far as it fits.
    private struct Parts {
        var isNegative = false
        var whole = ""
        var fraction = ""
        var exponent = 0

        init?(_ text: String) {
            var rest = text[...]
            isNegative = rest.hasPrefix("-")
            if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
            let pieces = rest.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
            let digits = pieces[0].split(separator: ".", omittingEmptySubsequences: false)
            guard digits.count <= 2, digits.allSatisfy({ ValueOracle.isDigits($0) }) else { return nil }
            whole = String(digits[0])
            fraction = digits.count == 2 ? String(digits[1]) : ""
            if whole.isEmpty, fraction.isEmpty { return nil }
            if pieces.count == 1 { return }
            var power = pieces[1]
            let isSmall = power.hasPrefix("-")
            if isSmall || power.hasPrefix("+") { power = power.dropFirst() }
            guard !power.isEmpty, ValueOracle.isDigits(power) else { return nil }
            let size = power.drop { $0 == "0" }.count > 9 ? 1_000_000_000 : Int(power) ?? 0
            exponent = isSmall ? -size : size
        }
    }

    private static func special(_ text: String) -> Double? {
        let isNegative = text.hasPrefix("-")
        let word = (isNegative || text.hasPrefix("+") ? String(text.dropFirst()) : text).lowercased()
        if word == "nan" { return .nan }
        if word == "inf" || word == "infinity" { return isNegative ? -.infinity : .infinity }
        return nil
    }

    private static func double(_ text: String) -> Double? {
        if let special = special(text) { return special }
        guard Parts(text) != nil else { return nil }
        let value = unsafe strtod(text, nil)
        return value.isInfinite ? nil : value
    }

    private static func float(_ text: String) -> Float? {
        if let special = special(text) { return Float(special) }
        guard Parts(text) != nil else { return nil }
        let value = unsafe strtof(text, nil)
        return value.isInfinite ? nil : value
    }

    private static func decimal(_ text: String, _ precision: Int, _ scale: Int) -> Int128? {
        guard let parts = Parts(text) else { return nil }
        var digits = Substring(parts.whole + parts.fraction).drop { $0 == "0" }
        if digits.isEmpty { return 0 }
        var shift = parts.exponent - parts.fraction.count + scale
        while digits.last == "0" {
            digits = digits.dropLast()
            shift += 1
        }
        if shift < 0 || digits.count + shift > precision { return nil }
        return Int128((parts.isNegative ? "-" : "") + digits + String(repeating: "0", count: shift))
    }

    // MARK: Times

    private static func day(_ text: String) -> Int? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.map(\.count) == [4, 2, 2], parts.allSatisfy({ isDigits($0) }),
            let year = Int32(parts[0]), let month = Int32(parts[1]), let day = Int32(parts[2]), year > 0
        else { return nil }
        var time = unsafe tm()
        unsafe time.tm_year = year - 1900
        unsafe time.tm_mon = month - 1
        unsafe time.tm_mday = day
        let seconds = unsafe timegm(&time)
        // A date that does not exist comes back as another one.
        guard unsafe time.tm_year == year - 1900 && time.tm_mon == month - 1 && time.tm_mday == day else { return nil }
        return seconds / 86_400
    }

    private static func clock(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        var seconds = parts.count == 3 ? parts[2] : "00"
        var fraction: Substring = ""
        if let point = seconds.firstIndex(where: { $0 == "." || $0 == "," }) {
            fraction = seconds[seconds.index(after: point)...]
            seconds = seconds[..<point]
            if fraction.isEmpty { return nil }
        }
        guard parts[0].count == 2, parts[1].count == 2, seconds.count == 2, isDigits(parts[0]), isDigits(parts[1]),
            isDigits(seconds), isDigits(fraction), let hour = Int64(parts[0]), let minute = Int64(parts[1]),
            let second = Int64(seconds), hour < 24, minute < 60, second < 60
        else { return nil }
        let padded = fraction.prefix(6) + String(repeating: "0", count: 6 - fraction.prefix(6).count)
        guard fraction.dropFirst(6).allSatisfy({ $0 == "0" }), let microseconds = Int64(padded) else { return nil }
        return ((hour * 60 + minute) * 60 + second) * 1_000_000 + microseconds
    }

    private static func timestamp(_ text: String, hasZone: Bool) -> Int64? {
        guard text.count >= 10, let day = day(String(text.prefix(10))) else { return nil }
        let midnight = Int64(day) * 86_400_000_000
        if text.count == 10 { return midnight }
        guard let separator = text.dropFirst(10).first, "Tt ".contains(separator) else { return nil }
        let rest = text.dropFirst(11)
        let end = rest.firstIndex { !"0123456789:.,".contains($0) } ?? rest.endIndex
        guard let time = clock(rest[..<end]) else { return nil }
        if end == rest.endIndex { return midnight + time }
        guard hasZone, let minutes = offset(rest[end...]) else { return nil }
        let moved = midnight + time - Int64(minutes) * 60_000_000
        let first: Int64 = -62_135_596_800_000_000
        let last: Int64 = 253_402_300_799_999_999
        return (first...last).contains(moved) ? moved : nil
    }

    private static func offset(_ text: Substring) -> Int? {
        let zone = text.hasPrefix(" ") ? text.dropFirst() : text
        if ["z", "utc"].contains(zone.lowercased()) { return 0 }
        guard let sign = zone.first, sign == "+" || sign == "-" else { return nil }
        var digits = zone.dropFirst()
        if digits.count == 5, digits.dropFirst(2).first == ":" { digits = digits.prefix(2) + digits.suffix(2) }
        guard digits.count == 2 || digits.count == 4, isDigits(digits), let hours = Int(digits.prefix(2)), hours <= 18,
            let minutes = Int(digits.count == 4 ? digits.suffix(2) : "0"), minutes < 60
        else { return nil }
        return (sign == "-" ? -1 : 1) * (hours * 60 + minutes)
    }

    // MARK: Bytes

    private static func uuid(_ text: String) -> [UInt8]? {
        if text.count == 32 { return digitPairs(text) }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.count) == [8, 4, 4, 4, 12] ? digitPairs(parts.joined()) : nil
    }

    private static func hexadecimal(_ text: String) -> [UInt8]? {
        let isPrefixed = ["0x", "\\x"].contains(text.prefix(2).lowercased())
        return digitPairs(isPrefixed ? String(text.dropFirst(2)) : text)
    }

    private static func digitPairs(_ text: String) -> [UInt8]? {
        guard text.count % 2 == 0, text.allSatisfy({ $0.isHexDigit && $0.isASCII }) else { return nil }
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }
}

/// Text of single values in Trino's forms.
enum TextForms {
    private static let hexDigits: [UInt8: UInt8] = Dictionary(
        uniqueKeysWithValues: Array("0123456789abcdef".utf8).enumerated().map { ($1, UInt8($0)) })
    private static let base64Digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Base64 of the bytes that lower-case hexadecimal digits stand for.
    static func base64(hex: String) -> String {
        let digits = Array(hex.utf8)
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count - 1, by: 2) {
            bytes.append((hexDigits[digits[index]] ?? 0) << 4 | (hexDigits[digits[index + 1]] ?? 0))
        }
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var value = 0
            for offset in 0..<3 { value = value << 8 | (offset < group.count ? Int(group[start + offset]) : 0) }
            for position in 0..<4 {
                result.append(
                    position <= group.count ? base64Digits[value >> (18 - 6 * position) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// `2021-11-07T02:48:42.5Z` as `2021-11-07 02:48:42.500` with three digits.
    static func timestamp(_ text: String, _ digits: Int) -> String {
        let plain = text.last == "Z" ? text.dropLast() : text[...]
        guard let mark = plain.firstIndex(of: "T") else { return String(plain) }
        return "\(plain[..<mark]) \(time(plain[plain.index(after: mark)...], digits))"
    }

    /// A clock with as many digits of a fraction as the type has; more are cut off.
    static func time(_ text: Substring, _ digits: Int) -> String {
        let parts = text.split(separator: ".", maxSplits: 1)
        let clock = parts.first.map(String.init) ?? ""
        guard digits > 0 else { return clock }
        let fraction = parts.count > 1 ? parts[1] : ""
        return "\(clock).\(fraction.prefix(digits))" + String(repeating: "0", count: max(0, digits - fraction.count))
    }

    static func timeWithZone(_ text: String, _ digits: Int) -> String {
        guard let mark = text.lastIndex(where: { $0 == "+" || $0 == "-" }) else { return time(text[...], digits) }
        return time(text[..<mark], digits) + text[mark...]
    }

    // MARK: Intervals

    /// The amounts of an ISO 8601 duration by unit; `m` stands for minutes.
    private static func amounts(_ text: String) -> [Character: Double] {
        var amounts: [Character: Double] = [:]
        var number = ""
        var isClock = false
        for character in text.dropFirst() {
            if character == "T" {
                isClock = true
            } else if character.isLetter {
                let unit: Character = isClock && character == "M" ? "m" : character
                amounts[unit] = Double(number)
                number = ""
            } else {
                number.append(character)
            }
        }
        return amounts
    }

    /// `P1DT2H` as `1 02:00:00.000`.
    static func daysToSeconds(_ text: String) -> String {
        let amounts = amounts(text)
        // Months have no fixed length; Trino has none in this type.
        let days = (amounts["D"] ?? 0) + 30 * ((amounts["M"] ?? 0) + 12 * (amounts["Y"] ?? 0))
        let seconds = (amounts["H"] ?? 0) * 3_600 + (amounts["m"] ?? 0) * 60 + (amounts["S"] ?? 0)
        let milliseconds = Int64((days * 86_400_000 + (seconds * 1_000)).rounded(.towardZero))
        let size = milliseconds.magnitude
        func padded(_ value: UInt64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let clock = [size / 3_600_000 % 24, size / 60_000 % 60, size / 1_000 % 60].map { padded($0, 2) }
        return
            "\(milliseconds < 0 ? "-" : "")\(size / 86_400_000) \(clock.joined(separator: ":")).\(padded(size % 1_000, 3))"
    }

    /// `P1Y2M` as `1-2`.
    static func yearsToMonths(_ text: String) -> String {
        let amounts = amounts(text)
        let months = Int64((amounts["Y"] ?? 0) * 12 + (amounts["M"] ?? 0))
        return "\(months < 0 ? "-" : "")\(months.magnitude / 12)-\(months.magnitude % 12)"
    }
}

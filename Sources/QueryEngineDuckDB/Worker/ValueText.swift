/// Appends values in the text forms of ``QueryValue``.
enum ValueText {
    static let microsecondsPerSecond: Int64 = 1_000_000
    static let microsecondsPerDay: Int64 = 86_400_000_000
    /// The engine's infinities for timestamps and dates.
    private static let infinity = Int64.max
    private static let dateInfinity = Int32.max

    /// `unscaled` over ten to the power of `scale` in plain digits.
    static func appendDecimal(_ unscaled: Int128, scale: Int, to bytes: inout [UInt8]) {
        let digits = Array(String(unscaled.magnitude).utf8)
        if unscaled < 0 { bytes.append(UInt8(ascii: "-")) }
        guard scale > 0 else {
            bytes.append(contentsOf: digits)
            return
        }
        if digits.count <= scale {
            bytes.append(contentsOf: [UInt8(ascii: "0"), UInt8(ascii: ".")])
            bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: scale - digits.count))
            bytes.append(contentsOf: digits)
        } else {
            bytes.append(contentsOf: digits.prefix(digits.count - scale))
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: digits.suffix(scale))
        }
    }

    /// `2021-11-07`.
    static func appendDate(_ days: Int32, to bytes: inout [UInt8]) {
        if abs(Int64(days)) >= Int64(dateInfinity) { return appendInfinity(isNegative: days < 0, to: &bytes) }
        let (year, month, day) = civil(days: Int64(days))
        if year < 0 { bytes.append(UInt8(ascii: "-")) }
        append(abs(year), width: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(month, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(day, width: 2, to: &bytes)
    }

    /// `02:48:42` or `02:48:42.5`: a fraction without trailing zeros when there is one.
    static func appendTime(_ value: Int64, perSecond: Int64, to bytes: inout [UInt8]) {
        let seconds = value / perSecond
        append(seconds / 3600, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(seconds / 60 % 60, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(seconds % 60, width: 2, to: &bytes)
        var fraction = value % perSecond
        guard fraction != 0 else { return }
        var width = String(perSecond).utf8.count - 1
        while fraction % 10 == 0 {
            fraction /= 10
            width -= 1
        }
        bytes.append(UInt8(ascii: "."))
        append(fraction, width: width, to: &bytes)
    }

    /// `2021-11-07T02:48:42Z`; without `Z` for timestamps that have no time zone.
    static func appendTimestamp(_ value: Int64, perSecond: Int64, isUTC: Bool, to bytes: inout [UInt8]) {
        if value == infinity || value == -infinity { return appendInfinity(isNegative: value < 0, to: &bytes) }
        let perDay = perSecond * 86_400
        var days = value / perDay
        var rest = value % perDay
        if rest < 0 {
            rest += perDay
            days -= 1
        }
        let (year, month, day) = civil(days: days)
        if year < 0 { bytes.append(UInt8(ascii: "-")) }
        append(abs(year), width: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(month, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(day, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        appendTime(rest, perSecond: perSecond, to: &bytes)
        if isUTC { bytes.append(UInt8(ascii: "Z")) }
    }

    /// The engine packs microseconds into the upper 40 bits and the offset, counted down from +15:59:59, into the rest.
    static func appendTimeWithZone(_ bits: UInt64, to bytes: inout [UInt8]) {
        appendTime(Int64(bits >> 24), perSecond: microsecondsPerSecond, to: &bytes)
        let offset = 57_599 - Int64(bits & 0xff_ffff)
        bytes.append(UInt8(ascii: offset < 0 ? "-" : "+"))
        append(abs(offset) / 3600, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(abs(offset) / 60 % 60, width: 2, to: &bytes)
        if abs(offset) % 60 != 0 {
            bytes.append(UInt8(ascii: ":"))
            append(abs(offset) % 60, width: 2, to: &bytes)
        }
    }

    /// ISO 8601 duration, for example `P1Y2M3DT4H5M6.5S`; nothing at all is `PT0S`.
    static func appendInterval(months: Int32, days: Int32, microseconds: Int64, to bytes: inout [UInt8]) {
        var text = "P"
        if months / 12 != 0 { text += "\(months / 12)Y" }
        if months % 12 != 0 { text += "\(months % 12)M" }
        if days != 0 { text += "\(days)D" }
        if microseconds != 0 {
            text += "T"
            let seconds = microseconds / microsecondsPerSecond
            if seconds / 3600 != 0 { text += "\(seconds / 3600)H" }
            if seconds / 60 % 60 != 0 { text += "\(seconds / 60 % 60)M" }
            let rest = microseconds % (60 * microsecondsPerSecond)
            if rest != 0 {
                var digits: [UInt8] = []
                appendDecimal(Int128(rest), scale: 6, to: &digits)
                while digits.last == UInt8(ascii: "0") { digits.removeLast() }
                if digits.last == UInt8(ascii: ".") { digits.removeLast() }
                text += String(decoding: digits, as: UTF8.self) + "S"
            }
        }
        bytes.append(contentsOf: (text == "P" ? "PT0S" : text).utf8)
    }

    /// Lower-case hexadecimal digits.
    static func appendHex(_ value: some Sequence<UInt8>, to bytes: inout [UInt8]) {
        for byte in value {
            bytes.append(hexDigit(byte >> 4))
            bytes.append(hexDigit(byte & 15))
        }
    }

    /// The engine keeps UUIDs as 128-bit numbers with the top bit flipped, so that they sort.
    static func appendUUID(low: UInt64, high: Int64, to bytes: inout [UInt8]) {
        let upper = UInt64(bitPattern: high) ^ (1 << 63)
        for index in 0..<16 {
            if index == 4 || index == 6 || index == 8 || index == 10 { bytes.append(UInt8(ascii: "-")) }
            let word = index < 8 ? upper : low
            appendHex(CollectionOfOne(UInt8(truncatingIfNeeded: word >> UInt64(56 - index % 8 * 8))), to: &bytes)
        }
    }

    /// A JSON string with its quotes.
    static func appendQuoted(_ text: some Sequence<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                appendHex(CollectionOfOne(byte), to: &bytes)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func appendInfinity(isNegative: Bool, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: (isNegative ? "-infinity" : "infinity").utf8)
    }

    private static func append(_ value: Int64, width: Int, to bytes: inout [UInt8]) {
        let digits = String(value).utf8
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, width - digits.count)))
        bytes.append(contentsOf: digits)
    }

    /// Year, month and day of the proleptic Gregorian calendar: days are counted from 0000-03-01, so that the leap day
    /// ends a year, in eras of 400 years.
    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

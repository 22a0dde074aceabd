#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Instants as text: ISO 8601, UTC with `Z`, whatever the machine's time zone or locale.
///
/// An instant is a count of microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
package enum UTCText {
    /// Microseconds of one day.
    private static let dayMicroseconds: Int64 = 86_400_000_000

    /// The system clock's time in microseconds since 1970 UTC.
    package static func nowMicroseconds() -> Int64 {
        var time = timespec()
        let status = unsafe clock_gettime(CLOCK_REALTIME, &time)
        precondition(status == 0, "the realtime clock is always there")
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// `2024-02-29T23:59:59.123456Z`; the fraction has six digits, or none when it is zero and `fraction` is `.whenNeeded`.
    package static func text(microseconds: Int64, fraction: Fraction = .whenNeeded) -> String {
        var bytes: [UInt8] = []
        append(microseconds: microseconds, fraction: fraction, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The same as bytes, for those who write many.
    package static func append(microseconds: Int64, fraction: Fraction = .whenNeeded, to bytes: inout [UInt8]) {
        let day = microseconds.flooredQuotient(dayMicroseconds)
        let rest = microseconds - day * dayMicroseconds
        let (year, month, dayOfMonth) = civil(day: day)
        let seconds = rest / 1_000_000
        bytes.reserveCapacity(bytes.count + 27)
        append(year, 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(month, 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(dayOfMonth, 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        append(seconds / 3600, 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(seconds / 60 % 60, 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(seconds % 60, 2, to: &bytes)
        let part = rest % 1_000_000
        if fraction == .milliseconds || part != 0 {
            bytes.append(UInt8(ascii: "."))
            if fraction == .milliseconds { append(part / 1_000, 3, to: &bytes) } else { append(part, 6, to: &bytes) }
        }
        bytes.append(UInt8(ascii: "Z"))
    }

    package enum Fraction: Sendable { case whenNeeded, milliseconds }

    /// Reads `YYYY-MM-DD`, or `YYYY-MM-DDThh:mm[:ss[.f…]]` followed by `Z` or an offset `±hh:mm`; `nil` for anything
    /// else. A space may stand for the `T`. Digits past the microsecond are cut off.
    package static func microseconds(of text: String) -> Int64? {
        var reader = DigitReader(Array(text.utf8))
        guard let year = reader.number(digits: 4), reader.take("-"), let month = reader.number(digits: 2),
            reader.take("-"),
            let dayOfMonth = reader.number(digits: 2), (1...12).contains(month),
            (1...daysIn(month: month, year: year)).contains(dayOfMonth)
        else { return nil }
        let midnight = days(year: year, month: month, day: dayOfMonth) * dayMicroseconds
        if reader.isAtEnd { return midnight }
        guard reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.number(digits: 2),
            reader.take(":"), let minute = reader.number(digits: 2), hour < 24, minute < 60
        else { return nil }
        var total = midnight + (hour * 3600 + minute * 60) * 1_000_000
        if reader.take(":") {
            guard let second = reader.number(digits: 2), second < 60 else { return nil }
            total += second * 1_000_000
            if reader.take(".") {
                guard let fraction = reader.fractionMicroseconds() else { return nil }
                total += fraction
            }
        }
        guard let offset = reader.offsetMinutes(), reader.isAtEnd else { return nil }
        return total - offset * 60_000_000
    }

    /// The proleptic Gregorian date of a day number (days since 1970-01-01), by counting in eras of 400 years that start
    /// on 1 March, so that the leap day is the last one.
    private static func civil(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = marchYear.flooredQuotient(400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func daysIn(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Digits with zeros in front, `width` bytes at least.
    private static func append(_ number: Int64, _ width: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        JSONText.appendInteger(number, to: &bytes)
        for _ in 0..<max(0, width - (bytes.count - start)) { bytes.insert(UInt8(ascii: "0"), at: start) }
    }
}

/// Reads fixed-width numbers off the front of ASCII text.
private struct DigitReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(digits: Int) -> Int64? {
        guard rest.count >= digits else { return nil }
        var value: Int64 = 0
        for byte in rest.prefix(digits) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        rest.removeFirst(digits)
        return value
    }

    mutating func fractionMicroseconds() -> Int64? {
        var value: Int64 = 0
        var digits = 0
        while let digit = number(digits: 1) {
            if digits < 6 { value = value * 10 + digit }
            digits += 1
        }
        guard digits > 0 else { return nil }
        for _ in min(digits, 6)..<6 { value *= 10 }
        return value
    }

    /// `Z` or `±hh:mm` as minutes east of UTC.
    mutating func offsetMinutes() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let sign: Int64
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = number(digits: 2), take(":"), let minutes = number(digits: 2), hours < 24, minutes < 60 else {
            return nil
        }
        return sign * (hours * 60 + minutes)
    }
}

extension Int64 {
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

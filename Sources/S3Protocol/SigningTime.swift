/// Times as S3 writes them.
package enum SigningTime {
    private static let secondsPerDay: Int64 = 86_400

    /// Seconds since 1970 UTC of `YYYYMMDDTHHMMSSZ`; `nil` for anything else.
    package static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8), let hour = number(9..<11),
            let minute = number(11..<13), let second = number(13..<15), (1...12).contains(month),
            (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        return days(year, month, day) * secondsPerDay + hour * 3_600 + minute * 60 + second
    }

    /// `YYYYMMDDTHHMMSSZ`.
    package static func compact(seconds: Int64) -> String {
        let (date, time, _) = parts(seconds * 1_000_000)
        return "\(pad(date.0, 4))\(pad(date.1))\(pad(date.2))T\(pad(time.0))\(pad(time.1))\(pad(time.2))Z"
    }

    /// `2009-10-12T17:50:30.000Z`.
    package static func iso(microseconds: Int64) -> String {
        let (date, time, milliseconds) = parts(microseconds)
        return "\(pad(date.0, 4))-\(pad(date.1))-\(pad(date.2))T\(pad(time.0)):\(pad(time.1)):\(pad(time.2))"
            + ".\(pad(milliseconds, 3))Z"
    }

    /// Microseconds since 1970 UTC of a time as ``iso(microseconds:)`` writes it, with any fraction or none; `nil` for
    /// another form.
    package static func microseconds(iso text: String) -> Int64? {
        guard text.hasSuffix("Z"), text.utf8.count >= 20 else { return nil }
        let parts = text.dropLast().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = seconds(parts[0].filter { $0 != "-" && $0 != ":" } + "Z") else { return nil }
        guard parts.count > 1 else { return seconds * 1_000_000 }
        let digits = parts[1].prefix(6)
        guard !digits.isEmpty, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int64(digits)
        else { return nil }
        return seconds * 1_000_000 + (0..<6 - digits.count).reduce(value) { value, _ in value * 10 }
    }

    /// `Mon, 12 Oct 2009 17:50:30 GMT` (RFC 9110, section 5.6.7).
    package static func http(microseconds: Int64) -> String {
        let (date, time, _) = parts(microseconds)
        let day = floorDiv(microseconds / 1_000_000, secondsPerDay)
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let name = names[Int((day % 7 + 7) % 7)]
        return "\(name), \(pad(date.2)) \(months[Int(date.1 - 1)]) \(pad(date.0, 4)) "
            + "\(pad(time.0)):\(pad(time.1)):\(pad(time.2)) GMT"
    }

    /// Seconds since 1970 UTC of an HTTP date; `nil` for another form.
    package static func seconds(http text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int64(words[1]),
            let month = months.firstIndex(of: String(words[2])), let year = Int64(words[3])
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3, (1...31).contains(day), (1970...9999).contains(year) else { return nil }
        return days(year, Int64(month) + 1, day) * secondsPerDay + clock[0] * 3_600 + clock[1] * 60 + clock[2]
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func pad(_ number: Int64, _ width: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    private static func floorDiv(_ a: Int64, _ b: Int64) -> Int64 { (a >= 0 ? a : a - b + 1) / b }

    /// Days since 1970 of a date of the proleptic Gregorian calendar.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = floorDiv(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func parts(
        _ microseconds: Int64
    ) -> (date: (Int64, Int64, Int64), time: (Int64, Int64, Int64), milliseconds: Int64) {
        let seconds = floorDiv(microseconds, 1_000_000)
        let day = floorDiv(seconds, secondsPerDay) + 719_468
        let era = floorDiv(day, 146_097)
        let dayOfEra = day - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted + (shifted < 10 ? 3 : -9)
        let rest = seconds - (day - 719_468) * secondsPerDay
        return (
            (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1),
            (rest / 3_600, rest / 60 % 60, rest % 60), (microseconds - seconds * 1_000_000) / 1_000
        )
    }
}

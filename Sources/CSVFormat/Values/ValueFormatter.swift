import ByteKernels
package import LakeModel

/// Values to text. ``ValueParser`` reads each text back to the same value.
package enum ValueFormatter {
    /// The text of a value: ISO 8601 for dates and times (UTC with `Z` for `timestamptz`), plain digits with all places
    /// of the scale for decimals, the shortest text that reads back for floats, lower-case hexadecimal for bytes.
    /// - Precondition: the datum's case is the physical form of `type`.
    package static func text(_ datum: Datum, type: PrimitiveType) -> String {
        switch (type, datum) {
        case (.boolean, .boolean(let value)): return value ? "true" : "false"
        case (.int, .int(let value)): return String(value)
        case (.long, .long(let value)): return String(value)
        case (.float, .float(let value)): return value.isFinite ? value.description : special(Double(value))
        case (.double, .double(let value)): return value.isFinite ? value.description : special(value)
        case (.decimal(_, let scale), .decimal(let value)): return decimal(value, scale: scale)
        case (.date, .int(let value)): return date(Int(value))
        case (.time, .long(let value)): return time(value)
        case (.timestamp, .long(let value)): return timestamp(value)
        case (.timestamptz, .long(let value)): return timestamp(value) + "Z"
        case (.string, .string(let value)): return value
        case (.uuid, .bytes(let value)): return uuid(value)
        case (.fixed, .bytes(let value)), (.binary, .bytes(let value)): return SHA256Stream.hex(value)
        default: preconditionFailure("\(datum) is no value of type \(type)")
        }
    }

    private static func special(_ value: Double) -> String { value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func decimal(_ value: Int128, scale: Int) -> String {
        let digits = String(value.magnitude)
        let sign = value < 0 ? "-" : ""
        if scale == 0 { return sign + digits }
        let all = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
        return "\(sign)\(all.dropLast(scale)).\(all.suffix(scale))"
    }

    /// Years beyond four digits get a sign, as ISO 8601 asks.
    private static func date(_ days: Int) -> String {
        let (year, month, day) = CivilDate.date(days: days)
        let yearText =
            (0...9999).contains(year) ? padded(year, 4) : (year < 0 ? "-" : "+") + padded(abs(year), 4)
        return "\(yearText)-\(padded(month, 2))-\(padded(day, 2))"
    }

    /// Seconds without a fraction when there is none, else with three or six digits.
    private static func time(_ microseconds: Int64) -> String {
        let (seconds, rest) = Int(microseconds).quotientAndRemainder(dividingBy: Int(CivilDate.microsecondsPerSecond))
        let text = "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        if rest == 0 { return text }
        return text + "." + (rest % 1000 == 0 ? padded(rest / 1000, 3) : padded(rest, 6))
    }

    private static func timestamp(_ microseconds: Int64) -> String {
        var (days, rest) = microseconds.quotientAndRemainder(dividingBy: CivilDate.microsecondsPerDay)
        if rest < 0 {
            days -= 1
            rest += CivilDate.microsecondsPerDay
        }
        return "\(date(Int(days)))T\(time(rest))"
    }

    private static func uuid(_ bytes: [UInt8]) -> String {
        let digits = SHA256Stream.hex(bytes)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }
}

import LakeModel

/// Reads times as results write them: ISO 8601, UTC, years of four digits or more, `infinity` for the ends of time.
enum InstantText {
    private static let secondsPerDay: Int64 = 86_400

    /// Days since 1970.
    static func days(_ text: String) -> Int32? {
        if let end = Self.end(text) { return end < 0 ? -Int32.max : Int32.max }
        return day(Array(text.utf8)[...]).flatMap { Int32(exactly: $0) }
    }

    /// Units since 1970; a `Z` at the end changes nothing.
    static func timestamp(_ text: String, perSecond: Int64) -> Int64? {
        if let end = Self.end(text) { return end < 0 ? -Int64.max : Int64.max }
        var bytes = Array(text.utf8)[...]
        if bytes.last == UInt8(ascii: "Z") { bytes = bytes.dropLast() }
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "T")), let day = day(bytes[..<mark]),
            let time = time(bytes[(mark + 1)...], perSecond: perSecond)
        else { return nil }
        let (whole, overflow) = Int64(day).multipliedReportingOverflow(by: secondsPerDay * perSecond)
        let (sum, passed) = whole.addingReportingOverflow(time)
        return overflow || passed ? nil : sum
    }

    /// Units since midnight, of `02:48:42.5`.
    static func time(_ bytes: ArraySlice<UInt8>, perSecond: Int64) -> Int64? {
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 3, let hour = number(parts[0]), let minute = number(parts[1]),
            (0...24).contains(hour), (0...60).contains(minute), let second = units(parts[2], perSecond: perSecond)
        else { return nil }
        return (hour * 3_600 + minute * 60) * perSecond + second
    }

    struct Interval: Equatable {
        var months: Int32 = 0
        var days: Int32 = 0
        var nanoseconds: Int64 = 0
    }

    /// Months, days and time of `P1Y2M3DT4H5M6.5S`, in which each number may be negative.
    static func interval(_ text: String) -> Interval? {
        var rest = Array(text.utf8)[...]
        guard rest.popFirst() == UInt8(ascii: "P") else { return nil }
        var result = Interval()
        var nanoseconds: Int128 = 0
        var isTime = false
        while let first = rest.first {
            if first == UInt8(ascii: "T") {
                isTime = true
                rest = rest.dropFirst()
                continue
            }
            guard let end = rest.firstIndex(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else {
                return nil
            }
            let digits = rest[..<end]
            switch (rest[end], isTime) {
            case (UInt8(ascii: "Y"), false): number(digits).map { result.months += Int32(clamping: $0 * 12) }
            case (UInt8(ascii: "M"), false): number(digits).map { result.months += Int32(clamping: $0) }
            case (UInt8(ascii: "D"), false): number(digits).map { result.days += Int32(clamping: $0) }
            case (UInt8(ascii: "H"), true): number(digits).map { nanoseconds += Int128($0) * 3_600_000_000_000 }
            case (UInt8(ascii: "M"), true): number(digits).map { nanoseconds += Int128($0) * 60_000_000_000 }
            case (UInt8(ascii: "S"), true):
                units(digits, perSecond: nanosecondsPerSecond).map { nanoseconds += Int128($0) }
            default: return nil
            }
            rest = rest[(end + 1)...]
        }
        guard let exact = Int64(exactly: nanoseconds) else { return nil }
        result.nanoseconds = exact
        return result
    }

    private static let nanosecondsPerSecond: Int64 = 1_000_000_000
    /// Past every year that an engine writes.
    private static let yearMax: Int64 = 10_000_000
    /// Past every count of seconds in a time or in an interval's last part.
    private static let secondsMax: Int64 = 1_000_000_000
    private static let fractionDigitsMax = 9

    /// -1 or 1 for the ends of time.
    private static func end(_ text: String) -> Int? {
        text == "infinity" ? 1 : text == "-infinity" ? -1 : nil
    }

    private static func day(_ bytes: ArraySlice<UInt8>) -> Int? {
        var rest = bytes
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest = rest.dropFirst() }
        let parts = rest.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).map(number)
        guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
            year <= yearMax, (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        return CivilDate.days(year: isNegative ? -Int(year) : Int(year), month: Int(month), day: Int(day))
    }

    /// Seconds with a fraction, counted in units.
    private static func units(_ bytes: ArraySlice<UInt8>, perSecond: Int64) -> Int64? {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = number(parts[0]), abs(whole) <= secondsMax else { return nil }
        guard parts.count == 2 else { return whole * perSecond }
        guard parts[1].count <= fractionDigitsMax, var fraction = number(parts[1]), fraction >= 0 else { return nil }
        var scale: Int64 = 1
        for _ in 0..<parts[1].count { scale *= 10 }
        if scale > perSecond { fraction /= scale / perSecond } else { fraction *= perSecond / scale }
        return whole * perSecond + (parts[0].first == UInt8(ascii: "-") ? -fraction : fraction)
    }

    /// A whole number of at most 18 digits, which may be negative.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard (1...19).contains(bytes.count) else { return nil }
        return Int64(String(decoding: bytes, as: UTF8.self))
    }
}

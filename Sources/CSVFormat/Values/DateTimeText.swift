/// Dates and times in the forms of ISO 8601 that files use.
///
/// A timestamp is `YYYY-MM-DD`, then optionally `T` or a space and `HH:MM`, `:SS`, a fraction, and an offset: `Z`,
/// `UTC`, `+HH`, `+HHMM` or `+HH:MM`, also behind a space. The year is 0001 to 9999, before and after the offset.
enum DateTimeText {
    /// Digits of a fraction that count; more are taken only when they are zeros.
    private static let fractionDigits = 6
    /// The largest offset that anybody uses is 14 hours; this is what Java takes.
    private static let offsetHoursMax = 18

    /// Days since 1970-01-01 of `YYYY-MM-DD`.
    static func parseDate(_ text: Span<UInt8>) throws(ValueFailure) -> Int32 {
        if text.count != 10 { throw .invalid("it has not the form YYYY-MM-DD") }
        return Int32(try days(text))
    }

    /// Microseconds since midnight of `HH:MM[:SS[.ffffff]]`.
    static func parseTime(_ text: Span<UInt8>) throws(ValueFailure) -> Int64 {
        var at = 0
        let value = try clock(text, &at)
        if at != text.count { throw .invalid("there is more behind the time") }
        return value
    }

    /// Microseconds since 1970-01-01T00:00:00, UTC for a text with an offset or a type with a zone.
    static func parseTimestamp(_ text: Span<UInt8>, hasZone: Bool) throws(ValueFailure) -> Int64 {
        if text.count < 10 { throw .invalid("it does not begin with a date as YYYY-MM-DD") }
        let day = Int64(try days(text.extracting(0..<10)))
        var value = day * CivilDate.microsecondsPerDay
        if text.count == 10 { return value }
        guard text[10] == UInt8(ascii: "T") || text[10] == UInt8(ascii: "t") || text[10] == 0x20 else {
            throw .invalid("there is neither T nor a space between date and time")
        }
        var at = 11
        value += try clock(text, &at)
        return at == text.count ? value : try inUTC(value, text.extracting(at..<text.count), hasZone: hasZone)
    }

    private static func days(_ text: Span<UInt8>) throws(ValueFailure) -> Int {
        guard text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"), let year = text.number(0, 4),
            let month = text.number(5, 2), let day = text.number(8, 2)
        else { throw .invalid("it does not begin with a date as YYYY-MM-DD") }
        if year == 0 { throw .invalid("there is no year 0000") }
        if !(1...12).contains(month) { throw .invalid("there is no such month") }
        if day < 1 || day > CivilDate.dayCount(year: year, month: month) {
            throw .invalid("that month has no such day")
        }
        return CivilDate.days(year: year, month: month, day: day)
    }

    /// `HH:MM[:SS[.f…]]` from `at`, which moves behind it.
    private static func clock(_ text: Span<UInt8>, _ at: inout Int) throws(ValueFailure) -> Int64 {
        guard text.count - at >= 5, text[at + 2] == UInt8(ascii: ":"), let hour = text.number(at, 2),
            let minute = text.number(at + 3, 2)
        else { throw .invalid("its time has not the form HH:MM:SS") }
        if hour > 23 { throw .invalid("the hour is above 23") }
        if minute > 59 { throw .invalid("the minute is above 59") }
        at += 5
        var value = Int64(hour * 3600 + minute * 60) * CivilDate.microsecondsPerSecond
        guard at < text.count, text[at] == UInt8(ascii: ":") else { return value }
        guard text.count - at >= 3, let second = text.number(at + 1, 2) else {
            throw .invalid("its time has not the form HH:MM:SS")
        }
        if second == 60 { throw .invalid("leap seconds have no place in a timestamp") }
        if second > 59 { throw .invalid("the second is above 59") }
        at += 3
        value += Int64(second) * CivilDate.microsecondsPerSecond
        if at < text.count, text[at] == UInt8(ascii: ".") || text[at] == UInt8(ascii: ",") {
            at += 1
            value += try fraction(text, &at)
        }
        return value
    }

    private static func fraction(_ text: Span<UInt8>, _ at: inout Int) throws(ValueFailure) -> Int64 {
        var value: Int64 = 0
        var count = 0
        while at < text.count, text.digit(at) <= 9 {
            if count < fractionDigits {
                value = value * 10 + Int64(text.digit(at))
            } else if text.digit(at) != 0 {
                throw .invalid("it is finer than a microsecond")
            }
            count += 1
            at += 1
        }
        if count == 0 { throw .invalid("there are no digits behind the point") }
        while count < fractionDigits {
            value *= 10
            count += 1
        }
        return value
    }

    /// `value` moved by the offset that `text` is.
    private static func inUTC(_ value: Int64, _ text: Span<UInt8>, hasZone: Bool) throws(ValueFailure) -> Int64 {
        let offset = text.extracting((text[0] == 0x20 ? 1 : 0)..<text.count)
        let minutes = try offsetMinutes(offset)
        if !hasZone { throw .invalid("it has an offset, but the type has no time zone") }
        let moved = value - Int64(minutes) * 60 * CivilDate.microsecondsPerSecond
        let day = moved >= 0 ? moved / CivilDate.microsecondsPerDay : (moved + 1) / CivilDate.microsecondsPerDay - 1
        guard day >= Int64(CivilDate.dayMin), day <= Int64(CivilDate.dayMax) else {
            throw .outOfRange("in UTC it lies outside the years 0001 to 9999")
        }
        return moved
    }

    private static func offsetMinutes(_ text: Span<UInt8>) throws(ValueFailure) -> Int {
        if text.equalsIgnoringCase("z") || text.equalsIgnoringCase("utc") { return 0 }
        guard text.count >= 3, text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-"),
            let hours = text.number(1, 2)
        else { throw .invalid("there is something behind the time that is no offset") }
        var minutes: Int? = 0
        switch text.count {
        case 3: break
        case 5: minutes = text.number(3, 2)
        case 6 where text[3] == UInt8(ascii: ":"): minutes = text.number(4, 2)
        default: minutes = nil
        }
        guard let minutes else { throw .invalid("its offset has not the form +HH:MM") }
        if hours > offsetHoursMax || minutes > 59 { throw .invalid("its offset is above 18 hours or 59 minutes") }
        return (text[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }
}

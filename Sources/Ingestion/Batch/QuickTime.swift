import LakeModel

/// Timestamps in the form that nearly all have, `YYYY-MM-DDTHH:MM:SS` with `Z` (or, without a zone, nothing) behind it.
enum QuickTime {
    /// Microseconds since 1970, or `nil` for what the full rules must decide.
    @inline(__always)
    static func timestamp(_ text: Span<UInt8>, _ start: Int, _ count: Int, hasZone: Bool) -> Int64? {
        let isZoned = hasZone && count == 20 && text[start &+ 19] == UInt8(ascii: "Z")
        guard isZoned || count == 19, start &+ 24 <= text.count else { return nil }
        // The bounds are checked by the callee; any bits make a `UInt64`.
        let date = unsafe UInt64(littleEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
        let clock = unsafe UInt64(
            littleEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: start &+ 8, as: UInt64.self))
        let tail = unsafe UInt64(
            littleEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: start &+ 16, as: UInt64.self))
        let isDate = date & 0xFF00_00FF_0000_0000 == 0x2D00_002D_0000_0000
        let separator = clock & 0xFF00_00FF_0000
        guard isDate, separator == 0x3A00_0054_0000 || separator == 0x3A00_0020_0000, tail & 0xFF == 0x3A else {
            return nil
        }
        var wrong: UInt64 = 0
        let century = pair(date, 0, &wrong)
        let yearOfCentury = pair(date, 16, &wrong)
        let year = century &* 100 &+ yearOfCentury
        let month = pair(date, 40, &wrong)
        let day = pair(clock, 0, &wrong)
        let hour = pair(clock, 24, &wrong)
        let minute = pair(clock, 48, &wrong)
        let second = pair(tail, 8, &wrong)
        guard wrong == 0, year > 0, UInt(bitPattern: month &- 1) < 12, day > 0, hour < 24, minute < 60, second < 60,
            day <= 28 || day <= CivilDate.daysInMonth(year: year, month: month)
        else { return nil }
        let days = CivilDate.days(year: year, month: month, day: day)
        return Int64(days &* 86_400 &+ hour &* 3_600 &+ minute &* 60 &+ second) &* 1_000_000
    }

    /// The number of two digits from bit `shift` on; sets a bit of `wrong` unless both are digits.
    @inline(__always)
    private static func pair(_ word: UInt64, _ shift: UInt64, _ wrong: inout UInt64) -> Int {
        let tens = (word >> shift & 0xFF) &- 0x30
        let ones = (word >> (shift &+ 8) & 0xFF) &- 0x30
        // Either below 0 or above 9: in both cases one of the differences has wrapped around.
        wrong |= (tens | (9 &- tens) | ones | (9 &- ones)) >> 63
        return Int(truncatingIfNeeded: tens &* 10 &+ ones)
    }
}

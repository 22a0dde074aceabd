/// Timestamps, `YYYY-MM-DDTHH:MM:SS` with or without `Z` in three loads.
///
/// 1. The digits' and separators' codes are taken away, so that each byte is a digit or 0.
/// 2. One test tells whether each digit is 0...9 and each separator 0.
/// 3. `byte * 10 + next byte` makes all two-digit numbers at once.
/// 4. Day 28 and below exists in each month; later days and every other form go the slow way.
enum TimestampColumn {
    /// `0000-00-`, `00T00:00`, `:00` as they lie in a little-endian word.
    private static let dateCodes: UInt64 = 0x2D30_302D_3030_3030
    private static let clockCodes: UInt64 = 0x3030_3A30_3054_3030
    /// Added to a byte, sets its high bit unless it is a digit (0x76) or a zero (0x7F).
    private static let dateLimits: UInt64 = 0x7F76_767F_7676_7676
    private static let clockLimits: UInt64 = 0x7676_7F76_767F_7676
    private static let highBits: UInt64 = 0x8080_8080_8080_8080
    /// The bit in which `T` and a space differ beyond case, at the place of the separator.
    private static let separatorShift: UInt64 = 16

    @inline(__always)
    static func convert(
        _ tile: TileView, field: Int, hasZone: Bool, into out: UnsafeMutablePointer<Int64>, _ outcome: TileOutcome
    ) {
        let rowCount = unsafe tile.rowCount
        var first = 0
        while first < rowCount {
            var valid: UInt64 = 0
            for row in first..<min(first + 64, rowCount) {
                let (start, length) = unsafe tile.bareField(row, field)
                let bit: UInt64 = 1 << UInt64(row & 63)
                let value = unsafe quick(tile, start, length, hasZone: hasZone)
                if value != Int64.min {
                    unsafe out[row] = value
                    valid |= bit
                    continue
                }
                switch unsafe slow(tile, row, field, hasZone: hasZone) {
                case .value(let value):
                    unsafe out[row] = value
                    valid |= bit
                case .null: unsafe out[row] = 0
                case .failed:
                    unsafe out[row] = 0
                    unsafe outcome.failed[row >> 6] |= bit
                }
            }
            unsafe outcome.validity[first >> 6] = valid
            first += 64
        }
    }

    /// The value, or `Int64.min` for what the slow way must decide.
    @inline(__always)
    private static func quick(_ tile: TileView, _ start: Int, _ length: Int, hasZone: Bool) -> Int64 {
        let last = unsafe tile.word(start + 16)
        let isZ = hasZone && length == 20 && (last >> 24) & 0xFF == UInt64(UInt8(ascii: "Z"))
        guard isZ || length == 19 else { return .min }
        let date = unsafe tile.word(start) ^ dateCodes
        var clock = unsafe tile.word(start + 8) ^ clockCodes
        // A space in place of the T.
        if (clock >> separatorShift) & 0xFF == 0x74 { clock ^= 0x74 << separatorShift }
        let second = (last & 0xFF_FFFF) ^ 0x30_303A
        let wrongDate: UInt64 = (date &+ dateLimits) | date
        let wrongClock: UInt64 = (clock &+ clockLimits) | clock
        let wrongSecond: UInt64 = (second &+ 0x76_767F) | second
        let wrong: UInt64 = (wrongDate | wrongClock | wrongSecond) & highBits
        let datePairs = date &* 10 &+ (date >> 8)
        let clockPairs = clock &* 10 &+ (clock >> 8)
        let century = Int(datePairs & 0xFF)
        let yearOfCentury = Int((datePairs >> 16) & 0xFF)
        let year: Int = century &* 100 &+ yearOfCentury
        let month = Int((datePairs >> 40) & 0xFF)
        let day = Int(clockPairs & 0xFF)
        let hour = Int((clockPairs >> 24) & 0xFF)
        let minute = Int((clockPairs >> 48) & 0xFF)
        let tensOfSeconds = Int((second >> 8) & 0xFF)
        let seconds: Int = tensOfSeconds &* 10 &+ Int((second >> 16) & 0xFF)
        guard wrong == 0, UInt(bitPattern: month &- 1) < 12,
            UInt(bitPattern: day &- 1) < 28 || exists(year, month, day),
            hour < 24, minute < 60, seconds < 60, year > 0
        else { return .min }
        let days = marchDays(year, month, day)
        let clockSeconds = hour &* 3600 &+ minute &* 60 &+ seconds
        return Int64(days &* 86_400 &+ clockSeconds) &* CivilDate.microsecondsPerSecond
    }

    @inline(__always)
    private static func exists(_ year: Int, _ month: Int, _ day: Int) -> Bool {
        UInt(bitPattern: day &- 1) < UInt(CivilDate.dayCount(year: year, month: month))
    }

    /// ``CivilDate/days(year:month:day:)`` for years from 1, without its 400-year cycles.
    @inline(__always)
    private static func marchDays(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let isEarly = month <= 2
        let marchYear = UInt32(truncatingIfNeeded: isEarly ? year &- 1 : year)
        let marchMonth = UInt32(truncatingIfNeeded: isEarly ? month &+ 9 : month &- 3)
        let century = marchYear / 100
        let dayOfYear = (153 &* marchMonth &+ 2) / 5
        let days = marchYear &* 365 &+ marchYear / 4 &- century &+ century / 4 &+ dayOfYear
        return Int(days) &+ day &- 719_469
    }

    @inline(never)
    private static func slow(_ tile: TileView, _ row: Int, _ field: Int, hasZone: Bool) -> Cell<Int64> {
        let (start, length) = unsafe tile.field(row, field)
        return unsafe Cell(tile, start, length) { text throws(ValueFailure) in
            try DateTimeText.parseTimestamp(text, hasZone: hasZone)
        }
    }
}

import LakeModel

/// The day of each row of a date or timestamp column.
///
/// The days of a batch mostly lie within some years. Then they are counted from the least, and a part of them (the
/// year, say) is looked up in a table of those days instead of being computed for each row.
enum DayNumbers {
    /// Days since `least`, less than `count`.
    case near(days: [UInt32], least: Int, count: Int)
    /// Days since 1970-01-01.
    case far([Int])

    private static let microsecondsPerDay: Int64 = 86_400_000_000
    /// Days that a table holds at most: some 180 years.
    private static let tableDaysMax = 1 << 16

    init(_ column: ColumnVector) {
        switch column.storage {
        case .int32(let days): self = Self.dates(days)
        case .int64(let microseconds): self = Self.timestamps(microseconds)
        default: preconditionFailure("a derived column comes from a date or timestamp")
        }
    }

    private static func dates(_ days: [Int32]) -> Self {
        guard let least = days.min(), let greatest = days.max(), Int(greatest) - Int(least) < tableDaysMax else {
            return .far(days.map { Int($0) })
        }
        return .near(
            days: days.map { UInt32(bitPattern: $0 &- least) }, least: Int(least),
            count: Int(greatest) - Int(least) + 1)
    }

    private static func timestamps(_ microseconds: [Int64]) -> Self {
        let times = microseconds.span
        var earliest = Int64.max
        var latest = Int64.min
        for row in times.indices {
            earliest = min(earliest, times[row])
            latest = max(latest, times[row])
        }
        let least = day(earliest)
        guard !times.isEmpty, day(latest) - least < tableDaysMax else { return .far(microseconds.map { Int(day($0)) }) }
        let start = least * microsecondsPerDay
        // Within the table's days the difference cannot overflow.
        let days = unsafe [UInt32](unsafeUninitializedCapacity: times.count) { buffer, count in
            for row in times.indices {
                let time = UInt64(bitPattern: times[row] &- start)
                unsafe buffer[row] = UInt32(truncatingIfNeeded: time / UInt64(microsecondsPerDay))
            }
            count = times.count
        }
        return .near(days: days, least: Int(least), count: Int(day(latest) - least) + 1)
    }

    /// The day that a time lies in.
    private static func day(_ time: Int64) -> Int64 {
        time / microsecondsPerDay - (time % microsecondsPerDay < 0 ? 1 : 0)
    }

    /// The part of each row's day.
    func parts(_ part: DerivedColumn.Part) -> [Int32] {
        var period = PartOfDay(part: part)
        switch self {
        case .far(let days): return days.map { period.value($0) }
        case .near(let days, let least, let count):
            let table = period.table(from: least, count: count)
            let parts = table.span
            return days.map { parts[Int($0)] }
        }
    }
}

/// The part of a day, remembered for the period around the last day asked for.
private struct PartOfDay {
    let part: DerivedColumn.Part
    private var from = 1
    private var to = 0
    private var last: Int32 = 0

    init(part: DerivedColumn.Part) { self.part = part }

    /// The parts of `count` days in a row.
    mutating func table(from first: Int, count: Int) -> [Int32] {
        var table: [Int32] = []
        table.reserveCapacity(count)
        while table.count < count {
            let value = value(first + table.count)
            table.append(contentsOf: repeatElement(value, count: min(to - first, count) - table.count))
        }
        return table
    }

    mutating func value(_ day: Int) -> Int32 {
        if day >= from, day < to { return last }
        let date = CivilDate(daysSinceEpoch: day)
        switch part {
        case .year:
            last = Int32(date.year)
            from = CivilDate.days(year: date.year, month: 1, day: 1)
            to = CivilDate.days(year: date.year + 1, month: 1, day: 1)
        case .quarter, .month:
            let months = part == .quarter ? 3 : 1
            let index = (date.month - 1) / months
            last = Int32(index + 1)
            from = CivilDate.days(year: date.year, month: index * months + 1, day: 1)
            let next = index * months + 1 + months
            to =
                next > 12
                ? CivilDate.days(year: date.year + 1, month: 1, day: 1)
                : CivilDate.days(year: date.year, month: next, day: 1)
        case .day:
            last = Int32(date.day)
            from = day
            to = day + 1
        }
        return last
    }
}

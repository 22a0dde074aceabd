/// The proleptic Gregorian calendar, days counted from 1970-01-01.
///
/// The year is taken to begin in March, so that the leap day is its last; a cycle of 400 years has 146,097 days.
enum CivilDate {
    static let microsecondsPerSecond: Int64 = 1_000_000
    static let microsecondsPerDay: Int64 = 86_400 * microsecondsPerSecond
    /// The first and last day that ISO 8601 writes with four digits, the year 0 left out.
    static let dayMin = days(year: 1, month: 1, day: 1)
    static let dayMax = days(year: 9999, month: 12, day: 31)
    /// Days from 0000-03-01 to 1970-01-01.
    private static let epochDays = 719_468
    private static let cycleDays = 146_097
    private static let cycleYears = 400

    /// Days since 1970-01-01 of a date that exists, in any year.
    @inline(__always)
    static func days(year: Int, month: Int, day: Int) -> Int {
        let marchYear = month > 2 ? year : year - 1
        let cycle = (marchYear >= 0 ? marchYear : marchYear - (cycleYears - 1)) / cycleYears
        let yearOfCycle = marchYear - cycle * cycleYears
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return cycle * cycleDays + yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear - epochDays
    }

    static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + epochDays
        let cycle = (shifted >= 0 ? shifted : shifted - (cycleDays - 1)) / cycleDays
        let dayOfCycle = shifted - cycle * cycleDays
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfCycle + cycle * cycleYears + (month <= 2 ? 1 : 0), month, day)
    }

    static func dayCount(year: Int, month: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

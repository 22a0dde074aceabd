import Testing

@testable import LakeModel

struct CivilDateTests {
    @Test func `every day of 1600 to 2400 goes there and back`() {
        var days = CivilDate.days(year: 1600, month: 1, day: 1)
        for year in 1600...2400 {
            for month in 1...12 {
                for day in 1...CivilDate.daysInMonth(year: year, month: month) {
                    #expect(CivilDate.days(year: year, month: month, day: day) == days)
                    let date = CivilDate(daysSinceEpoch: days)
                    if date != CivilDate(daysSinceEpoch: CivilDate.days(year: year, month: month, day: day))
                        || date.year != year || date.month != month || date.day != day
                    {
                        Issue.record("\(year)-\(month)-\(day) came back as \(date)")
                    }
                    days += 1
                }
            }
        }
        #expect(CivilDate.days(year: 1970, month: 1, day: 1) == 0)
        #expect(CivilDate.days(year: 2000, month: 3, day: 1) == 11_017)
    }
}

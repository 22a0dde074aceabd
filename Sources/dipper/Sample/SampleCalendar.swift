/// The days that hires fall on, as the opening bytes of ISO 8601 timestamps.
struct SampleCalendar {
    /// `2021-01-01T` to `2022-12-31T`: eight quarters.
    let days: [[UInt8]]

    static let secondsPerDay = 86_400

    init() {
        let months = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]  // neither year is a leap year
        var days: [[UInt8]] = []
        for year in 2021...2022 {
            for (month, length) in months.enumerated() {
                for day in 1...length {
                    days.append(Array("\(year)-\(Self.padded(month + 1))-\(Self.padded(day))T".utf8))
                }
            }
        }
        self.days = days
    }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}

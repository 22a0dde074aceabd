internal import Foundation
import LakeModel

/// The clock and its text form.
enum UTCTime {
    /// Microseconds since 1970 UTC.
    static func nowMicroseconds() -> Int64 {
        if let simulated = Surroundings.simulated { return simulated.nowMicroseconds() }
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// ISO 8601 with milliseconds and `Z`.
    static func text(microseconds: Int64) -> String {
        let seconds = Int(microseconds / 1_000_000)
        let day = seconds / 86_400 - (seconds % 86_400 < 0 ? 1 : 0)
        let date = CivilDate(daysSinceEpoch: day)
        let second = seconds - day * 86_400
        return "\(pad(date.year, 4))-\(pad(date.month, 2))-\(pad(date.day, 2))T\(pad(second / 3600, 2)):"
            + "\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2)).\(pad(Int(microseconds % 1_000_000) / 1_000, 3))Z"
    }

    private static func pad(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

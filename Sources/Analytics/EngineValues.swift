import LakeModel
import QueryEngine

/// The engine's column types and texts as those of the lake.
enum EngineValues {
    /// The lake's type for a column of a result; `nil` when gold tables have none for it.
    static func type(_ name: String) -> PrimitiveType? {
        switch name {
        case "BOOLEAN": .boolean
        case "TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT": .int
        case "UINTEGER", "BIGINT": .long
        case "FLOAT": .float
        case "DOUBLE": .double
        case "VARCHAR", "ENUM": .string
        case "DATE": .date
        case "TIMESTAMP": .timestamp
        case "TIMESTAMP WITH TIME ZONE": .timestamptz
        default: decimal(name)
        }
    }

    private static func decimal(_ name: String) -> PrimitiveType? {
        guard name.hasPrefix("DECIMAL("), name.hasSuffix(")") else { return nil }
        let numbers = name.dropFirst(8).dropLast().split(separator: ",").map { text in
            Int(text.drop { $0 == " " })
        }
        guard numbers.count == 2, let precision = numbers[0], let scale = numbers[1],
            (1...PrimitiveType.decimalPrecisionMax).contains(precision), (0...precision).contains(scale)
        else { return nil }
        return .decimal(precision: precision, scale: scale)
    }

    /// Days since 1970 of `YYYY-MM-DD`; `nil` for anything else, infinities too.
    static func days(_ text: String) -> Int32? {
        var reader = Digits(text.utf8)
        guard let days = reader.date(), reader.isAtEnd else { return nil }
        return Int32(exactly: days)
    }

    /// Microseconds since 1970 of `YYYY-MM-DDTHH:MM:SS[.ffffff][Z]`.
    static func microseconds(_ text: String, isUTC: Bool) -> Int64? {
        var reader = Digits(text.utf8)
        guard let days = reader.date(), reader.take(UInt8(ascii: "T")), let time = reader.time() else { return nil }
        if isUTC, !reader.take(UInt8(ascii: "Z")) { return nil }
        guard reader.isAtEnd else { return nil }
        let (micros, overflow) = Int64(days).multipliedReportingOverflow(by: 86_400_000_000)
        let (sum, overflowed) = micros.addingReportingOverflow(time)
        return overflow || overflowed ? nil : sum
    }

    /// The unscaled value of plain digits with `scale` of them behind the point.
    static func unscaled(_ text: String, scale: Int) -> Int128? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == (scale == 0 ? 1 : 2), scale == 0 || parts[1].utf8.count == scale else { return nil }
        return Int128(parts.joined())
    }

    private struct Digits {
        private var bytes: ArraySlice<UInt8>

        init(_ text: String.UTF8View) { bytes = Array(text)[...] }

        var isAtEnd: Bool { bytes.isEmpty }

        mutating func take(_ byte: UInt8) -> Bool {
            guard bytes.first == byte else { return false }
            bytes.removeFirst()
            return true
        }

        /// Digits, so many of them at least.
        private mutating func number(_ least: Int) -> Int? {
            let digits = bytes.prefix { (0x30...0x39).contains($0) }
            guard digits.count >= least, digits.count <= 7 else { return nil }
            bytes.removeFirst(digits.count)
            return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }

        mutating func date() -> Int? {
            let isNegative = take(UInt8(ascii: "-"))
            guard let year = number(4), take(UInt8(ascii: "-")), let month = number(2), take(UInt8(ascii: "-")),
                let day = number(2), (1...12).contains(month)
            else { return nil }
            let signed = isNegative ? -year : year
            guard (1...CivilDate.daysInMonth(year: signed, month: month)).contains(day) else { return nil }
            return CivilDate.days(year: signed, month: month, day: day)
        }

        mutating func time() -> Int64? {
            guard let hours = number(2), take(UInt8(ascii: ":")), let minutes = number(2), take(UInt8(ascii: ":")),
                let seconds = number(2), hours < 24, minutes < 60, seconds < 60
            else { return nil }
            var micros = Int64((hours * 60 + minutes) * 60 + seconds) * 1_000_000
            guard take(UInt8(ascii: ".")) else { return micros }
            let digits = bytes.prefix { (0x30...0x39).contains($0) }
            guard (1...6).contains(digits.count) else { return nil }
            bytes.removeFirst(digits.count)
            var fraction = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
            for _ in digits.count..<6 { fraction *= 10 }
            micros += fraction
            return micros
        }
    }
}

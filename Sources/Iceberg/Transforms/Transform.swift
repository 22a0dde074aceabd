package import LakeModel

/// How a partition or sort value is computed from a column.
///
/// Source: Iceberg specification, "Partition Transforms".
package enum Transform: Sendable, Hashable {
    case identity
    /// The Murmur3 hash modulo `count`.
    case bucket(count: Int)
    /// Numbers rounded down to a multiple of `width`, text and bytes cut to `width` characters or bytes.
    case truncate(width: Int)
    /// Years, months, days, hours since 1970-01-01 00:00.
    case year, month, day, hour
    /// Always null.
    case void
    /// A transform that this build does not know; files cannot be pruned by it, nor written.
    case unknown(String)

    /// Reads the JSON form. Names that are no known transform become ``unknown(_:)``.
    package init(_ text: String) {
        switch text {
        case "identity": self = .identity
        case "year": self = .year
        case "month": self = .month
        case "day": self = .day
        case "hour": self = .hour
        case "void": self = .void
        default:
            if let count = Self.argument(of: "bucket", in: text) {
                self = .bucket(count: count)
            } else if let width = Self.argument(of: "truncate", in: text) {
                self = .truncate(width: width)
            } else {
                self = .unknown(text)
            }
        }
    }

    private static func argument(of name: String, in text: String) -> Int? {
        guard text.hasPrefix(name + "["), text.hasSuffix("]"),
            let value = Int32(text.dropFirst(name.count + 1).dropLast()), value > 0
        else { return nil }
        return Int(value)
    }

    /// The JSON form.
    package var name: String {
        switch self {
        case .identity: "identity"
        case .bucket(let count): "bucket[\(count)]"
        case .truncate(let width): "truncate[\(width)]"
        case .year: "year"
        case .month: "month"
        case .day: "day"
        case .hour: "hour"
        case .void: "void"
        case .unknown(let text): text
        }
    }

    /// The type of the values that come of a `source` column; `nil` when the transform does not take such a column.
    package func resultType(_ source: PrimitiveType) -> PrimitiveType? {
        switch (self, source) {
        case (.identity, _), (.void, _): source
        case (.bucket, .boolean), (.bucket, .float), (.bucket, .double): nil
        case (.bucket, _): .int
        case (.truncate, .int), (.truncate, .long), (.truncate, .decimal), (.truncate, .string), (.truncate, .binary):
            source
        case (.year, .date), (.year, .timestamp), (.year, .timestamptz): .int
        case (.month, .date), (.month, .timestamp), (.month, .timestamptz): .int
        // The specification says int, readers and writers treat it as the date that it is.
        case (.day, .date), (.day, .timestamp), (.day, .timestamptz): .date
        case (.hour, .timestamp), (.hour, .timestamptz): .int
        case (.unknown, _): .string
        default: nil
        }
    }

    /// The transform of one value of a `source` column. Null stays null, and so does what the transform cannot take.
    package func apply(_ value: Datum?, _ source: PrimitiveType) -> Datum? {
        guard let value else { return nil }
        switch self {
        case .identity: return value
        case .bucket(let count):
            return Murmur3.icebergHash(value, source).map { .int(($0 & Int32.max) % Int32(count)) }
        case .truncate(let width): return Self.truncate(value, width: width)
        case .year: return Self.civil(value, source).map { .int(Int32($0.year - 1970)) }
        case .month: return Self.civil(value, source).map { .int(Int32(($0.year - 1970) * 12 + $0.month - 1)) }
        case .day: return Self.daysSince1970(value, source).map { .int(Int32(truncatingIfNeeded: $0)) }
        case .hour:
            guard case .long(let microseconds) = value else { return nil }
            return .int(Int32(truncatingIfNeeded: Self.floorDivide(microseconds, 3_600_000_000)))
        case .void, .unknown: return nil
        }
    }

    private static func truncate(_ value: Datum, width: Int) -> Datum? {
        switch value {
        case .int(let number):
            let width = Int32(width)
            return .int(number &- ((number % width) &+ width) % width)
        case .long(let number):
            let width = Int64(width)
            return .long(number &- ((number % width) &+ width) % width)
        case .decimal(let number):
            let width = Int128(width)
            return .decimal(number - ((number % width) + width) % width)
        case .string(let text): return .string(String(String.UnicodeScalarView(text.unicodeScalars.prefix(width))))
        case .bytes(let bytes): return .bytes(Array(bytes.prefix(width)))
        default: return nil
        }
    }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    private static func daysSince1970(_ value: Datum, _ source: PrimitiveType) -> Int64? {
        switch value {
        case .int(let days) where source == .date: Int64(days)
        case .long(let microseconds): floorDivide(microseconds, 86_400_000_000)
        default: nil
        }
    }

    /// Year and month of the proleptic Gregorian calendar.
    ///
    /// Steps: count days from 0000-03-01, so that the leap day ends a year; cut off 400-year eras of 146,097 days; in
    /// the era take out the leap days to get the year; months from March have 153 days in five.
    private static func civil(_ value: Datum, _ source: PrimitiveType) -> (year: Int64, month: Int64)? {
        guard let days = daysSince1970(value, source) else { return nil }
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month)
    }
}

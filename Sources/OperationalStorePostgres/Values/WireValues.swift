import LakeModel
import OperationalStore

/// Days and microseconds from one epoch to the other.
enum WireTime {
    static func day(_ sinceUnix: Int32) throws -> Int32 {
        let (day, overflow) = sinceUnix.subtractingReportingOverflow(ColumnTypes.epochDays)
        guard !overflow, ColumnTypes.days.contains(day) else { throw unsupported("day \(sinceUnix)") }
        return day
    }

    static func microsecond(_ sinceUnix: Int64) throws -> Int64 {
        let (value, overflow) = sinceUnix.subtractingReportingOverflow(ColumnTypes.epochMicroseconds)
        guard !overflow, ColumnTypes.microseconds.contains(value) else {
            throw unsupported("microsecond \(sinceUnix)")
        }
        return value
    }

    /// `nil` for infinity.
    static func daysSinceUnix(_ day: Int32) -> Int32? {
        let (sum, overflow) = day.addingReportingOverflow(ColumnTypes.epochDays)
        return overflow ? nil : sum
    }

    /// `nil` for infinity.
    static func sinceUnix(_ value: Int64) -> Int64? {
        let (sum, overflow) = value.addingReportingOverflow(ColumnTypes.epochMicroseconds)
        return overflow ? nil : sum
    }

    private static func unsupported(_ what: String) -> OperationalError {
        OperationalError(
            code: "value-unsupported", message: "\(what) since 1970 lies outside the time that PostgreSQL knows",
            remedy: "give the column a range in the model (4713 BC to 294276)")
    }
}

/// Floating point as PostgreSQL compares it: one zero and one NaN.
enum WireFloat {
    static func pattern(_ value: Float) -> UInt32 {
        value == 0 ? 0 : value.isNaN ? Float.nan.bitPattern : value.bitPattern
    }

    static func pattern(_ value: Double) -> UInt64 {
        value == 0 ? 0 : value.isNaN ? Double.nan.bitPattern : value.bitPattern
    }
}

/// Text, which PostgreSQL keeps without NUL.
enum WireText {
    static func withoutNull(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(0) else { return bytes }
        return bytes.flatMap { $0 == 0 ? ColumnTypes.symbolForNull : [$0] }
    }

    static func withoutNull(_ values: ByteVector) -> ByteVector {
        guard values.bytes.contains(0) else { return values }
        var result = ByteVector()
        for index in 0..<values.count { result.append(withoutNull(Array(values[index]))) }
        return result
    }
}

/// `numeric` in binary: count of digits, weight of the first, sign and scale, 16 bits each, then digits to the base of
/// 10,000 (PostgreSQL's `numeric_send`).
enum WireNumeric {
    private static let positive: UInt16 = 0x0000
    private static let negative: UInt16 = 0x4000
    /// Decimal digits in one digit.
    private static let width = 4
    private static let headBytes = 8

    static func bytes(_ value: Int128, scale: Int) -> [UInt8] {
        var decimals: [UInt8] = []
        var rest = value.magnitude
        while rest > 0 {
            decimals.append(UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        // Lowest first: zeros below until the point lies between two digits, and above until the last one is full.
        let below = (width - scale % width) % width
        decimals.insert(contentsOf: repeatElement(0, count: below), at: 0)
        while decimals.count % width != 0 { decimals.append(0) }
        var digits = stride(from: 0, to: decimals.count, by: width).map { start in
            decimals[start..<start + width].reversed().reduce(UInt16(0)) { $0 * 10 + UInt16($1) }
        }
        while digits.last == 0 { digits.removeLast() }
        let weight = digits.isEmpty ? 0 : digits.count - 1 - (scale + below) / width
        let low = digits.prefix { $0 == 0 }.count
        digits.removeFirst(low)
        let head = [
            UInt16(digits.count), UInt16(truncatingIfNeeded: weight), value < 0 ? negative : positive, UInt16(scale),
        ]
        return (head + digits.reversed()).flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    }

    /// The unscaled value; `nil` for NaN, infinity, and what has more digits than fit.
    static func unscaled(_ bytes: [UInt8], scale: Int) -> Int128? {
        guard bytes.count >= headBytes, bytes.count % 2 == 0 else { return nil }
        let words = stride(from: 0, to: bytes.count, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        guard words.count == 4 + Int(words[0]), words[2] == positive || words[2] == negative else { return nil }
        var sum: Int128 = 0
        for (index, digit) in words.dropFirst(4).enumerated() {
            let power = (Int(Int16(bitPattern: words[1])) - index) * width + scale
            guard let part = scaled(Int128(digit), by: power) else { return nil }
            let (next, overflow) = sum.addingReportingOverflow(part)
            if overflow { return nil }
            sum = next
        }
        return words[2] == negative ? -sum : sum
    }

    private static func scaled(_ digit: Int128, by power: Int) -> Int128? {
        var value = digit
        for _ in 0..<max(0, power) {
            let (next, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = next
        }
        for _ in 0..<max(0, -power) {
            guard value % 10 == 0 else { return nil }
            value /= 10
        }
        return value
    }
}

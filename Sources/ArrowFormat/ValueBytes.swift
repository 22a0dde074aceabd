import LakeModel

/// The bytes of values of fixed width and of texts, read from the forms that results travel in.
enum ValueBytes {
    /// - Throws: ``ArrowError`` `value-unrepresentable`.
    static func append(_ value: ArrowValue, as type: ArrowType, to bytes: inout [UInt8]) throws {
        guard append(value, type, &bytes) else { throw ArrowError.unrepresentable(value, type) }
    }

    private static func append(_ value: ArrowValue, _ type: ArrowType, _ bytes: inout [UInt8]) -> Bool {
        switch (type, value) {
        case (.int(let bits, let isSigned), _): return appendInteger(value, bits: bits, isSigned: isSigned, &bytes)
        case (.float32, _):
            guard let number = double(value) else { return false }
            ArrowColumn.append(Float(number).bitPattern, to: &bytes)
        case (.float64, _):
            guard let number = double(value) else { return false }
            ArrowColumn.append(number.bitPattern, to: &bytes)
        case (.utf8, .text(let text)): bytes.append(contentsOf: text.utf8)
        case (.binary, .text(let text)): return appendHex(text, to: &bytes)
        case (.decimal(let precision, let scale), _):
            guard let text = digits(value), let number = decimal(text, precision: precision, scale: scale) else {
                return false
            }
            ArrowColumn.append(number, to: &bytes)
        case (.date, .text(let text)):
            guard let days = InstantText.days(text) else { return false }
            ArrowColumn.append(days, to: &bytes)
        case (.time(let unit), .text(let text)):
            guard let time = InstantText.time(Array(text.utf8)[...], perSecond: unit.perSecond) else { return false }
            ArrowColumn.append(time, to: &bytes)
        case (.timestamp(let unit, _), .text(let text)):
            guard let instant = InstantText.timestamp(text, perSecond: unit.perSecond) else { return false }
            ArrowColumn.append(instant, to: &bytes)
        case (.interval, .text(let text)):
            guard let interval = InstantText.interval(text) else { return false }
            ArrowColumn.append(interval.months, to: &bytes)
            ArrowColumn.append(interval.days, to: &bytes)
            ArrowColumn.append(interval.nanoseconds, to: &bytes)
        default: return false
        }
        return true
    }

    private static func appendInteger(
        _ value: ArrowValue, bits: Int, isSigned: Bool, _ bytes: inout [UInt8]
    ) -> Bool {
        let number: Int128?
        switch value {
        case .integer(let integer): number = Int128(integer)
        case .text(let text): number = Int128(text)
        default: number = nil
        }
        guard let number else { return false }
        let low = isSigned ? -(Int128(1) << Int128(bits - 1)) : 0
        let high = (Int128(1) << Int128(isSigned ? bits - 1 : bits)) - 1
        guard (low...high).contains(number) else { return false }
        for index in 0..<(bits / 8) { bytes.append(UInt8(truncatingIfNeeded: number >> Int128(8 * index))) }
        return true
    }

    /// Inside nested values NaN and the infinities are texts.
    private static func double(_ value: ArrowValue) -> Double? {
        switch value {
        case .double(let number): number
        case .integer(let number): Double(number)
        case .text(let text): Double(text)
        default: nil
        }
    }

    private static func digits(_ value: ArrowValue) -> String? {
        switch value {
        case .integer(let number): String(number)
        case .text(let text): text
        default: nil
        }
    }

    /// `-12.50` with all digits of its scale.
    static func decimal(_ text: String, precision: Int, scale: Int) -> Int128? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard fraction.utf8.count <= scale, var number = Int128(parts[0] + fraction) else { return nil }
        for _ in 0..<(scale - fraction.utf8.count) {
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            number = product
        }
        var limit: UInt128 = 1
        for _ in 0..<min(precision, ArrowType.decimalPrecisionMax) { limit *= 10 }
        return number.magnitude < limit ? number : nil
    }

    private static func appendHex(_ text: String, to bytes: inout [UInt8]) -> Bool {
        func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
            default: nil
            }
        }
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return false }
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digit(digits[index]), let low = digit(digits[index + 1]) else { return false }
            bytes.append(high << 4 | low)
        }
        return true
    }
}

extension ArrowType.TimeUnit {
    var perSecond: Int64 {
        switch self {
        case .second: 1
        case .millisecond: 1_000
        case .microsecond: 1_000_000
        case .nanosecond: 1_000_000_000
        }
    }
}

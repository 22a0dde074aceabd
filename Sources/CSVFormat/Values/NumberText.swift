/// Whole numbers in decimal digits.
enum IntegerText {
    /// - Throws: invalid for anything but a sign and digits, outOfRange above 64 bits.
    static func parse(_ text: Span<UInt8>) throws(ValueFailure) -> Int64 {
        var at = 0
        var isNegative = false
        if text.count > 0, text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") {
            isNegative = text[0] == UInt8(ascii: "-")
            at = 1
        }
        if at == text.count { throw .invalid("it has no digits") }
        var value: Int64 = 0
        var hasOverflow = false
        while at < text.count {
            let digit = text.digit(at)
            if digit > 9 { throw .invalid("it has a character that is no digit") }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) =
                isNegative
                ? product.subtractingReportingOverflow(Int64(digit)) : product.addingReportingOverflow(Int64(digit))
            hasOverflow = hasOverflow || overflow || overflow2
            value = sum
            at += 1
        }
        if hasOverflow { throw .outOfRange("it is beyond 64 bits") }
        return value
    }

    static func parseInt32(_ text: Span<UInt8>) throws(ValueFailure) -> Int32 {
        guard let value = Int32(exactly: try parse(text)) else { throw .outOfRange("it is beyond 32 bits") }
        return value
    }
}

/// Truth values.
enum BooleanText {
    static func parse(_ text: Span<UInt8>) throws(ValueFailure) -> Bool {
        if text.count == 1 {
            switch text[0] {
            case UInt8(ascii: "1"), UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "y"), UInt8(ascii: "Y"):
                return true
            case UInt8(ascii: "0"), UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "n"), UInt8(ascii: "N"):
                return false
            default: break
            }
        }
        if text.equalsIgnoringCase("true") || text.equalsIgnoringCase("yes") { return true }
        if text.equalsIgnoringCase("false") || text.equalsIgnoringCase("no") { return false }
        throw .invalid("it is none of the words for true and false")
    }
}

/// The parts of a decimal number: sign, digits, point, exponent.
struct DecimalScan {
    var isNegative = false
    /// The significant digits, as far as they fit.
    var mantissa: UInt128 = 0
    /// Digits in `mantissa` without leading zeros.
    var digitCount = 0
    /// Digits after the point that are in `mantissa`.
    var fractionCount = 0
    var exponent = 0
    /// Set when digits were left out of `mantissa`.
    var isTruncated = false
    /// Set when one of the digits that were left out is not 0.
    var lostNonZero = false

    /// Digits that surely fit 128 bits.
    static let digitsMax = 38
    /// Beyond this every exponent is the same: infinite or zero.
    static let exponentMax = 100_000

    /// - Throws: invalid unless the text is `[+-] digits [. digits] [e [+-] digits]` with a digit before the exponent.
    init(_ text: Span<UInt8>) throws(ValueFailure) {
        var at = 0
        if text.count > 0, text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") {
            isNegative = text[0] == UInt8(ascii: "-")
            at = 1
        }
        var hasDigit = false
        var hasPoint = false
        while at < text.count {
            let byte = text[at]
            if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else if byte &- 0x30 <= 9 {
                hasDigit = true
                take(byte &- 0x30, afterPoint: hasPoint)
            } else {
                break
            }
            at += 1
        }
        if !hasDigit { throw .invalid("it has no digits") }
        if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            try takeExponent(text, &at)
        }
        if at < text.count { throw .invalid("it has a character that belongs to no number") }
    }

    private mutating func take(_ digit: UInt8, afterPoint: Bool) {
        if digitCount == Self.digitsMax {
            isTruncated = true
            lostNonZero = lostNonZero || digit != 0
            if !afterPoint { exponent += 1 }
            return
        }
        mantissa = mantissa * 10 + UInt128(digit)
        if mantissa != 0 { digitCount += 1 }
        if afterPoint { fractionCount += 1 }
    }

    private mutating func takeExponent(_ text: Span<UInt8>, _ at: inout Int) throws(ValueFailure) {
        var isNegative = false
        if at < text.count, text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+") {
            isNegative = text[at] == UInt8(ascii: "-")
            at += 1
        }
        var value = 0
        let start = at
        while at < text.count, text.digit(at) <= 9 {
            value = min(Self.exponentMax, value * 10 + Int(text.digit(at)))
            at += 1
        }
        if at == start { throw .invalid("its exponent has no digits") }
        exponent += isNegative ? -value : value
    }
}

/// Fixed-point numbers, exact.
enum DecimalText {
    /// The unscaled value.
    /// - Throws: invalid when digits behind the scale are not 0, outOfRange above the precision.
    static func parse(_ text: Span<UInt8>, precision: Int, scale: Int) throws(ValueFailure) -> Int128 {
        let scan = try DecimalScan(text)
        if scan.mantissa == 0, !scan.lostNonZero { return 0 }
        var value = scan.mantissa
        var shift = scan.exponent - scan.fractionCount + scale
        while shift < 0, value != 0 {
            let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 10)
            if remainder != 0 { throw .invalid("it has more digits behind the point than the type keeps") }
            value = quotient
            shift += 1
        }
        if scan.lostNonZero { throw .outOfRange("it has more than 38 digits") }
        let bound = powerOfTen(precision)
        while shift > 0, value < bound {
            // Ten times more is beyond the precision, and may be beyond 128 bits.
            if value >= bound / 10 { throw .outOfRange("it has more digits than the type keeps") }
            value *= 10
            shift -= 1
        }
        if value >= bound { throw .outOfRange("it has more digits than the type keeps") }
        return scan.isNegative ? -Int128(value) : Int128(value)
    }

    static func powerOfTen(_ exponent: Int) -> UInt128 {
        precondition((0...DecimalScan.digitsMax).contains(exponent))
        var value: UInt128 = 1
        for _ in 0..<exponent { value *= 10 }
        return value
    }
}

/// Binary floating point, correctly rounded.
enum FloatText {
    /// Mantissas up to 2^53 and powers of ten up to 10^22 are exact doubles, so that one operation rounds correctly.
    private static let exactMantissaMax: UInt128 = 1 << 53
    private static let exactPowers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
    /// The same for floats: 2^24 and 10^10.
    private static let exactFloatMantissaMax: UInt128 = 1 << 24
    private static let exactFloatPowerMax = 10

    static func parseDouble(_ text: Span<UInt8>) throws(ValueFailure) -> Double {
        if let special = special(text) { return special }
        let scan = try DecimalScan(text)
        let power = scan.exponent - scan.fractionCount
        if !scan.isTruncated, scan.mantissa <= exactMantissaMax, abs(power) < exactPowers.count {
            let mantissa = Double(UInt64(scan.mantissa))
            let value = power < 0 ? mantissa / exactPowers[-power] : mantissa * exactPowers[power]
            return scan.isNegative ? -value : value
        }
        guard let value = Double(string(text)) else { throw .invalid("it is no number") }
        if value.isInfinite { throw .outOfRange("it is beyond the largest double") }
        return value
    }

    static func parseFloat(_ text: Span<UInt8>) throws(ValueFailure) -> Float {
        if let special = special(text) { return Float(special) }
        let scan = try DecimalScan(text)
        let power = scan.exponent - scan.fractionCount
        if !scan.isTruncated, scan.mantissa <= exactFloatMantissaMax, abs(power) <= exactFloatPowerMax {
            let mantissa = Float(UInt32(scan.mantissa))
            let factor = Float(exactPowers[abs(power)])
            let value = power < 0 ? mantissa / factor : mantissa * factor
            return scan.isNegative ? -value : value
        }
        guard let value = Float(string(text)) else { throw .invalid("it is no number") }
        if value.isInfinite { throw .outOfRange("it is beyond the largest float") }
        return value
    }

    /// nan, inf and infinity, with a sign, in any case.
    private static func special(_ text: Span<UInt8>) -> Double? {
        guard text.count >= 3 else { return nil }
        let hasSign = text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+")
        let word = text.extracting((hasSign ? 1 : 0)..<text.count)
        guard word[0] > UInt8(ascii: "9") else { return nil }
        if word.equalsIgnoringCase("nan") { return .nan }
        if word.equalsIgnoringCase("inf") || word.equalsIgnoringCase("infinity") {
            return text[0] == UInt8(ascii: "-") ? -.infinity : .infinity
        }
        return nil
    }

    private static func string(_ text: Span<UInt8>) -> String {
        unsafe text.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

internal import LakeModel

/// The least and greatest of some numbers.
struct NumberBounds<Value: PlainNumber> {
    /// Meaningless without values.
    var minimum = Value.zero
    var maximum = Value.zero
    /// Whether there is a value that is not NaN.
    var hasValues = false
    var nanCount = 0

    mutating func merge(_ other: Self) {
        nanCount += other.nanCount
        if !other.hasValues { return }
        if !hasValues {
            minimum = other.minimum
            maximum = other.maximum
            hasValues = true
            return
        }
        if other.minimum < minimum { minimum = other.minimum }
        if maximum < other.maximum { maximum = other.maximum }
    }
}

/// A number as it lies in memory and, on the little-endian machines that this is built for, in a plain page.
protocol PlainNumber: BitwiseCopyable, Comparable {
    static var zero: Self { get }
    /// The bit pattern, integers with their sign extended.
    var key: UInt64 { get }
    init(key: UInt64)
    /// Whether keys of neighbours are neighbours, so that small ranges can index a table.
    static var isInteger: Bool { get }
    static func bounds(_ values: Span<Self>) -> NumberBounds<Self>
    /// What stands in statistics: the bound, a zero with the sign that keeps it a bound of both zeros.
    func boundBytes(isMinimum: Bool) -> [UInt8]
    func datum(of type: PrimitiveType) -> Datum
}

extension PlainNumber where Self: FixedWidthInteger & SignedInteger {
    static var isInteger: Bool { true }

    @inline(__always)
    static func bounds(_ values: Span<Self>) -> NumberBounds<Self> {
        if values.isEmpty { return NumberBounds() }
        var minimum = values[0]
        var maximum = minimum
        for index in values.indices {
            minimum = Swift.min(minimum, values[index])
            maximum = Swift.max(maximum, values[index])
        }
        return NumberBounds(minimum: minimum, maximum: maximum, hasValues: true)
    }

    func boundBytes(isMinimum: Bool) -> [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> Self(8 * $0)) }
    }
}

extension PlainNumber where Self: BinaryFloatingPoint {
    static var isInteger: Bool { false }

    @inline(__always)
    static func bounds(_ values: Span<Self>) -> NumberBounds<Self> {
        var bounds = NumberBounds<Self>()
        var minimum = Self.infinity
        var maximum = -Self.infinity
        for index in values.indices {
            let value = values[index]
            if value < minimum { minimum = value }
            if value > maximum { maximum = value }
            if value.isNaN { bounds.nanCount += 1 }
        }
        if bounds.nanCount < values.count {
            bounds.minimum = minimum
            bounds.maximum = maximum
            bounds.hasValues = true
        }
        return bounds
    }
}

extension Int32: PlainNumber {
    static var zero: Int32 { 0 }
    var key: UInt64 { UInt64(bitPattern: Int64(self)) }
    init(key: UInt64) { self = Int32(truncatingIfNeeded: key) }
    func datum(of type: PrimitiveType) -> Datum {
        if case .decimal = type { .decimal(Int128(self)) } else { .int(self) }
    }
}

extension Int64: PlainNumber {
    static var zero: Int64 { 0 }
    var key: UInt64 { UInt64(bitPattern: self) }
    init(key: UInt64) { self = Int64(bitPattern: key) }
    func datum(of type: PrimitiveType) -> Datum {
        if case .decimal = type { .decimal(Int128(self)) } else { .long(self) }
    }
}

extension Float: PlainNumber {
    var key: UInt64 { UInt64(bitPattern) }
    init(key: UInt64) { self.init(bitPattern: UInt32(truncatingIfNeeded: key)) }
    func datum(of type: PrimitiveType) -> Datum { .float(self) }
    func boundBytes(isMinimum: Bool) -> [UInt8] {
        let bound = self == 0 ? (isMinimum ? -Float.zero : Float.zero) : self
        return Int32(bitPattern: bound.bitPattern).boundBytes(isMinimum: isMinimum)
    }
}

extension Double: PlainNumber {
    var key: UInt64 { bitPattern }
    init(key: UInt64) { self.init(bitPattern: key) }
    func datum(of type: PrimitiveType) -> Datum { .double(self) }
    func boundBytes(isMinimum: Bool) -> [UInt8] {
        let bound = self == 0 ? (isMinimum ? -Double.zero : Double.zero) : self
        return Int64(bitPattern: bound.bitPattern).boundBytes(isMinimum: isMinimum)
    }
}

/// The least and greatest of byte strings that lie in one memory block, by offset.
///
/// The first eight bytes, as a big-endian number, decide most comparisons; only ties look at the rest.
@safe struct ByteStringBounds {
    private(set) var isEmpty = true
    private(set) var minimum = 0..<0
    private(set) var maximum = 0..<0
    private var minimumPrefix: UInt64 = 0
    private var maximumPrefix: UInt64 = 0
    /// Flips the sign bit of two's complement numbers, so that they compare unsigned.
    private let flip: UInt64

    init(isSigned: Bool = false) { flip = isSigned ? 1 << 63 : 0 }

    /// Takes in the string at `offset`; eight bytes behind its start are readable.
    @inline(__always)
    mutating func take(_ base: UnsafeMutableRawPointer, offset: Int, count: Int) {
        let word = unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt64.self).bigEndian
        let prefix = (count >= 8 ? word : count == 0 ? 0 : word & (UInt64.max << UInt64(64 - 8 * count))) ^ flip
        if isEmpty {
            isEmpty = false
            (minimum, maximum) = (offset..<offset + count, offset..<offset + count)
            (minimumPrefix, maximumPrefix) = (prefix, prefix)
            return
        }
        if prefix <= minimumPrefix {
            let isLess =
                unsafe prefix < minimumPrefix
                || Self.compareTails(base, offset..<offset + count, minimum) < 0
            if isLess {
                minimum = offset..<offset + count
                minimumPrefix = prefix
            }
        }
        if prefix >= maximumPrefix {
            let isGreater =
                unsafe prefix > maximumPrefix
                || Self.compareTails(base, offset..<offset + count, maximum) > 0
            if isGreater {
                maximum = offset..<offset + count
                maximumPrefix = prefix
            }
        }
    }

    /// Compares two strings whose prefixes are equal.
    private static func compareTails(_ base: UnsafeMutableRawPointer, _ left: Range<Int>, _ right: Range<Int>) -> Int {
        let shared = min(left.count, right.count)
        var index = 0
        while index + 8 <= shared {
            let first = unsafe base.loadUnaligned(fromByteOffset: left.lowerBound + index, as: UInt64.self).bigEndian
            let second = unsafe base.loadUnaligned(fromByteOffset: right.lowerBound + index, as: UInt64.self).bigEndian
            if first != second { return first < second ? -1 : 1 }
            index += 8
        }
        while index < shared {
            let first = unsafe base.load(fromByteOffset: left.lowerBound + index, as: UInt8.self)
            let second = unsafe base.load(fromByteOffset: right.lowerBound + index, as: UInt8.self)
            if first != second { return first < second ? -1 : 1 }
            index += 1
        }
        return left.count - right.count
    }
}

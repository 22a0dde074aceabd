/// A fast hash for tables in memory, not for adversaries without a secret seed and not for storage.
///
/// Each step multiplies two 64-bit words, both mixed with odd constants, to 128 bits and folds the halves together.
package enum Hash64 {
    @usableFromInline static let mixA: UInt64 = 0xA076_1D64_78BD_642F
    @usableFromInline static let mixB: UInt64 = 0xE703_7ED1_A0B4_28DB
    @usableFromInline static let mixC: UInt64 = 0x8EBC_6AF0_9C88_C6E3

    @inlinable static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    /// The hash of one number.
    @inlinable package static func hash(_ value: UInt64, seed: UInt64 = 0) -> UInt64 {
        fold(value ^ mixA, seed ^ mixB ^ (value &* mixC))
    }

    /// The hash of a byte string. The length takes part, so that trailing zeros matter.
    /// - Complexity: O(n), about one multiplication each 16 bytes.
    @inlinable package static func hash(_ bytes: RawSpan, seed: UInt64 = 0) -> UInt64 {
        let count = bytes.byteCount
        var state = fold(seed ^ mixA, mixC)
        var position = 0
        while count - position > 16 {
            let left = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: UInt64.self)
            let right = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position + 8, as: UInt64.self)
            state = fold(UInt64(littleEndian: left) ^ mixB, UInt64(littleEndian: right) ^ state)
            position += 16
        }
        // The last 1...16 bytes as two words that may overlap.
        let rest = count - position
        var left: UInt64 = 0
        var right: UInt64 = 0
        if rest >= 8 {
            left = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: UInt64.self)
            right = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: count - 8, as: UInt64.self)
        } else if rest >= 4 {
            left = UInt64(unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: UInt32.self))
            right = UInt64(unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: count - 4, as: UInt32.self))
        } else if rest > 0 {
            let first = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: position, as: UInt8.self)
            let middle = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: position + rest >> 1, as: UInt8.self)
            let last = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: count - 1, as: UInt8.self)
            left = UInt64(first) << 16 | UInt64(middle) << 8 | UInt64(last)
        }
        state = fold(UInt64(littleEndian: left) ^ mixB, UInt64(littleEndian: right) ^ state)
        return fold(state ^ mixC, UInt64(truncatingIfNeeded: count) ^ mixB)
    }
}

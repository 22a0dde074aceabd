package import LakeModel

/// 32-bit Murmur3, x86 variant, seed 0.
///
/// Source: Iceberg specification, Appendix B.
package enum Murmur3 {
    /// The hash of a value of a column of type `type`; `nil` for types that cannot be bucketed.
    package static func icebergHash(_ value: Datum, _ type: PrimitiveType) -> Int32? {
        switch value {
        // int and date hash as long, so that widening a column keeps its buckets.
        case .int(let number): hash(littleEndian(Int64(number)))
        case .long(let number): hash(littleEndian(number))
        case .decimal(let number): hash(BoundsCodec.shortestBigEndian(number))
        case .string(let text): hash(Array(text.utf8))
        case .bytes(let bytes): hash(bytes)
        case .boolean, .float, .double: nil
        }
    }

    private static func littleEndian(_ value: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) }
    }

    package static func hash(_ bytes: [UInt8]) -> Int32 {
        var hash: UInt32 = 0
        let blockEnd = bytes.count & ~3
        for start in stride(from: 0, to: blockEnd, by: 4) {
            hash ^= mix(word(bytes[start..<start + 4]))
            hash = (hash << 13 | hash >> 19) &* 5 &+ 0xE654_6B64
        }
        if blockEnd < bytes.count { hash ^= mix(word(bytes[blockEnd...])) }
        hash ^= UInt32(truncatingIfNeeded: bytes.count)
        hash = (hash ^ hash >> 16) &* 0x85EB_CA6B
        hash = (hash ^ hash >> 13) &* 0xC2B2_AE35
        return Int32(bitPattern: hash ^ hash >> 16)
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func mix(_ word: UInt32) -> UInt32 {
        let multiplied = word &* 0xCC9E_2D51
        return (multiplied << 15 | multiplied >> 17) &* 0x1B87_3593
    }
}

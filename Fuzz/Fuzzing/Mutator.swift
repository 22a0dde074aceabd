/// Damages bytes in the ways that find faults in readers.
package struct Mutator: Sendable {
    /// Pieces that mean something to the format, put in here and there.
    private let words: [[UInt8]]

    /// Bytes of an input at most.
    private static let bytesMax = 1 << 16
    private static let edges: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF,
        0x8000_0000_0000_0000, .max,
    ]

    package init(words: [[UInt8]] = []) { self.words = words }

    /// One to `stepsMax` changes to `bytes`, from `start` on.
    package func mutate(
        _ bytes: inout [UInt8], from start: Int = 0, stepsMax: Int = 4, other: [UInt8] = [],
        using random: inout FuzzRandom
    ) {
        for _ in 0..<1 + random.below(stepsMax) { step(&bytes, start, other, &random) }
    }

    private func step(_ bytes: inout [UInt8], _ start: Int, _ other: [UInt8], _ random: inout FuzzRandom) {
        guard bytes.count > start else {
            bytes += random.bytes(1 + random.below(4))
            return
        }
        let at = start + random.below(bytes.count - start)
        let count = min(bytes.count - at, 1 << random.below(7))
        switch random.below(11) {
        case 0, 1: bytes[at] ^= 1 << UInt8(random.below(8))
        case 2: bytes[at] = random.byte()
        case 3: bytes[at] = bytes[at] &+ (random.oneIn(2) ? 1 : .max)
        case 4: bytes.removeSubrange(at..<at + count)
        case 5: if bytes.count < Self.bytesMax { bytes.insert(contentsOf: bytes[at..<at + count], at: at) }
        case 6: overwrite(&bytes, at, &random)
        case 7: if !words.isEmpty { bytes.insert(contentsOf: random.pick(words), at: at) }
        case 8: if !words.isEmpty { replace(&bytes, at, random.pick(words)) }
        case 9: splice(&bytes, at, other, &random)
        default:
            if random.oneIn(4) {
                bytes.removeSubrange(at...)
            } else {
                bytes.insert(contentsOf: random.bytes(1 + random.below(8)), at: at)
            }
        }
    }

    /// A number at the edge of some width, in one of both byte orders.
    private func overwrite(_ bytes: inout [UInt8], _ at: Int, _ random: inout FuzzRandom) {
        let value = random.pick(Self.edges)
        let width = 1 << random.below(4)
        let little = (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        replace(&bytes, at, random.oneIn(4) ? little.reversed() : little)
    }

    private func replace(_ bytes: inout [UInt8], _ at: Int, _ piece: [UInt8]) {
        for (index, byte) in piece.enumerated() where at + index < bytes.count { bytes[at + index] = byte }
    }

    private func splice(_ bytes: inout [UInt8], _ at: Int, _ other: [UInt8], _ random: inout FuzzRandom) {
        if other.isEmpty { return }
        let start = random.below(other.count)
        let count = min(other.count - start, 1 + random.below(64))
        replace(&bytes, at, Array(other[start..<start + count]))
    }
}

/// The employee ids of a sample: position in the file to key, without a table of them.
///
/// 1. A position is permuted when ids are to be shuffled: a Feistel network over the next power of four, walked until
///    the image falls inside the range again, which keeps it a bijection.
/// 2. Wide ids cut 2^62 ..< 2^63 - 1 into one stride a row and take a pseudorandom place in each, so that they ascend
///    with the position, never repeat, and are not evenly spaced.
struct SampleKeys {
    private let count: Int
    private let shuffles: Bool
    private let halfBits: UInt64
    private let halfMask: UInt64
    private let roundKeys: [UInt64]
    /// The width of one row's slot of wide ids; 0 for plain ids.
    private let stride: UInt64
    private let seed: UInt64

    private static let wideBase: UInt64 = 1 << 62
    private static let rounds = 4

    init(count: Int, options: SampleOptions) {
        self.count = count
        shuffles = options.shuffleIDs && count > 1
        var bits: UInt64 = 1
        while (1 << (2 * bits)) < UInt64(count) { bits += 1 }
        halfBits = bits
        halfMask = (1 << bits) - 1
        var state = options.seed ^ 0x6B65_7973
        roundKeys = (0..<Self.rounds).map { _ in SampleRandom.splitmix(&state) }
        stride = options.wideIDs ? Self.wideBase / UInt64(count + 1) : 0
        seed = state
    }

    /// The key of the row at `position`, from 0.
    func key(at position: Int) -> UInt64 {
        let rank = shuffles ? permuted(UInt64(truncatingIfNeeded: position)) : UInt64(truncatingIfNeeded: position)
        guard stride > 0 else { return rank &+ 1 }
        return Self.wideBase &+ rank &* stride &+ SampleRandom.mix(rank ^ seed) % stride
    }

    private func permuted(_ position: UInt64) -> UInt64 {
        var value = position
        repeat { value = round(value) } while value >= UInt64(truncatingIfNeeded: count)
        return value
    }

    private func round(_ value: UInt64) -> UInt64 {
        var left = value >> halfBits
        var right = value & halfMask
        for key in roundKeys {
            (left, right) = (right, left ^ (SampleRandom.mix(right ^ key) & halfMask))
        }
        return (left << halfBits) | right
    }
}

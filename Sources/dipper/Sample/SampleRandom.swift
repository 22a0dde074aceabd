/// xoshiro256** seeded by splitmix64: a stream that is the same on every machine for one seed.
///
/// Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2021).
struct SampleRandom: RandomNumberGenerator {
    private var s0: UInt64
    private var s1: UInt64
    private var s2: UInt64
    private var s3: UInt64

    init(seed: UInt64) {
        var state = seed
        s0 = Self.splitmix(&state)
        s1 = Self.splitmix(&state)
        s2 = Self.splitmix(&state)
        s3 = Self.splitmix(&state)
    }

    mutating func next() -> UInt64 {
        let scrambled = s1 &* 5
        let result = ((scrambled << 7) | (scrambled >> 57)) &* 9
        let shifted = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = (s3 << 45) | (s3 >> 19)
        return result
    }

    /// A number in `0..<bound` from 32 random bits. The bias is below `bound / 2^32`.
    static func scale(_ bits: UInt32, below bound: Int) -> Int {
        Int(truncatingIfNeeded: (UInt64(bits) &* UInt64(truncatingIfNeeded: bound)) >> 32)
    }

    /// The next number of the splitmix64 stream.
    static func splitmix(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return mix(state)
    }

    /// A bijection of 64 bits whose output looks random: the finaliser of splitmix64.
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

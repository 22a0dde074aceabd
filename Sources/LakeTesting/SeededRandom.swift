/// Pseudo-random numbers that a test can repeat: the generator prints its seed when it is made.
///
/// The sequence is SplitMix64's, the same on every machine.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    /// What the sequence follows from.
    package let seed: UInt64
    private var state: UInt64

    /// - Parameters:
    ///   - seed: `nil` takes one from the system.
    ///   - purpose: printed beside the seed.
    package init(seed: UInt64? = nil, purpose: String = "test") {
        let seed = seed ?? UInt64.random(in: .min ... .max)
        self.seed = seed
        state = seed
        print("\(purpose): seed \(seed)")
    }

    /// Prints nothing, for machines that run many seeds and name those that matter themselves.
    package init(quietSeed seed: UInt64) {
        self.seed = seed
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

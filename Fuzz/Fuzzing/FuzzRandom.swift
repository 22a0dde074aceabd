/// SplitMix64: the same numbers for the same seed everywhere.
package struct FuzzRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// The numbers of one iteration of a run, so that it can be repeated without those before it.
    package init(seed: UInt64, iteration: Int) {
        var run = FuzzRandom(seed: seed &+ UInt64(iteration) &* 0xD134_2543_DE82_EF95)
        state = run.next()
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `end`.
    package mutating func below(_ end: Int) -> Int { Int(next() % UInt64(end)) }

    /// `true` once in `count` times.
    package mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    package mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }

    /// One of `choices`, which must not be empty.
    package mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

    package mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
}

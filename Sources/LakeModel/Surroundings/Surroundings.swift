/// The clock and the randomness that a task sees: the system's, unless a simulation has put its own in their place, so
/// that one seed decides ids, names and times.
package struct Surroundings: Sendable {
    /// Microseconds since 1970 UTC.
    package let nowMicroseconds: @Sendable () -> Int64
    package let randomBits: @Sendable () -> UInt64

    package init(nowMicroseconds: @escaping @Sendable () -> Int64, randomBits: @escaping @Sendable () -> UInt64) {
        self.nowMicroseconds = nowMicroseconds
        self.randomBits = randomBits
    }

    /// `nil`: those of the system.
    @TaskLocal package static var simulated: Surroundings?
}

/// Random bits for ids and names that must differ between processes: the system's, or those of the simulation that the
/// task runs in.
package struct SurroundingRandom: RandomNumberGenerator {
    private var system = SystemRandomNumberGenerator()

    package init() {}

    package mutating func next() -> UInt64 { Surroundings.simulated?.randomBits() ?? system.next() }
}

/// Runs one target again and again.
package struct FuzzRun {
    /// What a run did.
    package struct Summary: Sendable {
        package var executions = 0
        package var elapsed = Duration.zero
    }

    package let seed: UInt64
    /// How long to go on; one iteration is always run.
    package let duration: Duration
    /// The first iteration.
    package let first: Int
    package let iterationsMax: Int

    package init(seed: UInt64, duration: Duration, first: Int = 0, iterationsMax: Int = .max) {
        self.seed = seed
        self.duration = duration
        self.first = first
        self.iterationsMax = iterationsMax
    }

    /// - Parameter before: called before each iteration with its number.
    /// - Throws: the first ``FuzzFailure``, with the way to repeat it.
    package func run<Target: FuzzTarget>(
        _: Target.Type, before: (Int) -> Void = { _ in }
    ) throws -> Summary {
        var target = Target()
        var summary = Summary()
        let clock = ContinuousClock()
        let start = clock.now
        var iteration = first
        repeat {
            before(iteration)
            var random = FuzzRandom(seed: seed, iteration: iteration)
            do {
                try target.runOnce(&random)
            } catch let failure as FuzzFailure {
                throw FuzzFailure(
                    "\(Target.name), seed \(seed), iteration \(iteration): \(failure.message)", input: failure.input)
            } catch {
                throw FuzzFailure("\(Target.name), seed \(seed), iteration \(iteration): \(error)", input: [])
            }
            iteration += 1
            summary.executions += 1
            summary.elapsed = clock.now - start
        } while summary.elapsed < duration && summary.executions < iterationsMax
        return summary
    }
}

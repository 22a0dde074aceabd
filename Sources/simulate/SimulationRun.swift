import Foundation
import LakeSimulation
import Synchronization

/// Runs seeds on some threads and sums up what happened.
final class SimulationRun: Sendable {
    private struct State {
        var next: UInt64
        var done: UInt64 = 0
        var failed: [UInt64] = []
        var events: [String: Int] = [:]
        var isEnding = false
    }

    private let options: SimulateOptions
    private let state: Mutex<State>

    /// Failing seeds after which a run ends.
    private static let failuresMax = 10

    init(_ options: SimulateOptions) {
        self.options = options
        state = Mutex(State(next: options.from))
    }

    /// - Returns: the exit code: 0 when every seed was good, or when the planted defect was found.
    func run() -> Int32 {
        let start = ContinuousClock.now
        let group = DispatchGroup()
        for _ in 0..<options.threads {
            group.enter()
            let thread = Thread { [self] in
                while let seed = take() { work(seed) }
                group.leave()
            }
            thread.stackSize = 16 << 20
            thread.start()
        }
        group.wait()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return state.withLock { report($0, seconds: seconds) }
    }

    private func take() -> UInt64? {
        state.withLock { state in
            guard !state.isEnding, state.next < options.from + options.seeds else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func work(_ seed: UInt64) {
        let outcome = Simulation.run(seed: seed, plant: options.plant)
        var violations = outcome.violations
        if options.isTwice, Simulation.run(seed: seed, plant: options.plant).digest != outcome.digest {
            violations.append("the seed does not decide everything: a second run went another way")
        }
        let shown = violations
        state.withLock { state in
            state.done += 1
            state.events.merge(outcome.events) { $0 + $1 }
            guard !shown.isEmpty else { return }
            state.failed.append(seed)
            if options.plant != nil || state.failed.count >= Self.failuresMax { state.isEnding = true }
            print("seed \(seed): \(shown.count) violations")
            for violation in shown.prefix(6) { print("  \(violation)") }
            // At once, also into a file.
            defer { fflush(nil) }
            let plant = options.plant.map { " --plant \($0.rawValue)" } ?? ""
            print("  again: bin/simulate --from \(seed) --seeds 1\(plant)")
        }
    }

    private func report(_ state: State, seconds: Double) -> Int32 {
        for (event, count) in state.events.sorted(by: { $0.key < $1.key }) { print("\(event): \(count)") }
        let rate = Int(Double(state.done) / max(seconds, 0.001))
        print(
            "\(state.done) seeds from \(options.from) in \(Int(seconds)) s, \(rate) a second, "
                + "\(state.failed.count) failed")
        guard let plant = options.plant else { return state.failed.isEmpty ? 0 : 1 }
        guard let first = state.failed.min() else {
            print("\(plant.rawValue) was not found")
            return 1
        }
        print("\(plant.rawValue) was found after \(first - options.from + 1) seeds")
        return 0
    }
}

import Foundation
import LakeSimulation
import Testing

@Suite struct SimulationTests {
    private static let seedCountDefault: UInt64 = 100
    /// Seeds of which together every fault that counts is to be expected.
    private static let seedsForAllPaths: UInt64 = 1_000

    /// How many seeds a plain run takes; `DIPPER_SIMULATION_SEEDS` says another number.
    static var seedCount: UInt64 {
        ProcessInfo.processInfo.environment["DIPPER_SIMULATION_SEEDS"].flatMap { UInt64($0) } ?? seedCountDefault
    }

    /// Seeds within which a planted defect must be found.
    static let seedsForPlant: UInt64 = 500

    @Test func `every promise holds whatever goes wrong`() {
        var events: [String: Int] = [:]
        for seed in 1...Self.seedCount {
            let outcome = Simulation.run(seed: seed)
            events.merge(outcome.events) { $0 + $1 }
            if outcome.violations.isEmpty { continue }
            Issue.record("seed \(seed), again by bin/simulate --from \(seed) --seeds 1: \(outcome.violations)")
        }
        guard Self.seedCount >= Self.seedsForAllPaths else { return }
        for path in [
            "append/answer-lost", "append/delayed", "append/doubled", "commit/answer-lost", "commit/delayed",
            "commit/doubled", "commit/kill-after", "commit/kill-before", "commit/refused", "apply/doubled",
            "apply/answer-lost", "power-loss", "second-engine", "commit-conflict", "committed-by-others",
            "client-retry", "delivered-late", "clock-jump",
        ] {
            #expect(events[path] ?? 0 > 0, "no seed took \(path)")
        }
    }

    @Test(arguments: Plant.allCases) func `a planted defect is found`(_ plant: Plant) {
        for seed in 1...Self.seedsForPlant where !Simulation.run(seed: seed, plant: plant).violations.isEmpty {
            print("\(plant.rawValue) was found after \(seed) seeds")
            return
        }
        Issue.record("\(plant.rawValue) was not found in \(Self.seedsForPlant) seeds")
    }
}

import LakeModel
import LakeTesting

/// What one seed has led to.
package struct SimulationOutcome: Sendable {
    package let seed: UInt64
    /// What went against a promise; empty for a good run.
    package let violations: [String]
    /// How often each fault was taken, and other events.
    package let events: [String: Int]
    /// Equal for equal runs.
    package let digest: UInt64
}

/// The breaking machine: engines, clients and other engines over stores that fail, all decided by one seed.
///
/// Steps: start an engine; let clients write, engines work, die and come back, others commit in between; then let nothing
/// go wrong any more, work everything, and check (``SimulationChecker``).
package enum Simulation {
    package static func run(seed: UInt64, plant: Plant? = nil) -> SimulationOutcome {
        let world = SimulationWorld(seed: seed, plant: plant)
        world.executor.run { [surroundings = world.surroundings] in
            await Surroundings.$simulated.withValue(surroundings) { await scenario(world) }
        }
        var events = world.faultCounts
        events["torn-or-lost-on-disk"] = world.disk.damageCount
        return SimulationOutcome(seed: seed, violations: world.violations, events: events, digest: world.digest)
    }

    private static func scenario(_ world: SimulationWorld) async {
        let tables = [
            [SimulatedTables.items], [SimulatedTables.items], [SimulatedTables.events],
            [SimulatedTables.items, SimulatedTables.events],
        ][world.below(4)]
        let fleet = Fleet(world: world, tables: tables)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await fleet.supervise() }
            group.addTask { await fleet.work() }
            let clientCount = 1 + world.below(3)
            await withTaskGroup(of: Void.self) { actors in
                for number in 0..<clientCount {
                    let count = 1 + world.below(6)
                    let client = SimulatedClient(number: number, world: world, fleet: fleet)
                    actors.addTask { await client.work(writes: count) }
                }
                let operations = world.below(5)
                actors.addTask { await ForeignEngine(world: world, fleet: fleet).work(operations: operations) }
            }
            fleet.isOpen = false
        }
        world.calm()
        guard !world.isStopped, let last = await fleet.settle() else { return }
        await SimulationChecker(world: world, fleet: fleet, last: last).check()
    }
}

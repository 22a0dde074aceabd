import CatalogService
import EventLog
internal import Foundation
import LakeModel
import LakeTesting
import ObjectStorage
import OperationalStore

/// Everything outside the processes: stores, disk, clock, network, and the faults that befall them.
///
/// `@unchecked Sendable`: used on the thread of the simulation's executor alone.
final class SimulationWorld: @unchecked Sendable {
    let executor: SimulationExecutor
    let plant: Plant?
    /// Decides about faults and the clock.
    var random: SeededRandom
    /// Decides about ids and names; apart, so that their number does not change what happens.
    private var names: SeededRandom
    private(set) var nowMicroseconds: Int64 = 1_700_000_000_000_000

    let log: MemoryEventLog
    let catalog = MemoryCatalogStore()
    let operational = MemoryOperationalStore()
    var disk = SimulatedDisk()

    private(set) var processes: [SimulatedProcess] = []
    /// Faults that may still happen, so that every run comes to an end.
    private(set) var faultsLeft: Int
    /// One call in so many sees what was under way arrive.
    private static let callsPerDelivery: UInt64 = 20
    /// One call in so many gets a fault.
    private let callsPerFault: UInt64
    private(set) var faultCounts: [String: Int] = [:]
    /// What was done late or twice, to arrive one day.
    private var underWay: [@Sendable () async -> Void] = []
    /// Of all calls and their fates, in order: equal for equal runs.
    private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    private var clockJumpsLeft = 3
    /// Lake commits in the order in which they took place.
    var history: [AppliedCommit] = []
    /// The newest right to commit that was given.
    var newestFences: [String: Int64] = [:]
    private(set) var isStopped = false
    /// Commits after which a run goes in circles; a good one has far below a hundred.
    static let commitsMax = 150
    /// What must never happen and was seen while it did.
    var violations: [String] = []

    init(seed: UInt64, plant: Plant?) {
        var root = SeededRandom(quietSeed: seed)
        executor = SimulationExecutor(random: SeededRandom(quietSeed: root.next()))
        random = SeededRandom(quietSeed: root.next())
        names = SeededRandom(quietSeed: root.next())
        self.plant = plant
        faultsLeft = Int(root.next() % 13)
        callsPerFault = [15, 40, 100, 250][Int(root.next() % 4)]
        let clock = Clock()
        log = MemoryEventLog(incarnation: "simulated", nowMicroseconds: { clock.now?() ?? 0 })
        clock.now = { [unowned self] in self.tick() }
    }

    /// Breaks the circle of world, log and clock.
    ///
    /// `@unchecked Sendable`: as the world.
    private final class Clock: @unchecked Sendable { var now: (@Sendable () -> Int64)? }

    var surroundings: Surroundings {
        Surroundings(
            nowMicroseconds: { [unowned self] in tick() }, randomBits: { [unowned self] in names.next() })
    }

    /// The time, which goes on with each look, and jumps at times, backwards too.
    private func tick() -> Int64 {
        nowMicroseconds += Int64(random.next() % 900)
        if clockJumpsLeft > 0, faultsLeft > 0, chance(300) {
            clockJumpsLeft -= 1
            count("clock-jump")
            nowMicroseconds += Int64(random.next() % 7_200_000_000) - 3_600_000_000
        }
        return nowMicroseconds
    }

    /// True once in `count` times.
    func chance(_ count: UInt64) -> Bool { random.next() % count == 0 }

    func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }

    func count(_ event: String) { faultCounts[event, default: 0] += 1 }

    func violate(_ message: String) { violations.append(message) }

    func turn() async { await executor.turn() }

    // MARK: Processes

    func start(_ process: SimulatedProcess) { processes.append(process) }

    func kill(_ process: SimulatedProcess) {
        process.isAlive = false
        processes.removeAll { $0 === process }
    }

    /// All processes end, and the disk forgets.
    func losePower() {
        for process in processes { kill(process) }
        disk.losePower(&random)
        count("power-loss")
    }

    /// Ends a run that goes in circles: every further call fails.
    func stop(_ why: String) {
        violate("progress: \(why)")
        isStopped = true
        for process in processes { kill(process) }
    }

    /// From now on nothing goes wrong any more.
    func calm() { faultsLeft = 0 }

    // MARK: Calls

    /// Does `effect` for a process, or lets it fail in one of the ways that a call can.
    ///
    /// - Parameter unknown: the error of a caller that hears nothing.
    func call<Value: Sendable>(
        _ kind: StoreCall, of process: SimulatedProcess, refusal: @autoclosure () -> any Error,
        unknown: @autoclosure () -> any Error, _ effect: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        if isStopped { throw ProcessKilled() }
        try process.checkAlive()
        if random.next() % 3 == 0 { await turn() }
        if !underWay.isEmpty, chance(Self.callsPerDelivery) { _ = await deliver() }
        try process.checkAlive()
        let fault = drawFault(kind)
        note(kind, fault)
        switch fault {
        case nil: break
        case .refused: throw refusal()
        case .killBefore:
            kill(process)
            throw ProcessKilled()
        case .powerLossBefore:
            losePower()
            throw ProcessKilled()
        case .delayed:
            underWay.append { _ = try? await effect() }
            throw unknown()
        case .doubled, .answerLost, .killAfter, .powerLossAfter: break
        }
        let value = try await effect()
        switch fault {
        case .doubled: underWay.append { _ = try? await effect() }
        case .answerLost: throw unknown()
        case .killAfter:
            kill(process)
            throw ProcessKilled()
        case .powerLossAfter:
            losePower()
            throw ProcessKilled()
        default: break
        }
        if random.next() % 4 == 0 {
            await turn()
            try process.checkAlive()
        }
        return value
    }

    /// Delivers one of the calls that are under way.
    /// - Returns: whether there was one.
    func deliver() async -> Bool {
        guard !underWay.isEmpty else { return false }
        let call = underWay.remove(at: below(underWay.count))
        count("delivered-late")
        await call()
        return true
    }

    func drawFault(_ kind: StoreCall) -> Fault? {
        // Reads and disk steps are most of all calls; what changes something shall not starve.
        let rarity: UInt64 =
            switch kind {
            case .append, .commit, .apply, .fence: 1
            case .deleteObject: 2
            case .diskStep, .readLog, .readCatalog, .readOperational, .readObject: 8
            }
        guard faultsLeft > 0, chance(callsPerFault * rarity) else { return nil }
        let fault = kind.faults[below(kind.faults.count)]
        faultsLeft -= 1
        count("\(kind.rawValue)/\(fault.rawValue)")
        return fault
    }

    private func note(_ kind: StoreCall, _ fault: Fault?) {
        for byte in kind.rawValue.utf8 { mix(byte) }
        for byte in (fault?.rawValue ?? "-").utf8 { mix(byte) }
    }

    private func mix(_ byte: UInt8) {
        digest ^= UInt64(byte)
        digest &*= 0x0000_0100_0000_01B3
    }
}

/// One `dipper` process, or another engine's.
///
/// `@unchecked Sendable`: as the world.
final class SimulatedProcess: @unchecked Sendable {
    let name: String
    var isAlive = true

    init(name: String) { self.name = name }

    func checkAlive() throws { if !isAlive { throw ProcessKilled() } }
}

/// A commit as the catalog took it.
struct AppliedCommit: Sendable {
    var commit: CatalogCommit
    var change: ForeignChange?
}

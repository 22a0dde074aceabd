import CatalogService
import Ingestion
import LakeModel
import Logging

/// A running engine and the process that it runs in.
///
/// `@unchecked Sendable`: used on the simulation's thread alone.
final class EngineProcess: @unchecked Sendable {
    let process: SimulatedProcess
    let engine: LakeEngine
    let tables: LakeTables

    init(process: SimulatedProcess, engine: LakeEngine, tables: LakeTables) {
        self.process = process
        self.engine = engine
        self.tables = tables
    }
}

/// The engines over the same stores: started, killed, started again, and at times two at once, of which the older is
/// fenced off.
///
/// `@unchecked Sendable`: used on the simulation's thread alone.
final class Fleet: @unchecked Sendable {
    let world: SimulationWorld
    let tables: [TableDeclaration]
    private(set) var engines: [EngineProcess] = []
    var writes: [ClientWrite] = []
    /// Whether clients and other engines still work.
    var isOpen = true
    /// Whether files are worked in slices as small as can be, with batches let in between. Other engines only rewrite and
    /// expire then: what they do to rows would depend on how far a file has got.
    let isSliced: Bool
    private var doubted: Set<ObjectIdentifier> = []
    private var started = 0

    /// Bytes of a chunk of a sliced file: two or three rows.
    private static let chunkBytes = 64
    private static let startsMax = 200
    private static let waitsForProcessMax = 2_000

    init(world: SimulationWorld, tables: [TableDeclaration]) {
        self.world = world
        self.tables = tables
        isSliced = world.chance(4)
    }

    func doubt(_ write: ClientWrite) { doubted.insert(ObjectIdentifier(write)) }

    func hasDoubt(_ write: ClientWrite) -> Bool { doubted.contains(ObjectIdentifier(write)) }

    var living: [EngineProcess] { engines.filter(\.process.isAlive) }

    /// Any engine that runs; waits for one.
    func anyProcess() async -> EngineProcess? {
        for _ in 0..<Self.waitsForProcessMax where !world.isStopped {
            let living = living
            if !living.isEmpty { return living[world.below(living.count)] }
            await world.turn()
        }
        world.violate("progress: no engine came up")
        return nil
    }

    /// Keeps an engine running, and starts a second one at times.
    func supervise() async {
        while isOpen {
            if living.isEmpty {
                await start()
            } else if world.faultsLeft > 0, started < 8, world.chance(60) {
                world.count("second-engine")
                await start()
            }
            if world.chance(8) { _ = await world.deliver() }
            await world.turn()
        }
    }

    /// Starts an engine; a start that fails is not repeated here.
    @discardableResult func start(isLast: Bool = false) async -> EngineProcess? {
        guard started < Self.startsMax, !world.isStopped else {
            world.violate("progress: engines do not stay up")
            isOpen = false
            return nil
        }
        started += 1
        let process = SimulatedProcess(name: "engine-\(started)")
        world.start(process)
        do {
            let started = try await engine(in: process)
            engines.append(started)
            return started
        } catch {
            world.count("start-failed")
            if isLast { world.violate("start: \(error)") }
            world.kill(process)
            return nil
        }
    }

    private func engine(in process: SimulatedProcess) async throws -> EngineProcess {
        var limits = IngestionLimits()
        limits.recordsPerCommitMax = 1 + world.below(4)
        limits.contestedBytesMax = world.chance(2) ? 1 : limits.contestedBytesMax
        if isSliced {
            limits.chunkBytes = Self.chunkBytes
            limits.sliceMilliseconds = 0
        }
        let objects = SimulatedObjectStore(world: world, process: process)
        let catalog = SimulatedCatalog(world: world, process: process)
        let ingestion = DipperIngestion(
            model: LakeDeclaration(tables: tables), log: SimulatedLog(world: world, process: process),
            objects: objects, catalog: catalog, limits: limits)
        let lake = LakeTables(catalog: catalog, objects: objects)
        let engine = try await LakeEngine(
            ingestion: ingestion, tables: lake,
            operational: SimulatedOperationalStore(world: world, process: process), threads: 1,
            executor: world.executor, logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() })
        return EngineProcess(process: process, engine: engine, tables: lake)
    }

    /// The life of the engines: each works what is in the log, again and again, until it is killed or the run ends.
    func work() async {
        var known = 0
        await withTaskGroup(of: Void.self) { group in
            while isOpen {
                while known < engines.count {
                    let engine = engines[known]
                    known += 1
                    group.addTask { await self.work(engine) }
                }
                await world.turn()
            }
        }
    }

    private func work(_ engine: EngineProcess) async {
        while isOpen, engine.process.isAlive {
            do {
                try await engine.engine.drain(operational: true)
            } catch {
                world.count("round-failed")
            }
            await world.turn()
        }
    }

    /// Ends all engines and lets a new one work everything, with nothing going wrong any more.
    /// - Returns: that engine; `nil` when the end was not reached.
    func settle() async -> EngineProcess? {
        while await world.deliver() {}
        if world.chance(3) { world.losePower() }
        for engine in engines { world.kill(engine.process) }
        guard let last = await start(isLast: true) else { return nil }
        for _ in 0..<Self.roundsAtEnd {
            do {
                try await last.engine.drain(operational: true)
                return last
            } catch {
                world.count("round-failed-at-end")
                lastError = error
            }
        }
        world.violate("progress: the last engine cannot finish: \(lastError.map { "\($0)" } ?? "")")
        return nil
    }

    private var lastError: (any Error)?
    private static let roundsAtEnd = 3
}

import LakeTesting
import ObjectStorage
import Synchronization
import Testing

@testable import LakeSimulation

@Suite struct SimulatedObjectStoreTests {
    /// Disk calls with the root taken off, and without the names of temporary files.
    private static func plain(_ call: DiskCall, root: String) -> DiskCall {
        func cut(_ path: String) -> String { path == root ? "" : String(path.dropFirst(root.count + 1)) }
        switch call {
        case .createDirectory(let path): return .createDirectory(cut(path))
        case .createFile: return .createFile("")
        case .syncDirectory(let path): return .syncDirectory(cut(path))
        case .publish(let path): return .publish(cut(path))
        case .write, .syncFile: return call
        }
    }

    private static func exercise(_ store: any ObjectStore) async throws {
        try await store.put("a/b/k", bytes: [1, 2, 3], ifAbsent: true)
        try await store.put("a/b/l", bytes: [4], ifAbsent: false)
        let writer = try await store.makeWriter("a/c/m")
        let bytes: [UInt8] = [5, 6]
        unsafe try writer.write(bytes.span.bytes)
        #expect(try await writer.finish(as: "a/d/m", ifAbsent: true))
        let again = try await store.makeWriter("x")
        unsafe try again.write(bytes.span.bytes)
        #expect(try await !again.finish(as: "a/d/m", ifAbsent: true))
        await #expect(throws: ObjectStoreError.self) { try await store.put("a/b/k", bytes: [7], ifAbsent: true) }
        #expect(try await store.get("a/b/k", bytesMax: 10) == [1, 2, 3])
        try await store.delete("a/b/k")
        #expect(try await store.info("a/b/k") == nil)
    }

    /// What the simulation finds out about power losses is worth as much as this holds.
    @Test func `the simulated store makes the disk calls of the real one, in their order`() async throws {
        let folder = try TemporaryFolder()
        let root = folder.file("lake")
        let real = Mutex<[DiskCall]>([])
        let store = try LocalObjectStore(root: root) { call in
            real.withLock { $0.append(call) }
            return 0
        }
        real.withLock { $0 = [] }
        try await Self.exercise(store)

        let world = SimulationWorld(seed: 1, plant: nil)
        world.calm()
        let simulated = Mutex<[DiskCall]>([])
        let failure = world.executor.run { () -> String? in
            let store = SimulatedObjectStore(world: world, process: SimulatedProcess(name: "test"))
            store.hook = { call in simulated.withLock { $0.append(call) } }
            do {
                try await Self.exercise(store)
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(failure == nil)
        let calls = real.withLock { $0 }.map { Self.plain($0, root: root) }
        #expect(simulated.withLock { $0 } == calls)
    }

    @Test func `a power loss takes what was not synced, and nothing else`() {
        var random = SeededRandom(purpose: "power losses")
        for _ in 0..<200 {
            var disk = SimulatedDisk()
            disk.createFolder("a")
            disk.syncFolder("")
            let safe = disk.createFile()
            disk.write(safe, [1, 2, 3])
            disk.syncFile(safe)
            let isSafeNew = disk.publish(safe, as: "a/safe", exclusive: true)
            #expect(isSafeNew)
            disk.syncFolder("a")
            let torn = disk.createFile()
            disk.write(torn, [4, 5, 6])
            let isTornNew = disk.publish(torn, as: "a/torn", exclusive: true)
            #expect(isTornNew)
            disk.losePower(&random)
            #expect(disk.bytes("a/safe") == [1, 2, 3])
            let left = disk.bytes("a/torn")
            #expect(left == nil || (left?.count ?? 9) <= 3)
        }
    }
}

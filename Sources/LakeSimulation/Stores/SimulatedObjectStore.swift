import LakeModel
import LakeTesting
import ObjectStorage

/// The local object store of one process on the simulated disk: the same disk calls in the same order, which a test
/// holds against the real one.
///
/// `@unchecked Sendable`: used on the simulation's thread alone.
final class SimulatedObjectStore: ObjectStore, @unchecked Sendable {
    static let prefix = "file:///simulated"

    let locationPrefix = SimulatedObjectStore.prefix
    let world: SimulationWorld
    let process: SimulatedProcess
    private var durableFolders: Set<String> = [""]
    /// Watches the disk calls, for the test.
    var hook: ((DiskCall) -> Void)?

    init(world: SimulationWorld, process: SimulatedProcess) {
        self.world = world
        self.process = process
    }

    func put(_ key: String, bytes: [UInt8], ifAbsent: Bool) async throws {
        try ObjectKey.validate(key)
        let file = try await createFile()
        let isOurs = try await finish(file, bytes, as: key, ifAbsent: ifAbsent)
        if !isOurs { throw ObjectStoreError.exists(key) }
    }

    func makeWriter(_ key: String) async throws -> any ObjectWriter {
        try ObjectKey.validate(key)
        return SimulatedObjectWriter(store: self, key: key, file: try await createFile())
    }

    func get(_ key: String, bytesMax: Int) async throws -> [UInt8] {
        try ObjectKey.validate(key)
        return try await read { [world] in
            guard let bytes = world.disk.bytes(key) else { throw ObjectStoreError.missing(key) }
            guard bytes.count <= bytesMax else {
                throw ObjectStoreError.tooLarge(key, byteCount: bytes.count, bytesMax: bytesMax)
            }
            return bytes
        }
    }

    func open(_ key: String) async throws -> any RandomAccessSource {
        MemorySource(try await get(key, bytesMax: .max))
    }

    func info(_ key: String) async throws -> ObjectInfo? {
        try ObjectKey.validate(key)
        return try await read { [world] in
            world.disk.bytes(key).map { ObjectInfo(key: key, byteCount: $0.count, modifiedMicroseconds: 0) }
        }
    }

    func delete(_ key: String) async throws {
        try ObjectKey.validate(key)
        let error = Self.failure("deleting")
        try await world.call(.deleteObject, of: process, refusal: error, unknown: error) { [world] in
            world.disk.remove(key)
        }
    }

    func list(prefix: String, after: String?, limit: Int) async throws -> [ObjectInfo] {
        try await read { [world] in
            let keys = world.disk.keys.filter { key in
                key.hasPrefix(prefix) && after.map { ObjectKey.precedes($0, key) } ?? true
            }
            return keys.sorted(by: ObjectKey.precedes).prefix(limit).map { key in
                ObjectInfo(key: key, byteCount: world.disk.bytes(key)?.count ?? 0, modifiedMicroseconds: 0)
            }
        }
    }

    private func read<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let error = Self.failure("reading")
        return try await world.call(.readObject, of: process, refusal: error, unknown: error) { try body() }
    }

    // MARK: The steps of a write

    private func createFile() async throws -> Int {
        try await step(.createFile("")) { $0.createFile() }
    }

    fileprivate func finish(_ file: Int, _ bytes: [UInt8], as key: String, ifAbsent: Bool) async throws -> Bool {
        let leftOut = world.plant == .missingFsync ? world.below(2) : nil
        let bytes = planted(bytes, key)
        if !bytes.isEmpty { try await step(.write(byteCount: bytes.count)) { $0.write(file, bytes) } }
        if leftOut != 0 { try await step(.syncFile) { $0.syncFile(file) } }
        let folder = SimulatedDisk.parent(key)
        try await makeDurable(folder)
        let isOurs = try await step(.publish(key)) { $0.publish(file, as: key, exclusive: ifAbsent) }
        if leftOut != 1 { try await step(.syncDirectory(folder)) { $0.syncFolder(folder) } }
        return isOurs
    }

    /// A metadata file without the lake's watermarks, when that defect is planted.
    private func planted(_ bytes: [UInt8], _ key: String) -> [UInt8] {
        guard world.plant == .lostWatermark, key.hasSuffix(".metadata.json") else { return bytes }
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.split(separator: "dipper.log.", omittingEmptySubsequences: false)
        return Array(parts.joined(separator: "dipper.lot.").utf8)
    }

    private func makeDurable(_ folder: String) async throws {
        if durableFolders.contains(folder) { return }
        let parent = SimulatedDisk.parent(folder)
        try await makeDurable(parent)
        try await step(.createDirectory(folder)) { $0.createFolder(folder) }
        try await step(.syncDirectory(parent)) { $0.syncFolder(parent) }
        durableFolders.insert(folder)
    }

    private func step<Value: Sendable>(
        _ call: DiskCall, _ effect: @escaping @Sendable (inout SimulatedDisk) -> Value
    ) async throws -> Value {
        hook?(call)
        let error = Self.failure("\(call)")
        return try await world.call(.diskStep, of: process, refusal: error, unknown: error) { [world] in
            effect(&world.disk)
        }
    }

    private static func failure(_ action: String) -> ObjectStoreError {
        ObjectStoreError(code: "disk-full", message: "\(action) failed in the simulation", isRetryable: true)
    }
}

/// `@unchecked Sendable`: used on the simulation's thread alone.
private final class SimulatedObjectWriter: ObjectWriter, @unchecked Sendable {
    private let store: SimulatedObjectStore
    private let key: String
    private let file: Int
    private var bytes: [UInt8]? = []

    init(store: SimulatedObjectStore, key: String, file: Int) {
        self.store = store
        self.key = key
        self.file = file
    }

    func write(_ span: RawSpan) throws {
        guard bytes != nil else { throw Self.closed }
        unsafe span.withUnsafeBytes { unsafe bytes?.append(contentsOf: $0) }
    }

    @discardableResult func finish(as name: String?, ifAbsent: Bool) async throws -> Bool {
        guard let whole = bytes.take() else { throw Self.closed }
        try ObjectKey.validate(name ?? key)
        return try await store.finish(file, whole, as: name ?? key, ifAbsent: ifAbsent)
    }

    func abort() async { bytes = nil }

    private static var closed: ObjectStoreError {
        ObjectStoreError(code: "writer-closed", message: "the writer is finished or aborted")
    }
}

import LakeModel
import ObjectStorage
import Synchronization

/// Counts how often data files are opened.
final class CountingObjects: ObjectStore {
    private let store: any ObjectStore
    private let opened = Mutex<[String]>([])

    init(_ store: any ObjectStore) { self.store = store }

    /// Keys of the data files opened since the last call.
    func takeOpened() -> [String] {
        opened.withLock { keys in
            defer { keys = [] }
            return keys
        }
    }

    var locationPrefix: String { store.locationPrefix }

    func put(_ key: String, bytes: [UInt8], ifAbsent: Bool) async throws {
        try await store.put(key, bytes: bytes, ifAbsent: ifAbsent)
    }

    func makeWriter(_ key: String) async throws -> any ObjectWriter { try await store.makeWriter(key) }

    func get(_ key: String, bytesMax: Int) async throws -> [UInt8] { try await store.get(key, bytesMax: bytesMax) }

    func open(_ key: String) async throws -> any RandomAccessSource {
        if key.contains("/silver/"), key.contains("/data/") { opened.withLock { $0.append(key) } }
        return try await store.open(key)
    }

    func info(_ key: String) async throws -> ObjectInfo? { try await store.info(key) }

    func delete(_ key: String) async throws { try await store.delete(key) }

    func list(prefix: String, after: String?, limit: Int) async throws -> [ObjectInfo] {
        try await store.list(prefix: prefix, after: after, limit: limit)
    }
}

import Foundation
package import LakeModel
package import ObjectStorage
import Synchronization

/// Objects in a dictionary, by the same rules as a real store.
package final class MemoryObjectStore: ObjectStore {
    private struct Stored {
        var bytes: [UInt8]
        var modifiedMicroseconds: Int64
    }

    package let locationPrefix: String
    package let hooks = FaultHooks()
    private let objects = Mutex<[String: Stored]>([:])

    package init(locationPrefix: String = "memory://lake") { self.locationPrefix = locationPrefix }

    package func put(_ key: String, bytes: [UInt8], ifAbsent: Bool) async throws {
        try ObjectKey.validate(key)
        try await hooks.before("put")
        guard store(key, bytes, ifAbsent: ifAbsent) else { throw ObjectStoreError.exists(key) }
        try await hooks.after("put")
    }

    package func makeWriter(_ key: String) async throws -> any ObjectWriter {
        try ObjectKey.validate(key)
        try await hooks.before("makeWriter")
        return MemoryObjectWriter(store: self, key: key)
    }

    package func get(_ key: String, bytesMax: Int) async throws -> [UInt8] {
        let bytes = try found(key).bytes
        guard bytes.count <= bytesMax else {
            throw ObjectStoreError.tooLarge(key, byteCount: bytes.count, bytesMax: bytesMax)
        }
        return bytes
    }

    package func open(_ key: String) async throws -> any RandomAccessSource { MemorySource(try found(key).bytes) }

    package func info(_ key: String) async throws -> ObjectInfo? {
        try ObjectKey.validate(key)
        return objects.withLock { $0[key] }.map { Self.info(key, $0) }
    }

    package func delete(_ key: String) async throws {
        try ObjectKey.validate(key)
        try await hooks.before("delete")
        _ = objects.withLock { $0.removeValue(forKey: key) }
        try await hooks.after("delete")
    }

    package func list(prefix: String, after: String?, limit: Int) async throws -> [ObjectInfo] {
        let prefixBytes = Array(prefix.utf8)
        let all = objects.withLock { $0 }
        let keys = all.keys.filter { key in
            Array(key.utf8).starts(with: prefixBytes) && after.map { ObjectKey.precedes($0, key) } ?? true
        }
        return keys.sorted(by: ObjectKey.precedes).prefix(max(0, limit)).compactMap { key in
            all[key].map { Self.info(key, $0) }
        }
    }

    /// - Returns: `false` when `ifAbsent` and the key is taken.
    fileprivate func store(_ key: String, _ bytes: [UInt8], ifAbsent: Bool) -> Bool {
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
        return objects.withLock { objects in
            if ifAbsent, objects[key] != nil { return false }
            objects[key] = Stored(bytes: bytes, modifiedMicroseconds: now)
            return true
        }
    }

    private func found(_ key: String) throws -> Stored {
        try ObjectKey.validate(key)
        guard let stored = objects.withLock({ $0[key] }) else { throw ObjectStoreError.missing(key) }
        return stored
    }

    private static func info(_ key: String, _ stored: Stored) -> ObjectInfo {
        ObjectInfo(key: key, byteCount: stored.bytes.count, modifiedMicroseconds: stored.modifiedMicroseconds)
    }
}

private final class MemoryObjectWriter: ObjectWriter {
    private let store: MemoryObjectStore
    private let key: String
    /// `nil` once finished or aborted.
    private let bytes = Mutex<[UInt8]?>([])

    init(store: MemoryObjectStore, key: String) {
        self.store = store
        self.key = key
    }

    func write(_ span: RawSpan) throws {
        try bytes.withLock { bytes in
            guard bytes != nil else { throw closed() }
            for index in 0..<span.byteCount {
                bytes?.append(unsafe span.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            }
        }
    }

    @discardableResult func finish(as name: String?, ifAbsent: Bool) async throws -> Bool {
        let target = name ?? key
        try ObjectKey.validate(target)
        try await store.hooks.before("finish")
        let whole = bytes.withLock { bytes in
            defer { bytes = nil }
            return bytes
        }
        guard let whole else { throw closed() }
        let isOurs = store.store(target, whole, ifAbsent: ifAbsent)
        try await store.hooks.after("finish")
        return isOurs
    }

    func abort() async { bytes.withLock { $0 = nil } }

    private func closed() -> ObjectStoreError {
        ObjectStoreError(code: "writer-closed", message: "the writer is finished or aborted")
    }
}

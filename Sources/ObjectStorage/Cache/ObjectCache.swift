import LakeModel
import Synchronization

/// Objects of a distant store that never change, as files of this machine, for readers that know files only.
///
/// What is wanted is fetched once, however many want it, and stays as long as there is room; what is in use is never removed.
/// The files lie by the objects' keys below one folder, and are there again after a restart.
package final class ObjectCache: Sendable {
    /// Objects that one caller fetches at the same time.
    private static let fetchesMax = 4
    /// Bytes that are copied at a time.
    private static let blockBytes = 4 << 20
    private static let listMax = 10_000

    private struct State {
        var index: CacheIndex
        /// Objects that are being fetched or removed.
        var fetches: [String: Task<Void, any Error>] = [:]
    }

    private let source: any ObjectStore
    private let files: LocalObjectStore
    private let state: Mutex<State>

    /// - Parameters:
    ///   - folder: for nothing else; made if new.
    ///   - bytesMax: bytes of all files at most.
    package init(_ source: any ObjectStore, folder: String, bytesMax: Int) async throws {
        self.source = source
        files = try LocalObjectStore(root: folder)
        state = Mutex(State(index: CacheIndex(bytesMax: bytesMax)))
        var found: [ObjectInfo] = []
        while true {
            let page = try await files.list(prefix: "", after: found.last?.key, limit: Self.listMax)
            found += page
            if page.count < Self.listMax { break }
        }
        found.sort { $0.modifiedMicroseconds < $1.modifiedMicroseconds }
        let surplus = state.withLock { state in
            for info in found { state.index.found(info.key, byteCount: info.byteCount) }
            return state.index.shrink()
        }
        for key in surplus { try await files.delete(key) }
    }

    /// The folder that the files lie in, by their keys, without a trailing slash.
    package var root: String { files.root }

    package var byteCount: Int { state.withLock { $0.index.byteCount } }

    /// The key of a location in the distant store; `nil` for one that lies elsewhere.
    package func key(forLocation location: String) -> String? {
        let prefix = source.locationPrefix + "/"
        guard location.hasPrefix(prefix) else { return nil }
        let key = String(location.dropFirst(prefix.count))
        do {
            try ObjectKey.validate(key)
            return key
        } catch {
            return nil
        }
    }

    /// Files that stay until they are let go.
    package final class Lease: Sendable {
        private let cache: ObjectCache
        private let keys = Mutex<[String]>([])

        fileprivate init(_ cache: ObjectCache) { self.cache = cache }

        fileprivate func add(_ key: String) { keys.withLock { $0.append(key) } }

        deinit { release() }

        package func release() {
            let keys = keys.withLock { keys in
                defer { keys = [] }
                return keys
            }
            cache.state.withLock { state in
                for key in keys { state.index.release(key) }
            }
        }
    }

    /// Makes sure of the files of these objects, fetching those that are missing.
    /// - Throws: `cache-too-small` when they are larger than the cache, `cache-busy` when others' files leave no room;
    ///   `object-missing` and what else the distant store throws.
    package func lease(_ keys: Set<String>) async throws -> Lease {
        let lease = Lease(self)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                var waiting = keys.sorted()[...]
                for _ in 0..<Self.fetchesMax {
                    guard let key = waiting.popFirst() else { break }
                    group.addTask { try await self.hold(key, lease) }
                }
                while try await group.next() != nil {
                    if let key = waiting.popFirst() { group.addTask { try await self.hold(key, lease) } }
                }
            }
        } catch {
            defer { lease.release() }
            guard let error = error as? NoRoom else { throw error }
            throw full(error, of: keys)
        }
        return lease
    }

    /// Takes a file into use, fetching it when it is missing.
    private func hold(_ key: String, _ lease: Lease) async throws {
        while true {
            try Task.checkCancellation()
            let (isThere, fetch) = state.withLock { state -> (Bool, Task<Void, any Error>?) in
                if let fetch = state.fetches[key] { return (false, fetch) }
                if state.index.use(key) { return (true, nil) }
                let fetch = Task { try await self.fetch(key) }
                state.fetches[key] = fetch
                return (false, fetch)
            }
            if isThere { return lease.add(key) }
            try await fetch?.value
        }
    }

    /// What is in use leaves no room for an object.
    private struct NoRoom: Error {
        var key: String
        var byteCount: Int
    }

    private func fetch(_ key: String) async throws {
        defer { state.withLock { $0.fetches[key] = nil } }
        let object = try await source.open(key)
        // Whoever wants a file that is being removed waits until it is gone, and fetches it again.
        let removals = try state.withLock { state -> [Task<Void, any Error>] in
            guard case .made(let evicted) = state.index.admit(key, byteCount: object.byteCount) else {
                throw NoRoom(key: key, byteCount: object.byteCount)
            }
            return evicted.map { old in
                let removal = Task {
                    defer { self.state.withLock { $0.fetches[old] = nil } }
                    try await self.files.delete(old)
                }
                state.fetches[old] = removal
                return removal
            }
        }
        do {
            for removal in removals { try await removal.value }
            let writer = try await files.makeWriter(key)
            do {
                try await files.pool.run {
                    var offset = 0
                    while offset < object.byteCount {
                        let block = try object.read(
                            offset: offset, count: min(Self.blockBytes, object.byteCount - offset))
                        unsafe try writer.write(block.span.bytes)
                        offset += block.count
                    }
                }
                try await writer.finish(as: nil, ifAbsent: false)
            } catch {
                await writer.abort()
                throw error
            }
        } catch {
            state.withLock { $0.index.remove(key) }
            throw error
        }
        // In use for the moment of its coming; whoever waits for it takes it into use next.
        state.withLock { $0.index.release(key) }
    }

    private func full(_ wanted: NoRoom, of keys: Set<String>) -> ObjectStoreError {
        let (bytesMax, heldBytes) = state.withLock { ($0.index.bytesMax, $0.index.byteCount(of: keys)) }
        let place = Place(source: wanted.key)
        guard heldBytes + wanted.byteCount <= bytesMax else {
            return ObjectStoreError(
                code: "cache-too-small",
                message: "the query's files have more than the \(bytesMax) bytes that the cache for queries takes",
                remedy:
                    "raise --query-cache-bytes, or query the table with an engine that reads the object store itself",
                place: place)
        }
        return ObjectStoreError(
            code: "cache-busy", message: "the files of other queries fill the cache for queries",
            remedy: "run the query again a little later", place: place, isRetryable: true)
    }
}

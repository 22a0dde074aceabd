import Foundation
import LakeTesting
import ObjectStorage
import Testing

@Suite struct ObjectCacheTests {
    private let folder: TemporaryFolder
    private let store = MemoryObjectStore(locationPrefix: "s3://lake")

    init() throws { folder = try TemporaryFolder() }

    private func cache(_ bytesMax: Int) async throws -> ObjectCache {
        try await ObjectCache(store, folder: folder.file("cache"), bytesMax: bytesMax)
    }

    private func content(_ cache: ObjectCache, _ key: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(cache.root)/\(key)").map(Array.init)
    }

    @Test func `wanted objects lie as files by their keys, and are there again after a restart`() async throws {
        try await store.put("w/t/a.parquet", bytes: [1, 2], ifAbsent: true)
        try await store.put("w/t/b.parquet", bytes: [3], ifAbsent: true)
        let first = try await cache(10)
        let lease = try await first.lease(["w/t/a.parquet", "w/t/b.parquet"])
        #expect(content(first, "w/t/a.parquet") == [1, 2] && content(first, "w/t/b.parquet") == [3])
        lease.release()
        // It is not asked for again: the store has it no more.
        try await store.delete("w/t/a.parquet")
        let second = try await cache(10)
        _ = try await second.lease(["w/t/a.parquet"])
        #expect(second.byteCount == 3 && content(second, "w/t/a.parquet") == [1, 2])
    }

    @Test func `room is made by what is not in use`() async throws {
        for key in ["a", "b", "c"] { try await store.put(key, bytes: [1, 2, 3, 4], ifAbsent: true) }
        let cache = try await cache(9)
        let a = try await cache.lease(["a"])
        _ = try await cache.lease(["b"])
        let c = try await cache.lease(["c"])
        #expect(content(cache, "b") == nil && content(cache, "a") != nil && content(cache, "c") != nil)
        let busy = await #expect(throws: ObjectStoreError.self) { try await cache.lease(["b"]) }
        #expect(busy?.code == "cache-busy" && busy?.isRetryable == true)
        a.release()
        c.release()
        _ = try await cache.lease(["b"])
        #expect(cache.byteCount <= 9)
    }

    @Test func `files that never fit together are refused for good, and nothing stays in use`() async throws {
        for key in ["a", "b", "c"] { try await store.put(key, bytes: [1, 2, 3, 4], ifAbsent: true) }
        let cache = try await cache(9)
        let error = await #expect(throws: ObjectStoreError.self) { try await cache.lease(["a", "b", "c"]) }
        #expect(error?.code == "cache-too-small" && error?.isRetryable == false)
        _ = try await cache.lease(["a", "b"])
    }

    @Test func `what is missing fails and leaves nothing behind`() async throws {
        let cache = try await cache(9)
        let error = await #expect(throws: ObjectStoreError.self) { try await cache.lease(["none"]) }
        #expect(error?.code == "object-missing" && cache.byteCount == 0)
    }

    @Test func `many who want the same while others push it out all get it`() async throws {
        for number in 0..<8 {
            try await store.put("k\(number)", bytes: [UInt8](repeating: UInt8(number), count: 100), ifAbsent: true)
        }
        let cache = try await cache(500)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    for step in 0..<30 {
                        let number = (task * 7 + step * 3) % 8
                        do {
                            let lease = try await cache.lease(["k\(number)"])
                            let found = content(cache, "k\(number)")
                            #expect(found == [UInt8](repeating: UInt8(number), count: 100))
                            lease.release()
                        } catch let error as ObjectStoreError {
                            #expect(error.code == "cache-busy")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(cache.byteCount <= 500)
    }

    @Test func `locations elsewhere have no key`() async throws {
        let cache = try await cache(9)
        #expect(cache.key(forLocation: "s3://lake/w/a") == "w/a")
        for location in ["s3://lake2/w/a", "s3://lake/../a", "file:///w/a", "s3://lake/"] {
            #expect(cache.key(forLocation: location) == nil)
        }
    }
}

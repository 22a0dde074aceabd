package import ResultCache
import Synchronization

/// A cache in memory without a limit, which can be switched off.
package final class MemoryResultCache: ResultCache {
    private let values = Mutex<[CacheKey: [UInt8]]>([:])
    /// Runs before each call; what it throws, the call throws.
    package let hooks = FaultHooks()

    package init() {}

    package func value(for key: CacheKey) async throws -> [UInt8]? {
        try await hooks.before("value")
        return values.withLock { $0[key] }
    }

    package func store(_ value: [UInt8], for key: CacheKey, lifetimeSeconds: Int) async throws {
        try await hooks.before("store")
        values.withLock { $0[key] = value }
    }

    package func remove(_ key: CacheKey) async throws {
        try await hooks.before("remove")
        values.withLock { $0[key] = nil }
    }

    /// What is stored now.
    package var all: [CacheKey: [UInt8]] { values.withLock { $0 } }
}

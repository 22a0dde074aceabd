/// Bytes by key that may vanish at any time: what was computed once and can be computed again.
///
/// Keys name what a value was computed from, so that a value that is found is right for ever. Implementations pass one
/// conformance suite.
package protocol ResultCache: Sendable {
    /// The value that was stored last under a key, `nil` when there is none (any more).
    /// - Throws: ``CacheError`` `cache-unavailable` when the cache can't be asked.
    func value(for key: CacheKey) async throws -> [UInt8]?

    /// Stores a value, in the place of one that is there. One that is too large for the cache is not kept, which is no error.
    /// - Parameter lifetimeSeconds: after which it is gone at the latest; at least 1.
    /// - Throws: ``CacheError`` `cache-unavailable`.
    func store(_ value: [UInt8], for key: CacheKey, lifetimeSeconds: Int) async throws

    /// Removes a value; one that is not there is no error.
    /// - Throws: ``CacheError`` `cache-unavailable`.
    func remove(_ key: CacheKey) async throws
}

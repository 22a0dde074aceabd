import Synchronization

/// Values in the memory of this process, within a fixed number of bytes; those not used for longest go first.
package final class LRUResultCache: ResultCache {
    /// Bytes of one value at most, as a part of all: a single answer must not throw out all others.
    private static let valueShare = 8
    /// What an entry takes besides its value, about: key, links and their places in tables.
    static let entryBytes = 256

    fileprivate struct Entry {
        var key: CacheKey
        var value: [UInt8]
        /// Milliseconds of the cache's clock.
        var endsAt: Int64
        /// Neighbours by use: towards the newest and towards the oldest.
        var newer: Int?
        var older: Int?
    }

    fileprivate struct State {
        var places: [CacheKey: Int] = [:]
        var entries: [Entry?] = []
        var free: [Int] = []
        var newest: Int?
        var oldest: Int?
        var byteCount = 0
        var evictions = 0
    }

    private let state = Mutex(State())
    private let bytesMax: Int
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - bytesMax: of values and what goes with them.
    ///   - nowMilliseconds: of any clock that does not go back.
    package init(bytesMax: Int, nowMilliseconds: @escaping @Sendable () -> Int64 = LRUResultCache.uptime) {
        self.bytesMax = bytesMax
        now = nowMilliseconds
    }

    private static let start = ContinuousClock.now
    package static let uptime: @Sendable () -> Int64 = { Int64((ContinuousClock.now - start) / .milliseconds(1)) }

    /// Bytes held now, and how many values were thrown out to make room.
    package var usage: (byteCount: Int, count: Int, evictions: Int) {
        state.withLock { ($0.byteCount, $0.places.count, $0.evictions) }
    }

    package var valueBytesMax: Int { bytesMax / Self.valueShare }

    package func value(for key: CacheKey) async throws -> [UInt8]? { found(key) }
    package func remove(_ key: CacheKey) async throws { drop(key) }

    package func store(_ value: [UInt8], for key: CacheKey, lifetimeSeconds: Int) async throws {
        keep(value, for: key, lifetimeSeconds: lifetimeSeconds)
    }

    /// - Complexity: O(1).
    func found(_ key: CacheKey) -> [UInt8]? {
        let now = now()
        return state.withLock { state in
            guard let place = state.places[key], let entry = state.entries[place] else { return nil }
            if entry.endsAt <= now {
                state.remove(key)
                return nil
            }
            state.touch(place)
            return entry.value
        }
    }

    func drop(_ key: CacheKey) { state.withLock { $0.remove(key) } }

    /// - Complexity: O(1), and O(1) for each value that has to go.
    func keep(_ value: [UInt8], for key: CacheKey, lifetimeSeconds: Int) {
        let endsAt = now() + Int64(lifetimeSeconds) * 1_000
        state.withLock { state in
            state.remove(key)
            guard value.count + Self.entryBytes <= bytesMax, value.count <= valueBytesMax else { return }
            state.insert(Entry(key: key, value: value, endsAt: endsAt))
            while state.byteCount > bytesMax, let oldest = state.oldest, let entry = state.entries[oldest] {
                state.remove(entry.key)
                state.evictions += 1
            }
        }
    }
}

extension LRUResultCache.State {
    fileprivate mutating func insert(_ entry: LRUResultCache.Entry) {
        let place: Int
        if let free = free.popLast() {
            place = free
            entries[place] = entry
        } else {
            place = entries.count
            entries.append(entry)
        }
        places[entry.key] = place
        byteCount += entry.value.count + LRUResultCache.entryBytes
        link(place)
    }

    fileprivate mutating func remove(_ key: CacheKey) {
        guard let place = places.removeValue(forKey: key), let entry = entries[place] else { return }
        unlink(place)
        byteCount -= entry.value.count + LRUResultCache.entryBytes
        entries[place] = nil
        free.append(place)
    }

    fileprivate mutating func touch(_ place: Int) {
        guard newest != place else { return }
        unlink(place)
        link(place)
    }

    /// As the newest.
    private mutating func link(_ place: Int) {
        entries[place]?.newer = nil
        entries[place]?.older = newest
        if let newest { entries[newest]?.newer = place }
        newest = place
        if oldest == nil { oldest = place }
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (entries[place]?.newer, entries[place]?.older)
        if let newer { entries[newer]?.older = older } else { newest = older }
        if let older { entries[older]?.newer = newer } else { oldest = newer }
    }
}

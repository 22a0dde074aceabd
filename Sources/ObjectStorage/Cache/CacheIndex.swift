/// Which objects a cache holds, which of them are in use, and which go first when room is needed: those not used for longest.
///
/// A plain value: it knows sizes and names, and touches no file.
struct CacheIndex: Sendable {
    private struct Entry {
        var byteCount: Int
        /// Of the cache's own count of uses.
        var lastUse: UInt64
        var users: Int
    }

    let bytesMax: Int
    private var entries: [String: Entry] = [:]
    private(set) var byteCount = 0
    private var uses: UInt64 = 0

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    func byteCount(of keys: Set<String>) -> Int { keys.reduce(0) { $0 + (entries[$1]?.byteCount ?? 0) } }

    /// Takes in what lies there from before, the one used longest ago first.
    mutating func found(_ key: String, byteCount: Int) {
        guard entries[key] == nil else { return }
        uses += 1
        entries[key] = Entry(byteCount: byteCount, lastUse: uses, users: 0)
        self.byteCount += byteCount
    }

    /// Marks an object as in use.
    /// - Returns: `false` when it is not there.
    mutating func use(_ key: String) -> Bool {
        guard entries[key] != nil else { return false }
        uses += 1
        entries[key]?.lastUse = uses
        entries[key]?.users += 1
        return true
    }

    mutating func release(_ key: String) {
        guard let users = entries[key]?.users, users > 0 else { return }
        entries[key]?.users = users - 1
    }

    enum Room: Sendable, Hashable {
        /// These objects are to be removed; the new one counts from now on, as in use.
        case made(evicting: [String])
        /// What is in use leaves no room.
        case none
    }

    /// Makes room for a new object.
    /// - Complexity: O(n log n) for n objects when something has to go, else O(1).
    mutating func admit(_ key: String, byteCount needed: Int) -> Room {
        var evicted: [String] = []
        if byteCount + needed > bytesMax {
            var left = byteCount + needed - bytesMax
            for (name, entry) in entries.filter({ $0.value.users == 0 }).sorted(by: {
                $0.value.lastUse < $1.value.lastUse
            }) {
                if left <= 0 { break }
                evicted.append(name)
                left -= entry.byteCount
            }
            if left > 0 { return .none }
        }
        for name in evicted { remove(name) }
        uses += 1
        entries[key] = Entry(byteCount: needed, lastUse: uses, users: 1)
        byteCount += needed
        return .made(evicting: evicted)
    }

    mutating func remove(_ key: String) {
        if let entry = entries.removeValue(forKey: key) { byteCount -= entry.byteCount }
    }

    /// Forgets what is too much, for a start with less room than before.
    /// - Returns: the objects to be removed.
    mutating func shrink() -> [String] {
        var evicted: [String] = []
        for (name, entry) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse })
        where byteCount > bytesMax && entry.users == 0 {
            evicted.append(name)
            remove(name)
        }
        return evicted
    }
}

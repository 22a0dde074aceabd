/// A set of 64-bit key hashes, open addressing with linear probing.
///
/// It answers "certainly new" or "perhaps there": whoever gets the second answer confirms it on the stored rows.
struct HashedKeySet: Sendable {
    /// Zero marks a free slot; the hash 0 is stored as 1, which only makes one more "perhaps".
    private var slots: [UInt64]
    private(set) var count = 0

    /// Slots are at most this full, in parts of 8.
    private static let fillEighthsMax = 5

    init() { slots = [UInt64](repeating: 0, count: 1024) }

    func contains(_ hash: UInt64) -> Bool {
        let hash = max(hash, 1)
        var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[index] != 0 {
            if slots[index] == hash { return true }
            index = (index + 1) & (slots.count - 1)
        }
        return false
    }

    /// - Returns: whether the hash was new.
    @discardableResult mutating func insert(_ hash: UInt64) -> Bool {
        if (count + 1) * 8 > slots.count * Self.fillEighthsMax { grow() }
        let hash = max(hash, 1)
        var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[index] != 0 {
            if slots[index] == hash { return false }
            index = (index + 1) & (slots.count - 1)
        }
        slots[index] = hash
        count += 1
        return true
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: old.count * 2)
        for hash in old where hash != 0 {
            var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[index] != 0 { index = (index + 1) & (slots.count - 1) }
            slots[index] = hash
        }
    }
}

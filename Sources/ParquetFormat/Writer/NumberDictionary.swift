internal import ByteKernels

/// Numbers the distinct values of a chunk in the order of their first appearance; reused from chunk to chunk.
struct NumberDictionary {
    /// Integers that span no more than this index a table directly instead of being hashed.
    static let directSpanMax: UInt64 = 1 << 16

    /// The distinct values' bit patterns.
    private(set) var keys: [UInt64] = []
    /// For each value the number of its key. Holds at least as many as the last build had values.
    private(set) var indexes: [UInt32] = []
    /// The key's number plus one, 0 for a free slot.
    private var table: [UInt32] = []

    /// - Parameter base: the least key; all are within `span`, which is less than ``directSpanMax``, of it.
    /// - Returns: whether the values have at most `entriesMax` distinct ones.
    mutating func buildDirect<Value: PlainNumber>(
        _ values: Span<Value>, base: UInt64, span: UInt64, entriesMax: Int
    ) -> Bool {
        prepare(count: values.count, slots: Int(span) + 1)
        return Self.fillDirect(values, base, entriesMax, keys: &keys, table: &table, indexes: &indexes)
    }

    /// - Returns: whether the values have at most `entriesMax` distinct ones.
    mutating func buildHashed<Value: PlainNumber>(_ values: Span<Value>, entriesMax: Int) -> Bool {
        // At most half full, so that probing ends soon.
        let bits = max(4, BitPacking.width(maximum: UInt64(max(1, min(entriesMax, values.count)))) + 1)
        prepare(count: values.count, slots: 1 << bits)
        return Self.fillHashed(values, bits: bits, entriesMax, keys: &keys, table: &table, indexes: &indexes)
    }

    private static func fillDirect<Value: PlainNumber>(
        _ values: Span<Value>, _ base: UInt64, _ entriesMax: Int,
        keys: inout [UInt64], table: inout [UInt32], indexes: inout [UInt32]
    ) -> Bool {
        var slots = table.mutableSpan
        var output = indexes.mutableSpan
        for index in values.indices {
            let key = values[index].key
            let slot = Int(truncatingIfNeeded: key &- base)
            var entry = slots[slot]
            if entry == 0 {
                if keys.count == entriesMax { return false }
                keys.append(key)
                entry = UInt32(keys.count)
                slots[slot] = entry
            }
            output[index] = entry &- 1
        }
        return true
    }

    private static func fillHashed<Value: PlainNumber>(
        _ values: Span<Value>, bits: Int, _ entriesMax: Int,
        keys: inout [UInt64], table: inout [UInt32], indexes: inout [UInt32]
    ) -> Bool {
        let shift = UInt64(64 - bits)
        let mask = 1 << bits - 1
        var slots = table.mutableSpan
        var output = indexes.mutableSpan
        for index in values.indices {
            let key = values[index].key
            var slot = Int(truncatingIfNeeded: Hash64.hash(key) >> shift)
            var entry = slots[slot]
            while entry != 0 && keys[Int(entry) &- 1] != key {
                slot = (slot &+ 1) & mask
                entry = slots[slot]
            }
            if entry == 0 {
                if keys.count == entriesMax { return false }
                keys.append(key)
                entry = UInt32(keys.count)
                slots[slot] = entry
            }
            output[index] = entry &- 1
        }
        return true
    }

    private mutating func prepare(count: Int, slots: Int) {
        keys.removeAll(keepingCapacity: true)
        if indexes.count < count { indexes = [UInt32](repeating: 0, count: count) }
        if table.count < slots {
            table = [UInt32](repeating: 0, count: slots)
        } else {
            for slot in 0..<slots { table[slot] = 0 }
        }
    }
}

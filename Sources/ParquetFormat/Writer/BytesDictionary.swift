internal import ByteKernels

/// Numbers the distinct byte strings of a chunk in the order of their first appearance; reused from chunk to chunk.
///
/// The dictionary page is built on the way: entries lie in ``page`` in plain encoding.
struct BytesDictionary: ~Copyable {
    /// Slots at the start; doubled whenever half of them are taken.
    private static let slotsAtStart = 1 << 10

    /// The entries, each behind its length unless they have one width.
    private(set) var page = ByteScratch()
    /// Where each entry's bytes lie in ``page``.
    private(set) var entries: [Range<Int>] = []
    /// For each value the number of its entry.
    private(set) var indexes: [UInt32] = []
    private(set) var indexCount = 0
    private var hashes: [UInt64] = []
    /// The entry's number plus one, 0 for a free slot.
    private var table: [UInt32] = []
    private var mask = 0
    private var hasLengths = true
    private var pageBytesMax = 0

    mutating func begin(valueCount: Int, hasLengths: Bool, pageBytesMax: Int) {
        page.removeAll()
        entries.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        indexCount = 0
        if indexes.count < valueCount { indexes = [UInt32](repeating: 0, count: valueCount) }
        table = [UInt32](repeating: 0, count: Self.slotsAtStart)
        mask = Self.slotsAtStart - 1
        self.hasLengths = hasLengths
        self.pageBytesMax = pageBytesMax
    }

    /// Adds the index of the string at `base`.
    /// - Returns: whether the dictionary still fits its page.
    @inline(__always)
    mutating func add(_ base: UnsafeRawPointer, count: Int) -> Bool {
        let hash = Hash64.hash(unsafe RawSpan(_unsafeStart: base, byteCount: count))
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let entry = table[slot]
            if entry == 0 { break }
            let number = Int(entry) &- 1
            if hashes[number] == hash, unsafe isEqual(entries[number], base, count) {
                indexes[indexCount] = entry &- 1
                indexCount &+= 1
                return true
            }
            slot = (slot &+ 1) & mask
        }
        return unsafe insert(base, count: count, hash: hash, slot: slot)
    }

    private func isEqual(_ entry: Range<Int>, _ base: UnsafeRawPointer, _ count: Int) -> Bool {
        if entry.count != count { return false }
        let stored = unsafe page.base + entry.lowerBound
        var index = 0
        while index + 8 <= count {
            let left = unsafe stored.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let right = unsafe base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if left != right { return false }
            index += 8
        }
        while index < count {
            let left = unsafe stored.load(fromByteOffset: index, as: UInt8.self)
            let right = unsafe base.load(fromByteOffset: index, as: UInt8.self)
            if left != right { return false }
            index += 1
        }
        return true
    }

    private mutating func insert(_ base: UnsafeRawPointer, count: Int, hash: UInt64, slot: Int) -> Bool {
        guard page.count + count + (hasLengths ? 4 : 0) <= pageBytesMax else { return false }
        if hasLengths { page.append(littleEndian: UInt32(count)) }
        entries.append(page.count..<page.count + count)
        page.append(unsafe RawSpan(_unsafeStart: base, byteCount: count))
        hashes.append(hash)
        table[slot] = UInt32(entries.count)
        indexes[indexCount] = UInt32(entries.count - 1)
        indexCount += 1
        if entries.count * 2 > table.count { grow() }
        return true
    }

    private mutating func grow() {
        table = [UInt32](repeating: 0, count: table.count * 2)
        mask = table.count - 1
        for (number, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while table[slot] != 0 { slot = (slot + 1) & mask }
            table[slot] = UInt32(number + 1)
        }
    }
}

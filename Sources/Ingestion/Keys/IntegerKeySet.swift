internal import CRoaring

/// A set of 64-bit integers as Roaring bitmaps of the low words under a map of high words.
///
/// 20 million keys in a row take some kilobytes, spread ones about two bytes each.
///
/// `@unchecked Sendable`: a set belongs to one load at a time, which hands it on only after it has ended.
@safe final class IntegerKeySet: @unchecked Sendable {
    private var bitmaps: [UInt32: UnsafeMutablePointer<roaring_bitmap_t>] = unsafe [:]
    private var lastHigh: UInt32 = 0
    private var last: UnsafeMutablePointer<roaring_bitmap_t>?

    init() {}

    deinit {
        for unsafe(_, bitmap) in unsafe bitmaps { unsafe roaring_bitmap_free(bitmap) }
    }

    /// The number of keys.
    /// - Complexity: O(containers).
    var count: Int {
        var count: UInt64 = 0
        for unsafe(_, bitmap) in unsafe bitmaps { count += unsafe roaring_bitmap_get_cardinality(bitmap) }
        return Int(count)
    }

    func contains(_ key: Int64) -> Bool {
        guard let bitmap = unsafe bitmap(of: key, create: false) else { return false }
        return unsafe roaring_bitmap_contains(bitmap, UInt32(truncatingIfNeeded: key))
    }

    /// - Returns: whether the key was new.
    @discardableResult func insert(_ key: Int64) -> Bool {
        guard let bitmap = unsafe bitmap(of: key, create: true) else { return false }
        return unsafe roaring_bitmap_add_checked(bitmap, UInt32(truncatingIfNeeded: key))
    }

    func remove(_ key: Int64) {
        guard let bitmap = unsafe bitmap(of: key, create: false) else { return }
        unsafe roaring_bitmap_remove(bitmap, UInt32(truncatingIfNeeded: key))
    }

    /// Inserts all keys and appends the indexes of those that were in the set already, or twice in `keys`.
    ///
    /// Keys that rise behind everything in their bitmap go in together, consecutive ones as ranges.
    /// - Complexity: O(1) a key, much less for consecutive ones.
    func insert(_ keys: [Int64], contested: inout [Int32]) {
        if insertRising(keys) { return }
        for index in keys.indices where !insert(keys[index]) { contested.append(Int32(index)) }
    }

    /// Consecutive keys that go in as a range rather than one by one, on average.
    private static let rangeKeysMin = 64

    /// Inserts `keys` together if they rise, share a high word and lie behind the bitmap's last key: then all are new.
    private func insertRising(_ keys: [Int64]) -> Bool {
        guard let first = keys.first, let final = keys.last, first >> 32 == final >> 32 else { return false }
        let values = keys.span
        var gapCount = 0
        var previous = first
        var isRising = true
        for index in 1..<max(1, values.count) {
            let key = values[index]
            isRising = isRising && key > previous
            gapCount += key == previous &+ 1 ? 0 : 1
            previous = key
        }
        guard isRising, let bitmap = unsafe bitmap(of: first, create: true) else { return false }
        guard unsafe roaring_bitmap_is_empty(bitmap) || roaring_bitmap_maximum(bitmap) < Self.low(first) else {
            return false
        }
        if (gapCount + 1) * Self.rangeKeysMin > keys.count, gapCount > 0 {
            let lows = keys.map { Self.low($0) }
            unsafe lows.withUnsafeBufferPointer { unsafe roaring_bitmap_add_many(bitmap, $0.count, $0.baseAddress) }
            return true
        }
        var start = first
        for index in 1..<max(1, values.count) where values[index] != values[index - 1] + 1 {
            unsafe roaring_bitmap_add_range_closed(bitmap, Self.low(start), Self.low(values[index - 1]))
            start = values[index]
        }
        unsafe roaring_bitmap_add_range_closed(bitmap, Self.low(start), Self.low(final))
        return true
    }

    private static func low(_ key: Int64) -> UInt32 { UInt32(truncatingIfNeeded: key) }

    private func bitmap(of key: Int64, create: Bool) -> UnsafeMutablePointer<roaring_bitmap_t>? {
        let high = UInt32(truncatingIfNeeded: key >> 32)
        if let last = unsafe last, high == lastHigh { return unsafe last }
        if let found = unsafe bitmaps[high] {
            unsafe last = found
            lastHigh = high
            return unsafe found
        }
        guard create else { return nil }
        guard let made = unsafe roaring_bitmap_create() else {
            preconditionFailure("no memory for a key bitmap")
        }
        unsafe bitmaps[high] = made
        unsafe last = made
        lastHigh = high
        return unsafe made
    }
}

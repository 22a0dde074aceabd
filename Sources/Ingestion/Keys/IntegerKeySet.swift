internal import CRoaring
import LakeModel

/// A set of 64-bit integers as Roaring bitmaps of the low words under a map of high words.
///
/// 20 million keys in a row take some kilobytes, spread ones about two bytes each. Keys spread over 64 bits take hundreds:
/// ``isSpread`` tells when another kind of set is due.
///
/// `@unchecked Sendable`: a set belongs to one load at a time, which hands it on only after it has ended.
@safe final class IntegerKeySet: @unchecked Sendable {
    private var bitmaps: [UInt32: UnsafeMutablePointer<roaring_bitmap_t>] = unsafe [:]
    private var lastHigh: UInt32 = 0
    private var last: UnsafeMutablePointer<roaring_bitmap_t>?
    /// Keys put in one by one since the last look at the containers.
    private var insertedSinceLook = 0

    init() {}

    deinit {
        for unsafe(_, bitmap) in unsafe bitmaps { unsafe roaring_bitmap_free(bitmap) }
    }

    var isEmpty: Bool { unsafe bitmaps.isEmpty || count == 0 }

    /// The number of keys.
    /// - Complexity: O(containers).
    var count: Int {
        var count: UInt64 = 0
        for unsafe(_, bitmap) in unsafe bitmaps { count += unsafe roaring_bitmap_get_cardinality(bitmap) }
        return Int(count)
    }

    func contains(_ key: Int64) -> Bool {
        guard let bitmap = unsafe bitmap(of: key, create: false) else { return false }
        return unsafe roaring_bitmap_contains(bitmap, Self.low(key))
    }

    /// - Returns: whether the key was new.
    @discardableResult func insert(_ key: Int64) -> Bool {
        guard let bitmap = unsafe bitmap(of: key, create: true) else { return false }
        insertedSinceLook += 1
        return unsafe roaring_bitmap_add_checked(bitmap, Self.low(key))
    }

    func remove(_ key: Int64) {
        guard let bitmap = unsafe bitmap(of: key, create: false) else { return }
        unsafe roaring_bitmap_remove(bitmap, Self.low(key))
    }

    /// Consecutive keys that go in as a range rather than one by one, on average.
    private static let rangeKeysMin = 64

    /// Inserts `keys` together if they rise, share a high word, lie behind the bitmap's last key and away from all of
    /// `others`: then all are new.
    /// - Returns: whether they went in.
    func insertRising(_ keys: [Int64], awayFrom others: IntegerKeySet) -> Bool {
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
        guard isRising, others.isFree(first...final), let bitmap = unsafe bitmap(of: first, create: true) else {
            return false
        }
        guard unsafe roaring_bitmap_is_empty(bitmap) || roaring_bitmap_maximum(bitmap) < Self.low(first) else {
            return false
        }
        if (gapCount + 1) * Self.rangeKeysMin > keys.count, gapCount > 0 {
            let lows = keys.map { Self.low($0) }
            unsafe lows.withUnsafeBufferPointer { unsafe roaring_bitmap_add_many(bitmap, $0.count, $0.baseAddress) }
            insertedSinceLook += keys.count
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

    /// Whether `keys` follow each other, share a high word, and all are there. Costs less than a look at each.
    func containsConsecutive(_ keys: [Int64]) -> Bool {
        guard let first = keys.first, let final = keys.last, first >> 32 == final >> 32,
            final - first == Int64(keys.count - 1)
        else { return false }
        let values = keys.span
        var isConsecutive = true
        for index in values.indices { isConsecutive = isConsecutive && values[index] == first + Int64(index) }
        guard isConsecutive, let bitmap = unsafe bitmap(of: first, create: false) else { return false }
        return unsafe roaring_bitmap_contains_range(
            bitmap, UInt64(Self.low(first)), UInt64(Self.low(final)) + 1)
    }

    /// Whether no key lies in the range, both ends of which share a high word.
    private func isFree(_ range: ClosedRange<Int64>) -> Bool {
        guard let bitmap = unsafe bitmap(of: range.lowerBound, create: false) else { return true }
        return unsafe roaring_bitmap_range_cardinality(
            bitmap, UInt64(Self.low(range.lowerBound)), UInt64(Self.low(range.upperBound)) + 1) == 0
    }

    private static func low(_ key: Int64) -> UInt32 { UInt32(truncatingIfNeeded: key) }

    private static func key(_ high: UInt32, _ low: UInt32) -> Int64 {
        Int64(Int32(bitPattern: high)) << 32 | Int64(low)
    }

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

    // MARK: Many looks

    /// Numbers that a key may stand for in ``bits()``, and how many there are at most: 2^27, 16 MiB of bits.
    private static let numbersPerKeyMax = 32
    private static let numbersMax = 1 << 27

    /// A bit for each number between the least and the greatest key, `nil` when there would be too many. A look costs a
    /// tenth of ``contains(_:)``.
    /// - Complexity: O(keys).
    func bits() -> KeyBits? {
        guard let lowest = unsafe bitmaps.keys.map({ Int32(bitPattern: $0) }).min(),
            let highest = unsafe bitmaps.keys.map({ Int32(bitPattern: $0) }).max(), Int(highest) - Int(lowest) <= 1,
            let first = unsafe bitmaps[UInt32(bitPattern: lowest)],
            let last = unsafe bitmaps[UInt32(bitPattern: highest)]
        else { return nil }
        let least = Self.key(UInt32(bitPattern: lowest), unsafe roaring_bitmap_minimum(first))
        let greatest = Self.key(UInt32(bitPattern: highest), unsafe roaring_bitmap_maximum(last))
        guard least <= greatest, greatest - least < Int64(min(Self.numbersMax, count * Self.numbersPerKeyMax)) else {
            return nil
        }
        var words = [UInt64](repeating: 0, count: Int(greatest - least) / 64 + 1)
        var lows = [UInt32](repeating: 0, count: 1 << 14)
        for unsafe(high, bitmap) in unsafe bitmaps {
            let iterator = unsafe roaring_create_iterator(bitmap)
            defer { unsafe roaring_free_uint32_iterator(iterator) }
            while true {
                let read = unsafe lows.withUnsafeMutableBufferPointer {
                    unsafe roaring_read_uint32_iterator(iterator, $0.baseAddress, UInt32($0.count))
                }
                if read == 0 { break }
                for index in 0..<Int(read) {
                    let number = Int(Self.key(high, lows[index]) - least)
                    words[number >> 6] |= 1 << UInt64(number & 63)
                }
            }
        }
        return KeyBits(least: least, words: words)
    }

    // MARK: Spread keys

    /// Bytes that a container takes beside its keys: its header, its place in three tables, and malloc's share.
    private static let containerBytes = 64
    private static let bitmapBytes = 160
    /// Keys above which it is looked at how they lie, and those put in since the last look.
    private static let lookKeys = 1 << 18
    private static let bitmapCountMax = 1 << 10
    /// Bytes a key above which ``FingerprintSet`` takes less.
    private static let keyBytesMax = 6

    /// Whether the keys lie so far apart that their containers cost more than hashes would.
    var isSpread: Bool {
        let isMany = unsafe bitmaps.count > Self.bitmapCountMax
        guard insertedSinceLook >= Self.lookKeys || isMany else { return false }
        insertedSinceLook = 0
        var bytes = 0
        var keyCount = 0
        for unsafe(_, bitmap) in unsafe bitmaps {
            // Not `roaring_bitmap_statistics`, which visits every key: looks would take quadratic time.
            let containerCount = Int(unsafe bitmap.pointee.high_low_container.size)
            bytes += Self.bitmapBytes + containerCount * Self.containerBytes
            bytes += Int(unsafe roaring_bitmap_portable_size_in_bytes(bitmap))
            keyCount += Int(unsafe roaring_bitmap_get_cardinality(bitmap))
        }
        return keyCount > 0 && bytes > keyCount * Self.keyBytesMax && bytes > Self.lookKeys
    }

    // MARK: Sets

    /// Takes in all that `other` holds, which is empty afterwards.
    func merge(_ other: IntegerKeySet) {
        for unsafe(high, bitmap) in unsafe other.bitmaps {
            if let mine = unsafe bitmaps[high] {
                unsafe roaring_bitmap_or_inplace(mine, bitmap)
                unsafe roaring_bitmap_free(bitmap)
            } else {
                unsafe bitmaps[high] = bitmap
            }
        }
        unsafe other.bitmaps = [:]
        unsafe other.last = nil
        unsafe last = nil
    }

    func subtract(_ other: IntegerKeySet) {
        for unsafe(high, bitmap) in unsafe other.bitmaps {
            if let mine = unsafe bitmaps[high] { unsafe roaring_bitmap_andnot_inplace(mine, bitmap) }
        }
    }

    /// Keys that are taken out of a bitmap at a time.
    private static let keysAtOnce = 1 << 16

    /// The hashes of all keys.
    func hashed() -> FingerprintSet {
        let set = FingerprintSet()
        var lows = [UInt32](repeating: 0, count: Self.keysAtOnce)
        for unsafe(high, bitmap) in unsafe bitmaps {
            let total = Int(unsafe roaring_bitmap_get_cardinality(bitmap))
            for start in stride(from: 0, to: total, by: Self.keysAtOnce) {
                let count = min(Self.keysAtOnce, total - start)
                _ = unsafe lows.withUnsafeMutableBufferPointer {
                    unsafe roaring_bitmap_range_uint32_array(bitmap, start, count, $0.baseAddress)
                }
                for low in lows.prefix(count) {
                    set.insert(KeyShape.hash(integer: UInt64(bitPattern: Self.key(high, low))))
                }
            }
        }
        return set
    }

    // MARK: Storage

    /// Lays the keys out as runs where that takes less.
    func optimize() {
        for unsafe(_, bitmap) in unsafe bitmaps { unsafe roaring_bitmap_run_optimize(bitmap) }
    }

    /// For each bitmap its high word and byte count (4 bytes each, little-endian) and Roaring's portable serialisation.
    var storedByteCount: Int {
        var total = 0
        for unsafe(_, bitmap) in unsafe bitmaps {
            total += 8 + Int(unsafe roaring_bitmap_portable_size_in_bytes(bitmap))
        }
        return total
    }

    /// Writes the stored form, a bitmap at a time.
    func store(_ write: (RawSpan) throws -> Void) throws {
        for unsafe(high, bitmap) in unsafe bitmaps.sorted(by: { unsafe $0.key < $1.key }) {
            let byteCount = Int(unsafe roaring_bitmap_portable_size_in_bytes(bitmap))
            var bytes: [UInt8] = []
            bytes.reserveCapacity(8 + byteCount)
            for word in [high, UInt32(byteCount)] {
                for shift in stride(from: UInt32(0), to: 32, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: word >> shift))
                }
            }
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: byteCount))
            unsafe bytes.withUnsafeMutableBytes { raw in
                guard let base = raw.baseAddress else { return }
                let target = unsafe (base + start).assumingMemoryBound(to: CChar.self)
                _ = unsafe roaring_bitmap_portable_serialize(bitmap, target)
            }
            try write(unsafe bytes.span.bytes)
        }
    }

    /// Takes in the stored form.
    /// - Returns: `false` when the bytes are none.
    func load(_ bytes: RawSpan) -> Bool {
        var position = 0
        while position < bytes.byteCount {
            guard bytes.byteCount - position >= 8 else { return false }
            let high = UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self))
            let byteCount = Int(
                UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position + 4, as: UInt32.self)))
            position += 8
            guard byteCount > 0, byteCount <= bytes.byteCount - position else { return false }
            let loaded = unsafe bytes.extracting(position..<position + byteCount).withUnsafeBytes { raw in
                unsafe roaring_bitmap_portable_deserialize_safe(
                    raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count)
            }
            guard let loaded = unsafe loaded else { return false }
            let single = IntegerKeySet()
            unsafe single.bitmaps[high] = loaded
            merge(single)
            position += byteCount
        }
        return true
    }
}

/// Integer keys as bits.
struct KeyBits: Sendable {
    fileprivate let least: Int64
    fileprivate let words: [UInt64]

    @inline(__always) func contains(_ key: Int64) -> Bool {
        let (distance, overflow) = key.subtractingReportingOverflow(least)
        guard !overflow, distance >= 0, distance >> 6 < Int64(words.count) else { return false }
        return (words[Int(distance >> 6)] >> UInt64(distance & 63)) & 1 == 1
    }
}

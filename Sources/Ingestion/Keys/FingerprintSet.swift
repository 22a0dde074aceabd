internal import CKeySlots
import LakeModel

/// A set of key hashes of which 44 bits are kept: it answers "certainly new" or "perhaps there", and whoever gets the
/// second answer confirms it on the stored rows.
///
/// 1. The top 12 bits choose one of 4,096 segments; the low 32 bits are the fingerprint that is stored there.
/// 2. A segment is an open-addressing table with linear probing. A fingerprint's first place is its share of the segment's
///    capacity, so that a larger table is filled from a smaller one without the hashes.
/// 3. Segments grow by themselves, by a quarter, when 13 of 16 slots are taken: 4.9 to 6.2 bytes a key, and never two copies
///    of more than one segment.
///
/// With 20 million keys some 20 new ones in 20 million are taken for stored ones.
///
/// `@unchecked Sendable`: a set belongs to one load at a time, which hands it on only after it has ended.
@safe final class FingerprintSet: @unchecked Sendable {
    /// Slots that hold 0 are free; the fingerprint 0 is stored as 1, which only makes one more "perhaps".
    @safe private struct Segment {
        var slots: UnsafeMutablePointer<UInt32>?
        var capacity: UInt32 = 0
        var count: UInt32 = 0
    }

    static let segmentCount = 4096
    private static let segmentShift: UInt64 = 52
    /// A segment is at most this full, in parts of 16. A look at a fuller one takes ever more steps: 8 on average so, 14 at
    /// seven eighths.
    private static let fillPartsMax: UInt32 = 13
    private static let fillParts: UInt32 = 16
    private static let capacityMin: UInt32 = 8
    /// Keys that memory is asked for the slots of at once, and how many of them are under way: a slot comes from main memory,
    /// and its page's address often too.
    private static let touchCount = 16
    private static let lookAhead = 64

    private let segments: UnsafeMutablePointer<Segment>
    private(set) var count = 0

    init() {
        unsafe segments = .allocate(capacity: Self.segmentCount)
        unsafe segments.initialize(repeating: Segment(), count: Self.segmentCount)
    }

    deinit {
        for index in 0..<Self.segmentCount { unsafe segments[index].slots?.deallocate() }
        unsafe segments.deallocate()
    }

    var isEmpty: Bool { count == 0 }

    /// Bytes that the slots take.
    var byteCount: Int {
        var total = 0
        for index in 0..<Self.segmentCount { total += Int(unsafe segments[index].capacity) * 4 }
        return total
    }

    @inline(__always) private static func split(_ hash: UInt64) -> (segment: Int, print: UInt32) {
        (Int(hash >> segmentShift), max(UInt32(truncatingIfNeeded: hash), 1))
    }

    @inline(__always) private static func home(_ print: UInt32, _ capacity: UInt32) -> Int {
        Int((UInt64(print) &* UInt64(capacity)) >> 32)
    }

    func contains(_ hash: UInt64) -> Bool {
        let (index, print) = Self.split(hash)
        let segment = unsafe segments[index]
        guard let slots = unsafe segment.slots else { return false }
        let place = Self.home(print, segment.capacity)
        return unsafe slots[fingerprint_place(slots, Int(segment.capacity), place, print)] == print
    }

    /// - Returns: whether the hash was new.
    @discardableResult func insert(_ hash: UInt64) -> Bool {
        let (index, print) = Self.split(hash)
        return insert(print, into: index)
    }

    @inline(__always) private func insert(_ print: UInt32, into index: Int) -> Bool {
        if unsafe (segments[index].count + 1) * Self.fillParts > segments[index].capacity * Self.fillPartsMax {
            grow(index, to: unsafe segments[index].capacity + max(Self.capacityMin, segments[index].capacity / 4))
        }
        let segment = unsafe segments[index]
        guard let slots = unsafe segment.slots else { return false }
        let home = Self.home(print, segment.capacity)
        let place = unsafe fingerprint_place(slots, Int(segment.capacity), home, print)
        if unsafe slots[place] == print { return false }
        unsafe slots[place] = print
        unsafe segments[index].count += 1
        count += 1
        return true
    }

    /// Asks memory for the first places of some hashes, without waiting for them.
    private func touch(_ hashes: Span<UInt64>, _ positions: Range<Int>) {
        for position in positions {
            let (index, print) = Self.split(hashes[position])
            let segment = unsafe segments[index]
            if let slots = unsafe segment.slots {
                unsafe fingerprint_ask(slots, Self.home(print, segment.capacity))
            }
        }
    }

    /// Calls `body` for the positions of `hashes` in order, with their slots in `sets` asked for ahead.
    static func walk(_ hashes: Span<UInt64>, _ sets: [FingerprintSet], _ body: (Int) -> Void) {
        let count = hashes.count
        for set in sets { set.touch(hashes, 0..<min(lookAhead, count)) }
        for start in stride(from: 0, to: count, by: touchCount) {
            let ahead = min(start + lookAhead, count)
            for set in sets { set.touch(hashes, ahead..<min(ahead + touchCount, count)) }
            for position in start..<min(start + touchCount, count) { body(position) }
        }
    }

    private func grow(_ index: Int, to capacity: UInt32) {
        let old = unsafe segments[index]
        let slots = UnsafeMutablePointer<UInt32>.allocate(capacity: Int(capacity))
        unsafe slots.initialize(repeating: 0, count: Int(capacity))
        if let from = unsafe old.slots {
            for place in 0..<Int(old.capacity) where unsafe from[place] != 0 {
                let home = Self.home(unsafe from[place], capacity)
                let free = unsafe fingerprint_place(slots, Int(capacity), home, 0)
                unsafe slots[free] = from[place]
            }
            unsafe from.deallocate()
        }
        unsafe segments[index].slots = unsafe slots
        unsafe segments[index].capacity = capacity
    }

    /// Makes room for `added` more fingerprints in a segment.
    private func reserve(_ added: Int, in index: Int) {
        let wanted = (Int(unsafe segments[index].count) + added + 1) * Int(Self.fillParts) / Int(Self.fillPartsMax) + 1
        guard wanted > Int(unsafe segments[index].capacity) else { return }
        grow(index, to: UInt32(clamping: wanted))
    }

    /// Takes in all that `other` holds.
    func merge(_ other: FingerprintSet) {
        for index in 0..<Self.segmentCount {
            let segment = unsafe other.segments[index]
            guard let slots = unsafe segment.slots else { continue }
            reserve(Int(segment.count), in: index)
            for place in 0..<Int(segment.capacity) where unsafe slots[place] != 0 {
                _ = insert(unsafe slots[place], into: index)
            }
        }
    }

    // MARK: Storage

    /// Fingerprints of each segment: a count of 4 bytes, then 4 bytes each, little-endian.
    var storedByteCount: Int { Self.segmentCount * 4 + count * 4 }

    /// Writes the set's stored form, a segment at a time.
    func store(_ write: (RawSpan) throws -> Void) throws {
        var words: [UInt32] = []
        for index in 0..<Self.segmentCount {
            let segment = unsafe segments[index]
            words.removeAll(keepingCapacity: true)
            words.append(segment.count.littleEndian)
            if let slots = unsafe segment.slots {
                for place in 0..<Int(segment.capacity) where unsafe slots[place] != 0 {
                    words.append(unsafe slots[place].littleEndian)
                }
            }
            try write(unsafe words.span.bytes)
        }
    }

    /// Takes in the stored form.
    /// - Returns: `false` when the bytes are none.
    func load(_ bytes: RawSpan) -> Bool {
        var position = 0
        func word() -> UInt32? {
            guard bytes.byteCount - position >= 4 else { return nil }
            defer { position += 4 }
            return UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self))
        }
        for index in 0..<Self.segmentCount {
            guard let count = word(), Int(count) <= (bytes.byteCount - position) / 4 else { return false }
            reserve(Int(count), in: index)
            for _ in 0..<count {
                guard let print = word(), print != 0 else { return false }
                _ = insert(print, into: index)
            }
        }
        return position == bytes.byteCount
    }
}

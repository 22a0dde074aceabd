internal import CRoaring

/// Positions of rows in a file, by number or by byte: two bytes each or a few more, much less for runs.
///
/// `@unchecked Sendable`: it is filled before it is handed on, and only read afterwards.
@safe final class PositionSet: @unchecked Sendable {
    private var bitmaps: [UInt32: UnsafeMutablePointer<roaring_bitmap_t>] = unsafe [:]

    init() {}

    deinit {
        for unsafe(_, bitmap) in unsafe bitmaps { unsafe roaring_bitmap_free(bitmap) }
    }

    var isEmpty: Bool { unsafe bitmaps.isEmpty }

    var count: Int {
        var count: UInt64 = 0
        for unsafe(_, bitmap) in unsafe bitmaps { count += unsafe roaring_bitmap_get_cardinality(bitmap) }
        return Int(count)
    }

    func contains(_ position: Int64) -> Bool {
        guard let bitmap = unsafe bitmaps[UInt32(truncatingIfNeeded: position >> 32)] else { return false }
        return unsafe roaring_bitmap_contains(bitmap, UInt32(truncatingIfNeeded: position))
    }

    func insert(_ position: Int64) {
        unsafe roaring_bitmap_add(bitmap(of: position), UInt32(truncatingIfNeeded: position))
    }

    func formUnion(_ other: PositionSet) {
        for unsafe(high, bitmap) in unsafe other.bitmaps {
            unsafe roaring_bitmap_or_inplace(self.bitmap(of: Int64(high) << 32), bitmap)
        }
    }

    private func bitmap(of position: Int64) -> UnsafeMutablePointer<roaring_bitmap_t> {
        let high = UInt32(truncatingIfNeeded: position >> 32)
        if let found = unsafe bitmaps[high] { return unsafe found }
        guard let made = unsafe roaring_bitmap_create() else { preconditionFailure("no memory for positions") }
        unsafe bitmaps[high] = made
        return unsafe made
    }

    /// Calls `body` with the positions in rising order, some at a time.
    func forEachRun(_ body: ([Int64]) throws -> Void) rethrows {
        var lows = [UInt32](repeating: 0, count: Self.positionsAtOnce)
        for unsafe(high, bitmap) in unsafe bitmaps.sorted(by: { unsafe $0.key < $1.key }) {
            let total = Int(unsafe roaring_bitmap_get_cardinality(bitmap))
            for start in stride(from: 0, to: total, by: Self.positionsAtOnce) {
                let count = min(Self.positionsAtOnce, total - start)
                _ = unsafe lows.withUnsafeMutableBufferPointer {
                    unsafe roaring_bitmap_range_uint32_array(bitmap, start, count, $0.baseAddress)
                }
                try body(lows.prefix(count).map { Int64(high) << 32 | Int64($0) })
            }
        }
    }

    private static let positionsAtOnce = 1 << 16
}

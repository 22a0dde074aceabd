internal import CRoaring

/// Deleted positions of one data file: about two bytes each, much less for runs.
///
/// `@unchecked Sendable`: it is filled before it is handed on, and only read afterwards.
@safe final class DeletedRows: @unchecked Sendable {
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

    func formUnion(_ other: DeletedRows) {
        for unsafe(high, bitmap) in unsafe other.bitmaps {
            unsafe roaring_bitmap_or_inplace(self.bitmap(of: Int64(high) << 32), bitmap)
        }
    }

    private func bitmap(of position: Int64) -> UnsafeMutablePointer<roaring_bitmap_t> {
        let high = UInt32(truncatingIfNeeded: position >> 32)
        if let found = unsafe bitmaps[high] { return unsafe found }
        guard let made = unsafe roaring_bitmap_create() else { preconditionFailure("no memory for deleted positions") }
        unsafe bitmaps[high] = made
        return unsafe made
    }
}

import ByteKernels

/// The rows of one tile that are to be converted, as the loops over them see it. Valid while the arrays behind the
/// pointers are borrowed.
@unsafe struct TileView {
    /// The chunk's bytes, `CSVChunk.paddingBytes` readable behind the last.
    let bytes: UnsafePointer<UInt8>
    let ends: UnsafePointer<UInt32>
    let rowFirst: UnsafePointer<UInt32>
    let rowCount: Int
    let quote: UInt8
    /// Whether a field may begin with a quote.
    let hasQuote: Bool
    /// Whether a row is not UTF-8.
    let hasBrokenUTF8: Bool
    /// Set: the row is not UTF-8. A bit a row, to be looked at only if ``hasBrokenUTF8``.
    let brokenRows: UnsafePointer<UInt64>
    /// Bytes from the first row to the end of the last.
    let byteCount: Int

    /// Where field `field` of `row` lies. A field that the row lacks has the length -1.
    @inline(__always)
    func field(_ row: Int, _ field: Int) -> (start: Int, length: Int) {
        let at = unsafe Int(rowFirst[row]) + field
        let start = unsafe ends[at] &+ 1
        let end = unsafe ends[at + 1]
        return (Int(start), Int(Int32(bitPattern: end &- start)))
    }

    /// The same without quotes around it, for values that have none inside: what is between may still be anything.
    @inline(__always)
    func bareField(_ row: Int, _ index: Int) -> (start: Int, length: Int) {
        let (start, length) = unsafe field(row, index)
        if unsafe hasQuote && length >= 2 && bytes[start] == quote && bytes[start + length - 1] == quote {
            return (start + 1, length - 2)
        }
        return (start, length)
    }

    /// Whether a quote is among the `count` bytes from `start`.
    @inline(__always)
    func containsQuote(_ start: Int, _ count: Int) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let pattern = unsafe ones &* UInt64(quote)
        var at = 0
        while at < count {
            var difference = unsafe word(start + at) ^ pattern
            if count - at < 8 { difference |= ~0 << UInt64(8 * (count - at)) }
            if (difference &- ones) & ~difference & 0x8080_8080_8080_8080 != 0 { return true }
            at += 8
        }
        return false
    }

    /// Eight bytes from `position`, the first in the lowest place.
    @inline(__always)
    func word(_ position: Int) -> UInt64 {
        unsafe UInt64(littleEndian: UnsafeRawPointer(bytes + position).loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    func buffer(_ start: Int, _ length: Int) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: bytes + start, count: length)
    }
}

/// What became of the rows of one tile in one column: a bit a row.
@unsafe struct TileOutcome {
    /// Set: there is a value.
    let validity: UnsafeMutablePointer<UInt64>
    /// Set: the row is to be rejected. Shared by all columns.
    let failed: UnsafeMutablePointer<UInt64>
}

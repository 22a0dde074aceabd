internal import LakeModel

/// Rows of a batch that go into a row group.
struct RowSlice: Sendable {
    var batch: ColumnBatch
    var rows: Range<Int>
}

/// The part of a column that one slice brings.
struct ColumnSegment {
    var storage: ColumnStorage
    var validity: Bitmap?
    var rows: Range<Int>
}

/// Which rows of a column chunk are null, over all segments; reused from column to column.
struct ChunkLevels {
    private(set) var rowCount = 0
    private(set) var nullCount = 0
    /// A set bit is a value. Only filled when ``nullCount`` is not 0.
    private(set) var words: [UInt64] = []

    var valueCount: Int { rowCount - nullCount }
    var hasNulls: Bool { nullCount > 0 }

    /// - Complexity: O(rows / 64) where segments have a validity, else O(segments).
    mutating func load(_ segments: [ColumnSegment]) {
        rowCount = segments.reduce(0) { $0 + $1.rows.count }
        nullCount = 0
        for segment in segments {
            guard let validity = segment.validity else { continue }
            Self.forEachWindow(validity.words.span, segment.rows) { window, count in
                nullCount += count - window.nonzeroBitCount
            }
        }
        if nullCount == 0 { return }
        words.removeAll(keepingCapacity: true)
        words.reserveCapacity(rowCount / 64 + 2)
        var position = 0
        for segment in segments {
            if let validity = segment.validity {
                Self.forEachWindow(validity.words.span, segment.rows) { append($0, count: $1, at: &position) }
            } else {
                var rest = segment.rows.count
                while rest > 0 {
                    let count = min(rest, 64)
                    append(Self.ones(count), count: count, at: &position)
                    rest -= count
                }
            }
        }
    }

    /// The rows of `rows` that are not null.
    func valueCount(in rows: Range<Int>) -> Int {
        if nullCount == 0 { return rows.count }
        var count = 0
        Self.forEachWindow(words.span, rows) { window, _ in count += window.nonzeroBitCount }
        return count
    }

    private mutating func append(_ window: UInt64, count: Int, at position: inout Int) {
        let shift = position & 63
        if shift == 0 {
            words.append(window)
        } else {
            words[words.count - 1] |= window << UInt64(shift)
            if shift + count > 64 { words.append(window >> UInt64(64 - shift)) }
        }
        position += count
    }

    static func ones(_ count: Int) -> UInt64 { count == 64 ? .max : UInt64(1) << UInt64(count) - 1 }

    /// Calls `body` with up to 64 bits at a time, in order; bits past the count are zero.
    @inline(__always)
    static func forEachWindow(_ words: Span<UInt64>, _ bits: Range<Int>, _ body: (UInt64, Int) -> Void) {
        var position = bits.lowerBound
        while position < bits.upperBound {
            let count = min(64, bits.upperBound - position)
            body(window(words, at: position, count: count), count)
            position += count
        }
    }

    /// `count` bits (1...64) from bit `position` on.
    @inline(__always)
    static func window(_ words: Span<UInt64>, at position: Int, count: Int) -> UInt64 {
        let shift = UInt64(position & 63)
        var value = words[position >> 6] >> shift
        if Int(shift) + count > 64 { value |= words[position >> 6 + 1] << (64 - shift) }
        return value & ones(count)
    }
}

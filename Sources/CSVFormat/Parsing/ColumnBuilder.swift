import LakeModel

/// The rows of a tile that did not fail, as runs between those that did.
enum KeptRuns {
    /// Calls `body` with each run, in order.
    /// - Parameter failed: a bit a row.
    /// - Complexity: O(rows / 64 + runs).
    @inline(__always)
    static func forEach(rowCount: Int, failed: UnsafePointer<UInt64>, _ body: (Range<Int>) -> Void) {
        var start = 0
        var word = 0
        while word * 64 < rowCount {
            var bits = unsafe failed[word]
            while bits != 0 {
                let row = word * 64 + bits.trailingZeroBitCount
                if row >= rowCount { break }
                if row > start { body(start..<row) }
                start = row + 1
                bits &= bits &- 1
            }
            word += 1
        }
        if start < rowCount { body(start..<rowCount) }
    }
}

/// Collects one column of a chunk.
///
/// The arrays are allocated for all the rows that the chunk can have and filled tile by tile; ``finish()`` cuts them to
/// the rows that came. A tile's values are appended first and its validity once its failed rows are taken out.
struct ColumnBuilder {
    let rule: ColumnRule
    /// Rows that are settled.
    private(set) var count = 0
    /// Rows that there is room for.
    private var capacity = 0

    var booleans: [Bool] = []
    var int32s: [Int32] = []
    var int64s: [Int64] = []
    var floats: [Float] = []
    var doubles: [Double] = []
    var int128s: [Int128] = []
    /// For `fixed`: `width` bytes a row.
    var fixed: [UInt8] = []
    /// For `bytes`: `count + 1` offsets into `bytes`.
    var offsets: [UInt32] = []
    var bytes: [UInt8] = []
    var byteLength = 0
    /// Bytes a row that the last chunk had, to size the next.
    private var bytesPerRow = 0.0

    private var validity: [UInt64] = []
    private var hasNull = false

    let physical: PhysicalType
    let width: Int

    init(rule: ColumnRule) {
        self.rule = rule
        physical = rule.type.physical
        if case .fixed(let width) = physical { self.width = width } else { width = 0 }
    }

    /// Makes ready for a chunk.
    mutating func begin(rowCapacity: Int) {
        count = 0
        capacity = 0
        byteLength = 0
        hasNull = false
        validity = []
        offsets = []
        bytes = []
        reserve(rows: rowCapacity)
        if physical == .bytes {
            offsets[0] = 0
            reserve(bytes: Int(bytesPerRow * Double(rowCapacity)))
        }
    }

    /// Room for `rows` rows in all.
    mutating func reserve(rows: Int) {
        if rows <= capacity, capacity > 0 { return }
        let wanted = max(rows, capacity * 2, 1)
        switch physical {
        case .boolean: Self.grow(&booleans, from: count, to: wanted)
        case .int32: Self.grow(&int32s, from: count, to: wanted)
        case .int64: Self.grow(&int64s, from: count, to: wanted)
        case .float: Self.grow(&floats, from: count, to: wanted)
        case .double: Self.grow(&doubles, from: count, to: wanted)
        case .int128: Self.grow(&int128s, from: count, to: wanted)
        case .fixed: Self.grow(&fixed, from: count * width, to: wanted * width)
        case .bytes: Self.grow(&offsets, from: count == 0 ? 0 : count + 1, to: wanted + 1)
        }
        // Bits are set, never cleared: the words must be zero.
        validity.append(contentsOf: repeatElement(0, count: (wanted + 63) / 64 + 1 - validity.count))
        capacity = wanted
    }

    /// Room for `wanted` bytes of text in all.
    mutating func reserve(bytes wanted: Int) {
        if wanted <= bytes.count { return }
        Self.grow(&bytes, from: byteLength, to: max(wanted, bytes.count + bytes.count / 2))
    }

    /// Makes `array` longer; what lies behind the first `used` elements is anything.
    private static func grow<T: BitwiseCopyable>(_ array: inout [T], from used: Int, to count: Int) {
        let old = array
        array = unsafe [T](unsafeUninitializedCapacity: count) { buffer, initialized in
            unsafe old.withUnsafeBufferPointer { source in
                if used > 0, let from = source.baseAddress, let to = buffer.baseAddress {
                    unsafe to.update(from: from, count: used)
                }
            }
            // The elements are trivial, and each is written before it is read: `count` says which rows there are.
            initialized = count
        }
    }

    /// Settles the `rowCount` rows of a tile, all of which are kept.
    mutating func settle(_ validityWords: UnsafePointer<UInt64>, rowCount: Int) {
        let shift = UInt64(count & 63)
        var slot = count >> 6
        var set = 0
        for index in 0..<(rowCount + 63) / 64 {
            let word = unsafe validityWords[index]
            set += word.nonzeroBitCount
            validity[slot] |= word << shift
            if shift > 0 { validity[slot + 1] |= word >> (64 - shift) }
            slot += 1
        }
        if set < rowCount { hasNull = true }
        count += rowCount
    }

    /// Settles the rows of a tile whose bit in `failed` is clear and forgets the others.
    mutating func settle(
        _ validityWords: UnsafePointer<UInt64>, rowCount: Int, failed: UnsafePointer<UInt64>
    ) {
        var to = count
        unsafe KeptRuns.forEach(rowCount: rowCount, failed: failed) { run in
            unsafe appendValidity(validityWords, run, at: to)
            to += run.count
        }
        let kept = to - count
        switch physical {
        case .boolean: unsafe Self.compact(&booleans, from: count, rowCount, 1, failed)
        case .int32: unsafe Self.compact(&int32s, from: count, rowCount, 1, failed)
        case .int64: unsafe Self.compact(&int64s, from: count, rowCount, 1, failed)
        case .float: unsafe Self.compact(&floats, from: count, rowCount, 1, failed)
        case .double: unsafe Self.compact(&doubles, from: count, rowCount, 1, failed)
        case .int128: unsafe Self.compact(&int128s, from: count, rowCount, 1, failed)
        case .fixed: unsafe Self.compact(&fixed, from: count * width, rowCount, width, failed)
        case .bytes: unsafe compactText(rowCount, failed)
        }
        count += kept
    }

    /// Copies the bits of a run of rows to where the builder's row `place` has its bit.
    private mutating func appendValidity(_ words: UnsafePointer<UInt64>, _ run: Range<Int>, at place: Int) {
        var from = run.lowerBound
        var to = place
        while from < run.upperBound {
            let length = min(64 - from & 63, 64 - to & 63, run.upperBound - from)
            let ones: UInt64 = length == 64 ? .max : (1 << UInt64(length)) - 1
            let bits = unsafe (words[from >> 6] >> UInt64(from & 63)) & ones
            validity[to >> 6] |= bits << UInt64(to & 63)
            if bits != ones { hasNull = true }
            from += length
            to += length
        }
    }

    /// Closes the gaps that failed rows leave in `array`, where each row has `width` elements from `base` on.
    private static func compact<T: BitwiseCopyable>(
        _ array: inout [T], from base: Int, _ rowCount: Int, _ width: Int, _ failed: UnsafePointer<UInt64>
    ) {
        unsafe array.withUnsafeMutableBufferPointer { buffer in
            guard let values = buffer.baseAddress else { return }
            var to = base
            unsafe KeptRuns.forEach(rowCount: rowCount, failed: failed) { run in
                let from = base + run.lowerBound * width
                let length = run.count * width
                if to != from { unsafe (values + to).update(from: values + from, count: length) }
                to += length
            }
        }
    }

    private mutating func compactText(_ rowCount: Int, _ failed: UnsafePointer<UInt64>) {
        let first = count
        var length = Int(offsets[first])
        unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            unsafe offsets.withUnsafeMutableBufferPointer { offsets in
                guard let text = bytes.baseAddress, let ends = offsets.baseAddress else { return }
                var to = first
                // The end of the row before a run, as it was before rows were moved.
                var passed = 0
                var start = length
                unsafe KeptRuns.forEach(rowCount: rowCount, failed: failed) { run in
                    if run.lowerBound > passed { start = unsafe Int(ends[first + run.lowerBound]) }
                    let end = unsafe Int(ends[first + run.upperBound])
                    let shift = UInt32(start - length)
                    if shift > 0 {
                        unsafe (text + length).update(from: text + start, count: end - start)
                    }
                    if shift > 0 || to != first + run.lowerBound {
                        for row in first + run.lowerBound..<first + run.upperBound {
                            to += 1
                            unsafe ends[to] = ends[row + 1] &- shift
                        }
                    } else {
                        to += run.count
                    }
                    length += end - start
                    passed = run.upperBound
                    start = end
                }
            }
        }
        byteLength = length
    }

    /// The column. The builder needs ``begin(rowCapacity:)`` before the next chunk.
    mutating func finish() -> ColumnVector {
        if physical == .bytes, count > 0 { bytesPerRow = Double(byteLength) / Double(count) * 1.02 }
        let bitmap: Bitmap? =
            hasNull ? Bitmap(words: Array(validity[0..<(count + 63) / 64]), count: count) : nil
        return ColumnVector(type: rule.type, storage: takeStorage(), validity: bitmap)
    }

    private mutating func takeStorage() -> ColumnStorage {
        switch physical {
        case .boolean: return .boolean(Self.take(&booleans, count))
        case .int32: return .int32(Self.take(&int32s, count))
        case .int64: return .int64(Self.take(&int64s, count))
        case .float: return .float(Self.take(&floats, count))
        case .double: return .double(Self.take(&doubles, count))
        case .int128: return .int128(Self.take(&int128s, count))
        case .fixed: return .fixed(FixedVector(width: width, bytes: Self.take(&fixed, count * width)))
        case .bytes:
            let text = Self.take(&bytes, byteLength)
            return .bytes(ByteVector(offsets: Self.take(&offsets, count + 1), bytes: text))
        }
    }

    private static func take<T>(_ array: inout [T], _ count: Int) -> [T] {
        var taken: [T] = []
        swap(&taken, &array)
        taken.removeLast(taken.count - count)
        return taken
    }
}

internal import ByteKernels
internal import LakeModel

/// The part of a string or binary column that one slice brings.
struct BytesPart {
    var vector: ByteVector
    var validity: Bitmap?
    var rows: Range<Int>

    /// The longest prefix of `rows[start...]` whose values take at most `bytes` in plain encoding, as its end.
    private func end(from start: Int, rowsMax: Int, bytes: Int) -> Int {
        var low = start
        var high = min(rows.upperBound, start + rowsMax)
        let first = Int(vector.offsets[start])
        while low < high {
            let middle = (low + high + 1) / 2
            if Int(vector.offsets[middle]) - first + 4 * (middle - start) <= bytes {
                low = middle
            } else {
                high = middle - 1
            }
        }
        return low
    }

    /// The rows of each page, counted from the start of the chunk.
    static func pages(_ parts: [BytesPart], rowsMax: Int, bytesTarget: Int) -> [Range<Int>] {
        var pages: [Range<Int>] = []
        var pageStart = 0
        var position = 0
        var bytesLeft = bytesTarget
        func close() {
            pages.append(pageStart..<position)
            pageStart = position
            bytesLeft = bytesTarget
        }
        for part in parts {
            var row = part.rows.lowerBound
            while row < part.rows.upperBound {
                let end = part.end(from: row, rowsMax: rowsMax - (position - pageStart), bytes: bytesLeft)
                bytesLeft -= Int(part.vector.offsets[end]) - Int(part.vector.offsets[row]) + 4 * (end - row)
                position += end - row
                row = end
                if row == part.rows.upperBound { break }
                // The next row would pass a limit: it starts a page, or is one alone.
                if position == pageStart {
                    position += 1
                    row += 1
                }
                close()
            }
        }
        if position > pageStart { close() }
        return pages
    }

    /// Calls `body` with each part and its rows that fall into `rows` of the chunk.
    static func forEach(
        _ parts: [BytesPart], in rows: Range<Int>, _ body: (BytesPart, Range<Int>) throws -> Void
    ) rethrows {
        var start = 0
        for part in parts {
            let overlap = (start..<start + part.rows.count).clamped(to: rows)
            if !overlap.isEmpty {
                let shift = part.rows.lowerBound - start
                try body(part, overlap.lowerBound + shift..<overlap.upperBound + shift)
            }
            start += part.rows.count
            if start >= rows.upperBound { break }
        }
    }

    /// Appends the values of `rows` that are not null, each behind its length.
    func appendPlain(_ rows: Range<Int>, to page: inout ByteScratch, column: String) throws {
        let byteCount = Int(vector.offsets[rows.upperBound]) - Int(vector.offsets[rows.lowerBound]) + 4 * rows.count
        guard byteCount <= ParquetWriterOptions.pageBytesMax - (rows.count / 8 + 64) else {
            throw ParquetError.limit(
                "a value takes \(byteCount) bytes, a page holds \(ParquetWriterOptions.pageBytesMax)", column: column)
        }
        page.reserve(byteCount)
        var target = unsafe page.base + page.count
        let start = unsafe target
        let offsets = vector.offsets.span
        let readableWhole = vector.bytes.count - 16
        unsafe vector.bytes.withUnsafeBytes { raw in
            // An empty array may have no address; there is nothing to copy from it then.
            let source = unsafe raw.baseAddress ?? UnsafeRawPointer(start)
            for row in rows {
                if let validity, !validity[row] { continue }
                let from = Int(offsets[row])
                let count = Int(offsets[row + 1]) - from
                unsafe target.storeBytes(of: UInt32(count).littleEndian, as: UInt32.self)
                unsafe target += 4
                if count <= 16 && from <= readableWhole {
                    // Short strings move as two words, whatever their length; the buffer has slack.
                    let words = unsafe source.loadUnaligned(fromByteOffset: from, as: SIMD2<UInt64>.self)
                    unsafe target.storeBytes(of: words, as: SIMD2<UInt64>.self)
                } else if count > 0 {
                    unsafe target.copyMemory(from: source + from, byteCount: count)
                }
                unsafe target += count
            }
        }
        page.advance(unsafe target - start)
    }

    /// Adds all values to a dictionary.
    /// - Returns: whether they fit.
    func add(to dictionary: inout BytesDictionary) -> Bool {
        let offsets = vector.offsets.span
        return unsafe vector.bytes.withUnsafeBytes { raw in
            guard let source = raw.baseAddress else {
                // Only empty strings: any address does.
                return unsafe withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { empty in
                    for row in rows {
                        if let validity, !validity[row] { continue }
                        guard let base = empty.baseAddress, unsafe dictionary.add(base, count: 0) else { return false }
                    }
                    return true
                }
            }
            for row in rows {
                if let validity, !validity[row] { continue }
                let from = Int(offsets[row])
                if unsafe !dictionary.add(source + from, count: Int(offsets[row + 1]) - from) { return false }
            }
            return true
        }
    }
}

internal import ByteKernels

/// Collects the values of one column chunk page by page, a slot a row.
protocol ValueDecoder: ~Copyable {
    /// Takes a dictionary page.
    mutating func setDictionary(_ page: RawSpan, entryCount: Int, pages: borrowing ChunkPages) throws
    /// Takes `count` values that are not null.
    mutating func decode(
        _ values: RawSpan, count: Int, encoding: ParquetEncoding, pages: borrowing ChunkPages) throws
    /// Spreads the last `valueCount` values over `rowCount` rows, those whose bits are set from bit `start` on.
    mutating func spread(valueCount: Int, rowCount: Int, validity: [UInt64], start: Int)
}

extension ValueDecoder where Self: ~Copyable {
    /// Reads all rows of a chunk.
    mutating func readAll(_ pages: inout ChunkPages, rowCount: Int) throws {
        var filled = 0
        while filled < rowCount {
            switch try pages.next() {
            case .dictionary(let entryCount, let encoding):
                guard encoding == .plain || encoding == .plainDictionary else {
                    throw pages.malformed("a dictionary has the encoding \(encoding)")
                }
                let body = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(pages.page.base), byteCount: pages.page.count)
                try setDictionary(body, entryCount: entryCount, pages: pages)
            case .data(let rows, let valueCount, let valuesStart, let encoding):
                let body = unsafe RawSpan(
                    _unsafeStart: UnsafeRawPointer(pages.page.base + valuesStart),
                    byteCount: pages.page.count - valuesStart)
                if valueCount > 0 {
                    try decode(body, count: valueCount, encoding: encoding, pages: pages)
                }
                if valueCount < rows {
                    spread(valueCount: valueCount, rowCount: rows, validity: pages.validity, start: filled)
                }
                filled += rows
            }
        }
    }
}

/// Dictionary indexes of one page; the buffer is reused.
struct IndexBuffer {
    private var indexes: [UInt32] = []

    /// Reads `count` indexes, each below `entryCount`, and hands them to `body`.
    mutating func read<Result>(
        _ values: RawSpan, count: Int, entryCount: Int, pages: borrowing ChunkPages,
        _ body: (Span<UInt32>) throws -> Result
    ) throws -> Result {
        guard values.byteCount >= 1 else { throw pages.malformed("a page of dictionary indexes is empty") }
        let width = Int(unsafe values.unsafeLoad(fromByteOffset: 0, as: UInt8.self))
        guard width <= 32 else { throw pages.malformed("dictionary indexes of \(width) bits") }
        if indexes.count < count { indexes = [UInt32](repeating: 0, count: count) }
        do {
            _ = try unsafe indexes.withUnsafeMutableBufferPointer { buffer in
                try unsafe RunLengthDecoder.decode(
                    values.extracting(1..<values.byteCount), width: width,
                    into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            }
        } catch { throw pages.malformed("dictionary indexes are not valid", cause: error) }
        let span = indexes.span.extracting(0..<count)
        var largest: UInt32 = 0
        for index in span.indices { largest = max(largest, span[index]) }
        guard Int(largest) < entryCount else {
            throw pages.malformed("the dictionary index \(largest) is not below the \(entryCount) entries")
        }
        return try body(span)
    }
}

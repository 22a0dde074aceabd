internal import BlockCompression
internal import ByteKernels

/// Reads the pages of one column chunk in order: headers, checksums, decompression, levels.
struct ChunkPages: ~Copyable {
    /// What ``next()`` found. The bytes lie in ``page``.
    enum Found {
        case dictionary(entryCount: Int, encoding: ParquetEncoding)
        /// `rowCount` rows, of which `valueCount` are not null; their values start at `valuesStart`.
        case data(rowCount: Int, valueCount: Int, valuesStart: Int, encoding: ParquetEncoding)
    }

    /// The body of the current page, uncompressed.
    private(set) var page = ByteScratch()
    /// A set bit is a value, over all rows so far; empty until the first null when the column may have some.
    private(set) var validity: [UInt64] = []
    private(set) var hasNulls = false

    private let bytes: [UInt8]
    private let fileOffset: Int
    private let column: ParquetColumn
    private let rowCountMax: Int
    private let limits: ParquetReaderLimits
    private var decompressor: Decompressor
    private var position = 0
    private var rowCount = 0

    /// - Parameters:
    ///   - bytes: the whole chunk.
    ///   - fileOffset: of `bytes[0]`.
    ///   - rowCountMax: the rows of the row group.
    init(
        _ bytes: [UInt8], fileOffset: Int, column: ParquetColumn, codec: CompressionCodec, rowCountMax: Int,
        limits: ParquetReaderLimits
    ) {
        self.bytes = bytes
        self.fileOffset = fileOffset
        self.column = column
        self.rowCountMax = rowCountMax
        self.limits = limits
        decompressor = Decompressor(codec)
        if !column.isRequired { validity = [UInt64](repeating: 0, count: (rowCountMax + 63) / 64) }
    }

    func malformed(_ message: String, cause: (any Error)? = nil) -> ParquetError {
        .malformed(message, byteOffset: fileOffset + position, column: column.name, cause: cause)
    }

    /// The next dictionary or data page.
    /// - Throws: ``ParquetError`` also when the chunk ends: callers stop when they have all rows.
    mutating func next() throws -> Found {
        while true {
            guard position < bytes.count else {
                throw malformed("the column ends after \(rowCount) of \(rowCountMax) rows")
            }
            var reader = CompactReader(bytes, range: position..<bytes.count, fileOffset: fileOffset)
            let header = try PageHeader(from: &reader)
            position = reader.position
            guard header.compressedByteCount <= bytes.count - position else {
                throw malformed("a page of \(header.compressedByteCount) bytes passes the end of its column")
            }
            guard header.uncompressedByteCount <= limits.pageBytesMax else {
                throw ParquetError.limit(
                    "a page takes \(header.uncompressedByteCount) bytes, the limit is \(limits.pageBytesMax)",
                    column: column.name, byteOffset: fileOffset + position)
            }
            let body = position..<position + header.compressedByteCount
            if header.type == .index {
                position = body.upperBound
                continue
            }
            try checkSum(header, body)
            let found = try read(header, body)
            position = body.upperBound
            return found
        }
    }

    private func checkSum(_ header: PageHeader, _ body: Range<Int>) throws {
        guard limits.verifiesChecksums, let expected = header.checksum else { return }
        let found = CRC32.checksum(unsafe bytes.span.extracting(body).bytes)
        guard found == expected else {
            throw malformed("a page has the checksum \(found) where \(expected) was written")
        }
    }

    private mutating func read(_ header: PageHeader, _ body: Range<Int>) throws -> Found {
        guard let encoding = ParquetEncoding(rawValue: header.encoding) else {
            throw malformed("a page has the unknown encoding \(header.encoding)")
        }
        page.removeAll()
        if header.type == .dataV2 { return try readVersion2(header, body, encoding) }
        try inflate(body, byteCount: header.uncompressedByteCount)
        if header.type == .dictionary { return .dictionary(entryCount: header.valueCount, encoding: encoding) }
        try checkRows(header.valueCount)
        if column.isRequired {
            rowCount += header.valueCount
            return .data(
                rowCount: header.valueCount, valueCount: header.valueCount, valuesStart: 0, encoding: encoding)
        }
        guard header.levelEncoding == ParquetEncoding.rle.rawValue else {
            throw ParquetError.unsupported(
                "definition levels have the deprecated encoding \(header.levelEncoding)", column: column.name,
                byteOffset: fileOffset + position)
        }
        guard page.count >= 4 else { throw malformed("a page is too short for its levels") }
        let length = unsafe Int(UInt32(littleEndian: page.base.loadUnaligned(as: UInt32.self)))
        guard length <= page.count - 4 else { throw malformed("the levels of a page pass its end") }
        let valueCount = try readLevels(4..<4 + length, rows: header.valueCount)
        return .data(
            rowCount: header.valueCount, valueCount: valueCount, valuesStart: 4 + length, encoding: encoding)
    }

    /// Version 2: the levels come first and are never compressed.
    private mutating func readVersion2(
        _ header: PageHeader, _ body: Range<Int>, _ encoding: ParquetEncoding
    ) throws -> Found {
        try checkRows(header.valueCount)
        let bytes = bytes
        let levels = header.definitionLevelsByteCount
        guard header.repetitionLevelsByteCount == 0 else { throw malformed("a flat column has repetition levels") }
        guard levels <= body.count, levels <= header.uncompressedByteCount else {
            throw malformed("the levels of a page pass its end")
        }
        page.append(unsafe bytes.span.extracting(body.lowerBound..<body.lowerBound + levels).bytes)
        let values = body.lowerBound + levels..<body.upperBound
        let valuesByteCount = header.uncompressedByteCount - levels
        if header.isCompressed && valuesByteCount > 0 {
            try inflate(values, byteCount: valuesByteCount)
        } else {
            guard values.count == valuesByteCount else { throw malformed("a page has another size than announced") }
            page.append(unsafe bytes.span.extracting(values).bytes)
        }
        if column.isRequired {
            rowCount += header.valueCount
            return .data(
                rowCount: header.valueCount, valueCount: header.valueCount, valuesStart: levels, encoding: encoding)
        }
        let valueCount = try readLevels(0..<levels, rows: header.valueCount)
        return .data(rowCount: header.valueCount, valueCount: valueCount, valuesStart: levels, encoding: encoding)
    }

    private func checkRows(_ added: Int) throws {
        guard added <= rowCountMax - rowCount else {
            throw malformed("a column has more values than its row group has rows, \(rowCountMax)")
        }
    }

    /// Appends the decompressed bytes of `body` to ``page``.
    private mutating func inflate(_ body: Range<Int>, byteCount: Int) throws {
        let bytes = bytes
        let start = page.count
        page.reserve(byteCount)
        let target = unsafe UnsafeMutableRawBufferPointer(start: page.base + start, count: byteCount)
        do {
            try unsafe decompressor.decompress(bytes.span.extracting(body).bytes, into: target)
        } catch { throw malformed("a page does not decompress", cause: error) }
        page.advance(byteCount)
    }

    /// - Returns: how many rows are not null.
    private mutating func readLevels(_ range: Range<Int>, rows: Int) throws -> Int {
        let start = rowCount
        rowCount += rows
        if rows == 0 { return 0 }
        do {
            let levels = unsafe RawSpan(
                _unsafeStart: UnsafeRawPointer(page.base + range.lowerBound), byteCount: range.count)
            let result = try RunLengthDecoder.decodeBits(levels, into: &validity, start: start, count: rows)
            if result.setCount < rows { hasNulls = true }
            return result.setCount
        } catch { throw malformed("the levels of a page are not valid", cause: error) }
    }
}

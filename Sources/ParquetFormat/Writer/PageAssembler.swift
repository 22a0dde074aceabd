internal import BlockCompression
internal import ByteKernels

/// Puts the pages of one column chunk one behind the other: levels, values, compression, checksum, header.
///
/// Made once for a thread; ``begin(codec:checksums:)`` starts each chunk.
struct PageAssembler: ~Copyable {
    /// The page being built, uncompressed. Encoders append values here.
    var page = ByteScratch()
    private var chunk = ByteScratch()
    private var compressed = ByteScratch()
    private var header = CompactWriter()
    private var compressor = Compressor(.none)
    private var checksums = true

    private(set) var uncompressedByteCount = 0
    private(set) var dictionaryPageOffset: Int?
    private(set) var locations: [PageLocation] = []
    private(set) var dataPageEncoding = ParquetEncoding.plain
    private var rowCount = 0
    /// Whether ``compressTime`` is kept.
    var measuresTime = false
    /// What compression has taken so far.
    private(set) var compressTime = Duration.zero

    var codec: CompressionCodec { compressor.codec }

    mutating func begin(codec: CompressionCodec, checksums: Bool) {
        compressor.codec = codec
        self.checksums = checksums
        chunk.removeAll()
        page.removeAll()
        uncompressedByteCount = 0
        dictionaryPageOffset = nil
        locations = []
        rowCount = 0
    }

    /// Starts a data page with its definition levels; those of required columns take no space.
    mutating func beginDataPage(_ rows: Range<Int>, levels: borrowing ChunkLevels, isRequired: Bool) {
        page.removeAll()
        if isRequired { return }
        page.append(littleEndian: 0)
        if levels.hasNulls {
            RunLengthEncoder.encodeBits(levels.words.span, start: rows.lowerBound, count: rows.count, to: &page)
        } else {
            RunLengthEncoder.appendRun(of: 1, count: rows.count, width: 1, to: &page)
        }
        page.set(littleEndian: UInt32(page.count - 4), at: 0)
    }

    /// Ends the data page that ``page`` holds.
    mutating func finishDataPage(rowCount rows: Int, encoding: ParquetEncoding) throws {
        let start = chunk.count
        dataPageEncoding = encoding
        try finish(.data, valueCount: rows, encoding: encoding)
        locations.append(PageLocation(offset: start, byteCount: chunk.count - start, firstRow: rowCount))
        rowCount += rows
    }

    /// Ends the dictionary page that ``page`` holds; it comes before all data pages.
    mutating func finishDictionaryPage(entryCount: Int) throws {
        precondition(chunk.count == 0)
        dictionaryPageOffset = 0
        try finish(.dictionary, valueCount: entryCount, encoding: .plain)
        page.removeAll()
    }

    /// A copy of the chunk's bytes, at their exact size.
    borrowing func bytes() -> [UInt8] { chunk.array() }

    private mutating func finish(_ type: PageType, valueCount: Int, encoding: ParquetEncoding) throws {
        let size = page.count
        guard size <= ParquetWriterOptions.pageBytesMax else {
            throw ParquetError.limit("a page takes \(size) bytes, the limit is \(ParquetWriterOptions.pageBytesMax)")
        }
        let isCompressed = compressor.codec != .none
        compressed.removeAll()
        if isCompressed {
            let bound = compressor.compressedByteCountMax(size)
            compressed.reserve(bound)
            let target = unsafe UnsafeMutableRawBufferPointer(start: compressed.base, count: bound)
            let source = unsafe RawSpan(_unsafeStart: page.base, byteCount: size)
            let start = measuresTime ? ContinuousClock.now : nil
            let written = try unsafe compressor.compress(source, into: target)
            if let start { compressTime += ContinuousClock.now - start }
            compressed.advance(written)
        }
        let stored =
            unsafe isCompressed
            ? RawSpan(_unsafeStart: compressed.base, byteCount: compressed.count)
            : RawSpan(_unsafeStart: page.base, byteCount: size)
        let pageHeader = PageHeader(
            type: type, uncompressedByteCount: size, compressedByteCount: stored.byteCount,
            checksum: checksums ? CRC32.checksum(stored) : nil, valueCount: valueCount, encoding: encoding.rawValue)
        header.removeAll()
        pageHeader.write(to: &header)
        chunk.append(header.bytes)
        chunk.append(stored)
        uncompressedByteCount += header.bytes.count + size
    }
}

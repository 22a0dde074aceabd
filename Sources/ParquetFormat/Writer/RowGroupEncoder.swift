internal import BlockCompression
internal import ByteKernels
package import LakeModel

/// Encodes row groups. Pure, and made for one thread: contexts, tables and buffers are reused from call to call.
package struct RowGroupEncoder: ~Copyable, Sendable {
    let columns: [WriterColumn]
    let options: ParquetWriterOptions
    var assembler = PageAssembler()
    var levels = ChunkLevels()
    var dictionary = NumberDictionary()
    var bytesDictionary = BytesDictionary()
    var samples: [UInt64] = []
    var int32Scratch: [Int32] = []
    var int64Scratch: [Int64] = []
    var floatScratch: [Float] = []
    var doubleScratch: [Double] = []
    var fixedScratch = ByteScratch()

    /// Whether ``compressTime`` is kept, for two readings of the clock a page.
    package var measuresTime: Bool {
        get { assembler.measuresTime }
        set { assembler.measuresTime = newValue }
    }

    /// What compressing pages has taken since the encoder was made, by the clock on the wall.
    package var compressTime: Duration { assembler.compressTime }

    /// - Throws: ``ParquetError`` when the schema has nested columns.
    package init(schema: Schema, options: ParquetWriterOptions = ParquetWriterOptions()) throws {
        columns = try WriterSchema.columns(of: schema)
        self.options = options
    }

    /// One row group of all rows of `batches`, in order.
    ///
    /// - Parameter batches: with the schema's columns in its order. The limits of the options on rows and bytes are the
    ///   caller's to keep.
    /// - Throws: ``ParquetError``: `value-missing` for a null in a required column, `value-out-of-range` for a
    ///   decimal of too many digits, `parquet-limit` for a value that no page can hold.
    /// - Complexity: O(values).
    package mutating func encode(_ batches: [ColumnBatch]) throws -> EncodedRowGroup {
        try encode(batches.map { RowSlice(batch: $0, rows: 0..<$0.rowCount) })
    }

    mutating func encode(_ slices: [RowSlice]) throws -> EncodedRowGroup {
        for slice in slices {
            precondition(slice.batch.columns.count == columns.count, "a batch has the columns of the schema")
        }
        var chunks: [EncodedColumnChunk] = []
        chunks.reserveCapacity(columns.count)
        for (index, column) in columns.enumerated() {
            let segments = slices.lazy.filter { !$0.rows.isEmpty }.map { slice in
                let vector = slice.batch.columns[index]
                precondition(
                    vector.type.physical == column.type.physical,
                    "column \(column.name) is \(column.type), not \(vector.type)")
                return ColumnSegment(storage: vector.storage, validity: vector.validity, rows: slice.rows)
            }
            chunks.append(try encode(column, Array(segments)))
        }
        return EncodedRowGroup(rowCount: slices.reduce(0) { $0 + $1.rows.count }, chunks: chunks)
    }

    private mutating func encode(_ column: WriterColumn, _ segments: [ColumnSegment]) throws -> EncodedColumnChunk {
        levels.load(segments)
        if column.isRequired && levels.hasNulls {
            throw ParquetError.value(
                "value-missing", "a required column has \(levels.nullCount) nulls", column: column.name)
        }
        assembler.begin(
            codec: options.columnCompression[column.fieldID] ?? options.compression,
            checksums: options.pageChecksums)
        switch column.type.physical {
        case .boolean: return try encodeBooleans(column, segments)
        case .int32: return try encodeInt32(column, segments)
        case .int64: return try encodeInt64(column, segments)
        case .float: return try encodeFloats(column, segments)
        case .double: return try encodeDoubles(column, segments)
        case .int128: return try encodeDecimals(column, segments)
        case .bytes: return try encodeBytes(column, segments)
        case .fixed: return try encodeFixed(column, segments)
        }
    }

    /// Pages of equal row counts for values of one width.
    func pageRanges(bytesPerRow: Int) -> [Range<Int>] {
        let rows = max(1, min(options.pageRowsMax, options.pageBytesTarget / max(1, bytesPerRow)))
        return stride(from: 0, to: levels.rowCount, by: rows).map { $0..<min($0 + rows, levels.rowCount) }
    }

    /// Completes a chunk from what the assembler has collected.
    func chunk(_ column: WriterColumn, bounds: ChunkBounds, pageBounds: [PageBound]) -> EncodedColumnChunk {
        var encodings: [ParquetEncoding] = [assembler.dataPageEncoding, .rle]
        var counts: [PageEncodingCount] = []
        if assembler.dictionaryPageOffset != nil {
            encodings.append(.plain)
            counts.append(PageEncodingCount(pageType: .dictionary, encoding: .plain, count: 1))
        }
        counts.append(
            PageEncodingCount(
                pageType: .data, encoding: assembler.dataPageEncoding, count: assembler.locations.count))
        let bytes = assembler.bytes()
        var statistics = bounds.statistics
        statistics.nullCount = levels.nullCount
        let index = options.writePageIndex ? PageBound.columnIndex(pageBounds, order: bounds.order) : nil
        return EncodedColumnChunk(
            bytes: bytes, encodings: encodings, uncompressedByteCount: assembler.uncompressedByteCount,
            codec: CodecNumber.number(of: assembler.codec), dictionaryPageOffset: assembler.dictionaryPageOffset,
            dataPageOffset: assembler.locations.first?.offset ?? 0, statistics: statistics, encodingCounts: counts,
            pageLocations: assembler.locations, columnIndex: index,
            summary: ColumnSummary(
                fieldID: column.fieldID, compressedByteCount: bytes.count, valueCount: levels.rowCount,
                nullCount: levels.nullCount, nanCount: bounds.nanCount, lower: bounds.lower, upper: bounds.upper))
    }
}

extension CodecNumber {
    static func number(of codec: CompressionCodec) -> Int {
        switch codec {
        case .none: uncompressed
        case .zstd, .zstdNumbers: zstd
        case .gzip: gzip
        case .snappy: snappy
        }
    }
}

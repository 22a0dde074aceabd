package import LakeModel

/// Writes a Parquet file front to back into a sink.
///
/// Source: Parquet format, "File format".
package struct ParquetFileWriter<Sink: ByteSink & ~Copyable>: ~Copyable {
    private static var magic: [UInt8] { Array("PAR1".utf8) }

    private let columns: [WriterColumn]
    private let options: ParquetWriterOptions
    private var encoder: RowGroupEncoder
    private var sink: Sink
    private var byteCount: Int
    private var rowCount = 0
    private var rowGroups: [RowGroupMetadata] = []
    private var indexes: [RowGroupIndexes] = []
    private var summaries: [ColumnSummary]
    private var pending: [RowSlice] = []
    private var pendingRowCount = 0
    private var pendingByteCount = 0

    /// Bytes written so far; rows that wait for their row group are not in it.
    package var writtenByteCount: Int { byteCount }
    /// Rows written and waiting.
    package var acceptedRowCount: Int { rowCount + pendingRowCount }

    /// Writes the file's first bytes.
    /// - Throws: ``ParquetError`` for nested columns or a sorting column that the schema lacks; the sink's errors.
    package init(
        schema: Schema, options: ParquetWriterOptions = ParquetWriterOptions(), sink: consuming Sink
    ) throws {
        let columns = try WriterSchema.columns(of: schema)
        for sorting in options.sortingColumns where schema.field(id: sorting.fieldID) == nil {
            throw ParquetError.unsupported("the sorting column with id \(sorting.fieldID) is not in the schema")
        }
        let encoder = try RowGroupEncoder(schema: schema, options: options)
        var sink = sink
        let magic = Self.magic
        try unsafe sink.write(magic.span.bytes)
        byteCount = magic.count
        self.columns = columns
        self.options = options
        self.encoder = encoder
        summaries = columns.map { column in
            let isFloat = column.type == .float || column.type == .double
            return ColumnSummary(
                fieldID: column.fieldID, compressedByteCount: 0, valueCount: 0, nullCount: 0,
                nanCount: isFloat ? 0 : nil)
        }
        self.sink = sink
    }

    /// Takes rows. They are written when a row group is full, the rest by ``finish()``.
    /// - Throws: the encoder's and the sink's errors; afterwards the file is not to be used.
    package mutating func write(_ batch: ColumnBatch) throws {
        var start = 0
        let rowBytes = max(1, batch.byteCount / max(1, batch.rowCount))
        while start < batch.rowCount {
            let room = min(
                options.rowGroupRowsMax - pendingRowCount,
                max(1, (options.rowGroupBytesTarget - pendingByteCount + rowBytes - 1) / rowBytes))
            let end = min(batch.rowCount, start + room)
            pending.append(RowSlice(batch: batch, rows: start..<end))
            pendingRowCount += end - start
            pendingByteCount += (end - start) * rowBytes
            start = end
            if pendingRowCount >= options.rowGroupRowsMax || pendingByteCount >= options.rowGroupBytesTarget {
                try flush()
            }
        }
    }

    /// Writes a row group that was encoded elsewhere, behind the rows taken before.
    /// - Parameter rowGroup: from an encoder of the same schema.
    /// - Throws: the encoder's and the sink's errors; afterwards the file is not to be used.
    package mutating func append(_ rowGroup: consuming EncodedRowGroup) throws {
        try flush()
        try put(rowGroup)
    }

    /// Writes waiting rows, the page indexes and the footer.
    /// - Throws: the encoder's and the sink's errors.
    package consuming func finish() throws -> FinishedParquetFile<Sink> {
        try flush()
        try writeIndexes()
        var footer = CompactWriter()
        let metadata = FileMetadata(
            schema: WriterSchema.elements(of: columns), rowCount: rowCount, rowGroups: rowGroups,
            keyValues: options.keyValueMetadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
            createdBy: options.createdBy)
        metadata.write(to: &footer, leafCount: columns.count)
        guard let footerByteCount = UInt32(exactly: footer.bytes.count), footerByteCount <= UInt32(Int32.max) else {
            throw ParquetError.limit("the footer takes \(footer.bytes.count) bytes")
        }
        try put(footer.bytes)
        try put((0..<4).map { UInt8(truncatingIfNeeded: footerByteCount >> (8 * $0)) } + Self.magic)
        let summary = ParquetFileSummary(
            byteCount: byteCount, rowCount: rowCount, splitOffsets: rowGroups.map { Int64($0.fileOffset ?? 0) },
            columns: summaries)
        return FinishedParquetFile(summary: summary, sink: sink)
    }

    private mutating func flush() throws {
        if pendingRowCount == 0 { return }
        let slices = pending
        pending.removeAll()
        pendingRowCount = 0
        pendingByteCount = 0
        try put(try encoder.encode(slices))
    }

    private mutating func put(_ rowGroup: EncodedRowGroup) throws {
        precondition(
            rowGroup.chunks.map(\.summary.fieldID) == columns.map(\.fieldID), "a row group has the file's schema")
        if rowGroup.rowCount == 0 { return }
        var group = RowGroupMetadata(columns: [], rowCount: rowGroup.rowCount, uncompressedByteCount: 0)
        group.fileOffset = byteCount
        group.ordinal = rowGroups.count
        group.compressedByteCount = rowGroup.byteCount
        group.sortingColumns = options.sortingColumns.map { sorting in
            SortingColumn(
                columnIndex: columns.firstIndex { $0.fieldID == sorting.fieldID } ?? 0,
                isDescending: sorting.isDescending, nullsFirst: sorting.nullsFirst)
        }
        var groupIndexes = RowGroupIndexes()
        for (index, chunk) in rowGroup.chunks.enumerated() {
            let start = byteCount
            try put(chunk.bytes)
            group.uncompressedByteCount += chunk.uncompressedByteCount
            group.columns.append(
                ColumnMetadata(
                    type: columns[index].physical, encodings: chunk.encodings.map(\.rawValue),
                    path: [columns[index].name], codec: chunk.codec, valueCount: rowGroup.rowCount,
                    uncompressedByteCount: chunk.uncompressedByteCount, compressedByteCount: chunk.bytes.count,
                    dataPageOffset: start + chunk.dataPageOffset,
                    dictionaryPageOffset: chunk.dictionaryPageOffset.map { start + $0 },
                    statistics: chunk.statistics, encodingCounts: chunk.encodingCounts))
            groupIndexes.chunks.append((start, chunk.pageLocations, chunk.columnIndex))
            summaries[index].merge(chunk.summary)
        }
        rowGroups.append(group)
        indexes.append(groupIndexes)
        rowCount += rowGroup.rowCount
    }

    /// All column indexes, then all offset indexes, in the order of row groups and columns.
    private mutating func writeIndexes() throws {
        if !options.writePageIndex { return }
        var writer = CompactWriter()
        for (group, groupIndexes) in indexes.enumerated() {
            for (column, chunk) in groupIndexes.chunks.enumerated() {
                guard let index = chunk.columnIndex else { continue }
                writer.removeAll()
                index.write(to: &writer)
                rowGroups[group].columns[column].columnIndexOffset = byteCount
                rowGroups[group].columns[column].columnIndexByteCount = writer.bytes.count
                try put(writer.bytes)
            }
        }
        for (group, groupIndexes) in indexes.enumerated() {
            for (column, chunk) in groupIndexes.chunks.enumerated() {
                writer.removeAll()
                OffsetIndex.write(chunk.locations, chunkOffset: chunk.start, to: &writer)
                rowGroups[group].columns[column].offsetIndexOffset = byteCount
                rowGroups[group].columns[column].offsetIndexByteCount = writer.bytes.count
                try put(writer.bytes)
            }
        }
    }

    private mutating func put(_ bytes: [UInt8]) throws {
        try unsafe sink.write(bytes.span.bytes)
        byteCount += bytes.count
    }
}

/// What is left of a writer when its file is whole: a pair, which Swift has not for noncopyable types.
package struct FinishedParquetFile<Sink: ByteSink & ~Copyable>: ~Copyable {
    package let summary: ParquetFileSummary
    package var sink: Sink

    /// Hands the sink back, to be closed by its owner.
    package consuming func takeSink() -> Sink { sink }
}

/// The page indexes of a row group until the end of the file.
private struct RowGroupIndexes {
    var chunks: [(start: Int, locations: [PageLocation], columnIndex: ColumnIndex?)] = []
}

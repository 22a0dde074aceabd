internal import BlockCompression
package import LakeModel

/// How the fields of a table find their columns in a file.
package enum ParquetColumnResolution: Sendable, Hashable {
    /// By field id; columns without one are not found.
    case fieldID
    /// By exact name, for files that were written without ids.
    case name
    /// By name, where each field id has the names that it may go by (Iceberg's `schema.name-mapping.default`).
    case mapping([Int: [String]])
}

/// Reads a Parquet file of flat columns. Safe to use from several threads at once: a read keeps no state.
///
/// Nothing in a file is trusted: lengths and offsets are checked before use, and sizes against ``ParquetReaderLimits``.
package struct ParquetFileReader: Sendable {
    /// The magic number, the length of the footer, and the magic number again.
    private static let overheadBytes = 12
    private static let tailBytes = 8

    package let metadata: ParquetFileMetadata
    package let limits: ParquetReaderLimits
    private let source: any RandomAccessSource
    private let rowGroups: [RowGroupMetadata]

    /// Reads the footer.
    /// - Throws: ``ParquetError`` (`parquet-malformed`, `parquet-unsupported` for encrypted files,
    ///   `parquet-limit`) or the source's errors.
    package init(_ source: any RandomAccessSource, limits: ParquetReaderLimits = ParquetReaderLimits()) throws {
        self.source = source
        self.limits = limits
        let size = source.byteCount
        guard size >= Self.overheadBytes else {
            throw ParquetError.malformed("a file of \(size) bytes is too short for Parquet", byteOffset: 0)
        }
        let tail = try source.read(offset: size - Self.tailBytes, count: Self.tailBytes)
        if tail[4...].elementsEqual("PARE".utf8) {
            throw ParquetError.unsupported("the file's footer is encrypted")
        }
        guard tail.count == Self.tailBytes, tail[4...].elementsEqual("PAR1".utf8) else {
            throw ParquetError.malformed("the file does not end with PAR1", byteOffset: size - 4)
        }
        let footerByteCount = (0..<4).reduce(0) { $0 | Int(tail[$1]) << (8 * $1) }
        guard footerByteCount <= size - Self.overheadBytes else {
            throw ParquetError.malformed(
                "a footer of \(footerByteCount) bytes does not fit the file", byteOffset: size - Self.tailBytes)
        }
        guard footerByteCount <= limits.footerBytesMax else {
            throw ParquetError.limit(
                "the footer takes \(footerByteCount) bytes, the limit is \(limits.footerBytesMax)",
                byteOffset: size - Self.tailBytes)
        }
        let footerOffset = size - Self.tailBytes - footerByteCount
        let footer = try source.read(offset: footerOffset, count: footerByteCount)
        var reader = CompactReader(footer, range: 0..<footer.count, fileOffset: footerOffset)
        let parsed = try FileMetadata(from: &reader, limits: limits)
        if parsed.isEncrypted { throw ParquetError.unsupported("the file has encrypted columns") }
        let columns = try ReaderSchema.columns(of: parsed.schema, footerOffset: footerOffset)
        rowGroups = parsed.rowGroups
        metadata = try ParquetFileMetadata(parsed, columns: columns, footerOffset: footerOffset, limits: limits)
    }

    /// The rows of a row group, a column for each field in the order asked.
    ///
    /// A field that the file lacks comes back as nulls, whether it is required or not. Types are promoted as Iceberg
    /// allows: int to long, float to double, decimals to more digits.
    /// - Throws: ``ParquetError``, also `parquet-type-mismatch`, or the source's errors.
    /// - Complexity: O(values of the columns).
    package func read(
        rowGroup: Int, fields: [SchemaField], resolution: ParquetColumnResolution = .fieldID
    ) throws -> ColumnBatch {
        precondition(rowGroups.indices.contains(rowGroup), "the file has \(rowGroups.count) row groups")
        let rowCount = rowGroups[rowGroup].rowCount
        let columns = try fields.map { field in
            guard let type = field.type.primitive else {
                throw ParquetError.unsupported("nested fields are not read", column: field.name)
            }
            guard let column = column(for: field, resolution) else {
                return ColumnAssembly.nulls(type, rowCount: rowCount)
            }
            return try read(column, as: type, rowGroups[rowGroup])
        }
        return ColumnBatch(columns: columns, rowCount: rowCount)
    }

    /// The file's column that holds `field`, `nil` when it has none.
    package func column(for field: SchemaField, _ resolution: ParquetColumnResolution = .fieldID) -> ParquetColumn? {
        switch resolution {
        case .fieldID: metadata.columns.first { $0.fieldID == field.id }
        case .name: metadata.columns.first { $0.name == field.name }
        case .mapping(let names):
            metadata.columns.first { column in names[field.id]?.contains(column.name) ?? false }
        }
    }

    private func read(
        _ column: ParquetColumn, as type: PrimitiveType, _ group: RowGroupMetadata
    ) throws -> ColumnVector {
        guard let found = column.type else {
            throw ParquetError.unsupported(
                "the column is not read: \(column.unsupportedReason ?? "unknown")", column: column.name)
        }
        guard ColumnAssembly.isReadable(found, as: type) else { throw ColumnAssembly.mismatch(column, type) }
        let rowCount = group.rowCount
        if rowCount == 0 { return ColumnVector(type: type, storage: ColumnAssembly.nulls(type, rowCount: 0).storage) }
        let width = max(column.plainWidth, 1)
        guard rowCount <= limits.columnBytesMax / width else {
            throw ParquetError.limit("a column takes more than \(limits.columnBytesMax) bytes", column: column.name)
        }
        let chunk = group.columns[column.leafIndex]
        let range = try chunkRange(chunk, column)
        let bytes = try source.read(offset: range.lowerBound, count: range.count)
        var pages = ChunkPages(
            bytes, fileOffset: range.lowerBound, column: column, codec: try codec(chunk, column),
            rowCountMax: rowCount, limits: limits)
        let storage: ColumnStorage
        switch column.physical {
        case .boolean:
            var decoder = BooleanDecoder(rowCount: rowCount)
            try decoder.readAll(&pages, rowCount: rowCount)
            storage = .boolean(decoder.output)
        case .byteArray:
            var decoder = BytesDecoder(rowCount: rowCount, byteCountMax: limits.columnBytesMax)
            try decoder.readAll(&pages, rowCount: rowCount)
            storage = try ColumnAssembly.storage(decoder, column, as: type, rowCount: rowCount)
        default:
            var decoder = FixedWidthDecoder(width: width, physical: column.physical, rowCount: rowCount)
            try decoder.readAll(&pages, rowCount: rowCount)
            storage = try ColumnAssembly.storage(decoder.output, column, as: type, rowCount: rowCount)
        }
        let validity = pages.hasNulls ? Bitmap(words: pages.validity, count: rowCount) : nil
        return ColumnVector(type: type, storage: storage, validity: validity)
    }

    /// Where the chunk lies, inside the file.
    private func chunkRange(_ chunk: ColumnMetadata, _ column: ParquetColumn) throws -> Range<Int> {
        if chunk.isEncrypted { throw ParquetError.unsupported("the column is encrypted", column: column.name) }
        if chunk.filePath != nil {
            throw ParquetError.unsupported("the column lies in another file", column: column.name)
        }
        // Some writers state a dictionary at 0, where the magic number is.
        let dictionary = chunk.dictionaryPageOffset ?? 0
        let start = dictionary > 0 ? min(dictionary, chunk.dataPageOffset) : chunk.dataPageOffset
        let size = source.byteCount
        guard start >= 4, chunk.compressedByteCount >= 0, chunk.compressedByteCount <= size,
            start <= size - chunk.compressedByteCount
        else {
            throw ParquetError.malformed(
                "a column of \(chunk.compressedByteCount) bytes passes the end of the file", byteOffset: max(0, start),
                column: column.name)
        }
        return start..<start + chunk.compressedByteCount
    }

    private func codec(_ chunk: ColumnMetadata, _ column: ParquetColumn) throws -> CompressionCodec {
        switch chunk.codec {
        case CodecNumber.uncompressed: return .none
        case CodecNumber.snappy: return .snappy
        case CodecNumber.gzip: return .gzip(level: CompressionCodec.gzipLevelDefault)
        case CodecNumber.zstd: return .zstd(level: CompressionCodec.zstdLevelDefault)
        default:
            let names = CodecNumber.names
            let name = names.indices.contains(chunk.codec) ? names[chunk.codec] : "number \(chunk.codec)"
            throw ParquetError.unsupported("the codec \(name) is not read", column: column.name)
        }
    }
}

extension ParquetFileMetadata {
    /// Checks the row groups against the schema.
    init(
        _ parsed: FileMetadata, columns: [ParquetColumn], footerOffset: Int, limits: ParquetReaderLimits
    ) throws {
        let leafCount = parsed.schema.count { $0.type != nil }
        var total = 0
        var groups: [ParquetRowGroupInfo] = []
        for group in parsed.rowGroups {
            guard group.columns.count == leafCount else {
                throw ParquetError.malformed(
                    "a row group has \(group.columns.count) columns, the schema \(leafCount)", byteOffset: footerOffset)
            }
            guard group.rowCount <= limits.rowGroupRowsMax else {
                throw ParquetError.limit(
                    "a row group has \(group.rowCount) rows, the limit is \(limits.rowGroupRowsMax)",
                    byteOffset: footerOffset)
            }
            total += group.rowCount
            groups.append(
                ParquetRowGroupInfo(group, columns: columns, hasDefinedOrder: parsed.hasTypeDefinedOrder))
            for column in columns where column.type != nil {
                guard group.columns[column.leafIndex].type == column.physical else {
                    throw ParquetError.malformed(
                        "a column chunk has another type than the schema", byteOffset: footerOffset,
                        column: column.name)
                }
            }
        }
        guard total == parsed.rowCount else {
            throw ParquetError.malformed(
                "the footer states \(parsed.rowCount) rows, its row groups \(total)", byteOffset: footerOffset)
        }
        self.init(
            rowCount: total, columns: columns, rowGroups: groups,
            keyValues: Dictionary(
                parsed.keyValues.map { ($0.key, $0.value ?? "") }, uniquingKeysWith: { _, last in last }),
            createdBy: parsed.createdBy)
    }
}

extension ParquetRowGroupInfo {
    init(_ group: RowGroupMetadata, columns: [ParquetColumn], hasDefinedOrder: Bool) {
        let chunks = columns.filter { $0.type != nil }.map { column in
            let chunk = group.columns[column.leafIndex]
            let statistics = hasDefinedOrder ? chunk.statistics : nil
            return ParquetChunkInfo(
                fieldID: column.fieldID, name: column.name, compressedByteCount: chunk.compressedByteCount,
                uncompressedByteCount: chunk.uncompressedByteCount,
                encodings: chunk.encodings.compactMap { ParquetEncoding(rawValue: $0) },
                nullCount: chunk.statistics?.nullCount,
                lower: statistics?.minimum.flatMap { BoundDecoder.datum($0, column) },
                upper: statistics?.maximum.flatMap { BoundDecoder.datum($0, column) })
        }
        let first = group.columns.first.map { min($0.dictionaryPageOffset ?? $0.dataPageOffset, $0.dataPageOffset) }
        self.init(
            rowCount: group.rowCount, fileOffset: group.fileOffset ?? first ?? 0,
            compressedByteCount: group.compressedByteCount ?? chunks.reduce(0) { $0 &+ $1.compressedByteCount },
            columns: chunks)
    }
}

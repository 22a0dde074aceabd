/// How many pages of a kind and encoding a chunk has (`PageEncodingStats`).
struct PageEncodingCount: Hashable, Sendable {
    var pageType: PageType
    var encoding: ParquetEncoding
    var count: Int
}

/// Where the values of one column in one row group lie (`ColumnChunk` with its `ColumnMetaData`).
struct ColumnMetadata {
    var type: ParquetPhysicalType
    var encodings: [Int]
    var path: [String]
    var codec: Int
    /// Nulls included.
    var valueCount: Int
    var uncompressedByteCount: Int
    var compressedByteCount: Int
    var dataPageOffset: Int
    var dictionaryPageOffset: Int?
    var statistics: Statistics?
    var encodingCounts: [PageEncodingCount] = []
    var offsetIndexOffset: Int?
    var offsetIndexByteCount: Int?
    var columnIndexOffset: Int?
    var columnIndexByteCount: Int?
    var isEncrypted = false
    /// Another file that the chunk lies in; never written.
    var filePath: String?
}

extension ColumnMetadata {
    func write(to writer: inout CompactWriter) {
        writer.structure { writer in
            // `file_offset` is deprecated and 0 where the metadata stands in the footer alone.
            writer.int64(2, 0)
            writer.structure(3) { writer in
                writer.int32(1, type.rawValue)
                writer.list(2, .int32, encodings) { $0.element(int32: $1) }
                writer.list(3, .binary, path) { $0.element(binary: Array($1.utf8)) }
                writer.int32(4, codec)
                writer.int64(5, valueCount)
                writer.int64(6, uncompressedByteCount)
                writer.int64(7, compressedByteCount)
                writer.int64(9, dataPageOffset)
                if let dictionaryPageOffset { writer.int64(11, dictionaryPageOffset) }
                if let statistics { writer.structure(12) { statistics.write(to: &$0) } }
                if !encodingCounts.isEmpty {
                    writer.list(13, .structure, encodingCounts) { writer, count in
                        writer.structure {
                            $0.int32(1, count.pageType.rawValue)
                            $0.int32(2, count.encoding.rawValue)
                            $0.int32(3, count.count)
                        }
                    }
                }
            }
            if let offsetIndexOffset { writer.int64(4, offsetIndexOffset) }
            if let offsetIndexByteCount { writer.int32(5, offsetIndexByteCount) }
            if let columnIndexOffset { writer.int64(6, columnIndexOffset) }
            if let columnIndexByteCount { writer.int32(7, columnIndexByteCount) }
        }
    }

    init(from reader: inout CompactReader) throws {
        var chunk: ColumnMetadata?
        var offsetIndex: (offset: Int?, byteCount: Int?)
        var columnIndex: (offset: Int?, byteCount: Int?)
        var isEncrypted = false
        var filePath: String?
        try reader.structure { reader, id, type in
            switch id {
            case 1: filePath = try reader.string(type)
            case 3: chunk = try Self.readMetadata(from: &reader, type)
            case 4: offsetIndex.offset = try reader.int64(type)
            case 5: offsetIndex.byteCount = try reader.int32(type)
            case 6: columnIndex.offset = try reader.int64(type)
            case 7: columnIndex.byteCount = try reader.int32(type)
            case 8, 9:
                isEncrypted = true
                try reader.skip(type)
            default: try reader.skip(type)
            }
        }
        guard var chunk else { throw reader.malformed("a column chunk has no metadata") }
        chunk.offsetIndexOffset = offsetIndex.offset
        chunk.offsetIndexByteCount = offsetIndex.byteCount
        chunk.columnIndexOffset = columnIndex.offset
        chunk.columnIndexByteCount = columnIndex.byteCount
        chunk.isEncrypted = isEncrypted
        chunk.filePath = filePath
        self = chunk
    }

    /// Encodings, path parts and page kinds of one chunk; more are absurd.
    private static let elementsMax = 4096

    private static func readMetadata(from reader: inout CompactReader, _ type: CompactType) throws -> ColumnMetadata {
        guard type == .structure else { throw reader.malformed("column metadata is no structure") }
        var physical: ParquetPhysicalType?
        var numbers: [Int: Int] = [:]
        var encodings: [Int] = []
        var path: [String] = []
        var statistics: Statistics?
        try reader.structure { reader, id, type in
            switch id {
            case 1:
                let number = try reader.int32(type)
                physical = ParquetPhysicalType(rawValue: number)
            case 2: encodings = try reader.list(type, countMax: Self.elementsMax) { try $0.int32($1) }
            case 3: path = try reader.list(type, countMax: Self.elementsMax) { try $0.string($1) }
            case 4: numbers[id] = try reader.int32(type)
            case 5, 6, 7, 9, 11: numbers[id] = try reader.int64(type)
            case 12:
                guard type == .structure else { throw reader.malformed("statistics are no structure") }
                statistics = try Statistics(from: &reader)
            default: try reader.skip(type)
            }
        }
        guard let physical, let codec = numbers[4], let valueCount = numbers[5], let uncompressed = numbers[6],
            let compressed = numbers[7], let dataPageOffset = numbers[9]
        else { throw reader.malformed("column metadata lacks a required field") }
        return ColumnMetadata(
            type: physical, encodings: encodings, path: path, codec: codec, valueCount: valueCount,
            uncompressedByteCount: uncompressed, compressedByteCount: compressed, dataPageOffset: dataPageOffset,
            dictionaryPageOffset: numbers[11], statistics: statistics)
    }
}

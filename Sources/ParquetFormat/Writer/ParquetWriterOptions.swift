package import BlockCompression

/// A column that the caller states the rows to be sorted by.
package struct ParquetSortingColumn: Sendable, Hashable {
    package var fieldID: Int
    package var isDescending: Bool
    package var nullsFirst: Bool

    package init(fieldID: Int, isDescending: Bool = false, nullsFirst: Bool = true) {
        self.fieldID = fieldID
        self.isDescending = isDescending
        self.nullsFirst = nullsFirst
    }
}

/// How a Parquet file is laid out. Counts in rows, sizes in bytes before compression.
package struct ParquetWriterOptions: Sendable, Hashable {
    /// The most rows of a row group.
    package var rowGroupRowsMax: Int
    /// A row group ends when its rows take this many bytes in memory.
    package var rowGroupBytesTarget: Int
    /// The most rows of a page: readers skip by pages.
    package var pageRowsMax: Int
    /// A page ends before the row that would pass this many bytes; one row may pass it alone.
    package var pageBytesTarget: Int
    /// The most bytes of a dictionary page; columns that need more are written plain. 0: no dictionaries.
    package var dictionaryBytesMax: Int
    package var compression: CompressionCodec
    /// Codecs of single columns by field id, where they differ from `compression`.
    package var columnCompression: [Int: CompressionCodec]
    /// Whether each page carries a CRC-32.
    package var pageChecksums: Bool
    /// Whether column and offset indexes are written.
    package var writePageIndex: Bool
    /// Bounds of strings and binaries are cut to this many bytes.
    package var boundBytesMax: Int
    /// `application version x.y.z (build hash)`.
    package var createdBy: String
    /// For example `iceberg.schema` with the table's schema as JSON.
    package var keyValueMetadata: [String: String]
    /// What the rows of each row group are sorted by; stated, not checked.
    package var sortingColumns: [ParquetSortingColumn]

    /// 1,048,576 rows: parallel readers get enough pieces, and levels and dictionaries stay small.
    package static let rowGroupRowsMaxDefault = 1 << 20
    /// 128 MiB, the size that readers plan their memory for.
    package static let rowGroupBytesTargetDefault = 128 << 20
    /// 20,000 rows, as other writers have it.
    package static let pageRowsMaxDefault = 20_000
    /// 1 MiB, as other writers have it.
    package static let pageBytesTargetDefault = 1 << 20
    /// 1 MiB, as other writers have it.
    package static let dictionaryBytesMaxDefault = 1 << 20
    /// 64 bytes: enough to prune by, little enough for a footer of many columns.
    package static let boundBytesMaxDefault = 64
    /// The largest page before compression: readers hold sizes in 32 bits and refuse more than this.
    package static let pageBytesMax = 1 << 30
    package static let createdByDefault = "dipper version 0.1.0 (build unknown)"

    package init(
        rowGroupRowsMax: Int = rowGroupRowsMaxDefault, rowGroupBytesTarget: Int = rowGroupBytesTargetDefault,
        pageRowsMax: Int = pageRowsMaxDefault, pageBytesTarget: Int = pageBytesTargetDefault,
        dictionaryBytesMax: Int = dictionaryBytesMaxDefault,
        compression: CompressionCodec = .zstd(level: CompressionCodec.zstdLevelDefault),
        columnCompression: [Int: CompressionCodec] = [:], pageChecksums: Bool = true, writePageIndex: Bool = true,
        boundBytesMax: Int = boundBytesMaxDefault, createdBy: String = createdByDefault,
        keyValueMetadata: [String: String] = [:], sortingColumns: [ParquetSortingColumn] = []
    ) {
        precondition(rowGroupRowsMax > 0 && rowGroupBytesTarget > 0 && pageRowsMax > 0 && pageBytesTarget > 0)
        precondition(dictionaryBytesMax >= 0 && boundBytesMax >= 4, "a bound holds at least one code point")
        self.rowGroupRowsMax = rowGroupRowsMax
        self.rowGroupBytesTarget = rowGroupBytesTarget
        self.pageRowsMax = pageRowsMax
        self.pageBytesTarget = pageBytesTarget
        self.dictionaryBytesMax = dictionaryBytesMax
        self.compression = compression
        self.columnCompression = columnCompression
        self.pageChecksums = pageChecksums
        self.writePageIndex = writePageIndex
        self.boundBytesMax = boundBytesMax
        self.createdBy = createdBy
        self.keyValueMetadata = keyValueMetadata
        self.sortingColumns = sortingColumns
    }
}

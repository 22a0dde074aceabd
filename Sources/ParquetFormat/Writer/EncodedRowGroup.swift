package import LakeModel

/// Bounds and counts of one column, of a row group or a whole file, as Iceberg keeps them.
package struct ColumnSummary: Sendable, Hashable {
    package var fieldID: Int
    package var compressedByteCount: Int
    /// Nulls included.
    package var valueCount: Int
    package var nullCount: Int
    /// `nil` for columns that are no floating point numbers.
    package var nanCount: Int?
    /// No value but NaN is less; strings cut to 16 code points, binaries to 16 bytes. `nil` without values.
    package var lower: Datum?
    /// No value but NaN is greater; cut strings and binaries are rounded up. `nil` without values or when no bound
    /// of that length exists.
    package var upper: Datum?
}

/// The bytes of one column in one row group and what the footer says of them. Offsets count from `bytes[0]`.
struct EncodedColumnChunk: Sendable {
    var bytes: [UInt8]
    var encodings: [ParquetEncoding]
    var uncompressedByteCount: Int
    var codec: Int
    var dictionaryPageOffset: Int?
    var dataPageOffset: Int
    var statistics: Statistics
    var encodingCounts: [PageEncodingCount]
    var pageLocations: [PageLocation]
    var columnIndex: ColumnIndex?
    var summary: ColumnSummary
}

/// A row group encoded somewhere, ready to be appended to a file of the same schema and options.
package struct EncodedRowGroup: Sendable {
    package let rowCount: Int
    let chunks: [EncodedColumnChunk]

    /// Bytes that it takes in a file, the footer's part apart.
    package var byteCount: Int { chunks.reduce(0) { $0 + $1.bytes.count } }

    /// Bounds and counts of each column in schema order.
    package var columns: [ColumnSummary] { chunks.map(\.summary) }
}

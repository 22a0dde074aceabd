/// Physical types of the format; the raw values are those of `parquet.thrift`.
package enum ParquetPhysicalType: Int, Sendable, Hashable {
    case boolean = 0
    case int32 = 1
    case int64 = 2
    /// Deprecated timestamps of Impala and old Spark versions.
    case int96 = 3
    case float = 4
    case double = 5
    case byteArray = 6
    case fixedLengthByteArray = 7
}

/// How values lie in a page; the raw values are those of `parquet.thrift`.
package enum ParquetEncoding: Int, Sendable, Hashable {
    case plain = 0
    case plainDictionary = 2
    case rle = 3
    case bitPacked = 4
    case deltaBinaryPacked = 5
    case deltaLengthByteArray = 6
    case deltaByteArray = 7
    case rleDictionary = 8
    case byteStreamSplit = 9
}

/// Codecs by their number in `parquet.thrift`.
enum CodecNumber {
    static let uncompressed = 0
    static let snappy = 1
    static let gzip = 2
    static let zstd = 6
    /// For messages about files that are not read here.
    static let names = [
        "uncompressed", "snappy", "gzip", "lzo", "brotli", "lz4 (Hadoop)", "zstd", "lz4_raw",
    ]
}

/// Whether and how often a value stands in a row.
enum Repetition: Int {
    case required = 0
    case optional = 1
    case repeated = 2
}

/// Kinds of pages.
enum PageType: Int {
    case data = 0
    case index = 1
    case dictionary = 2
    case dataV2 = 3
}

/// Whether the bounds of a chunk's pages rise or fall.
enum BoundaryOrder: Int {
    case unordered = 0
    case ascending = 1
    case descending = 2
}

/// Units of time of day and timestamp types.
package enum ParquetTimeUnit: Int, Sendable, Hashable {
    case milliseconds = 1
    case microseconds = 2
    case nanoseconds = 3
}

/// The meaning of a column beyond its physical type.
package enum ParquetLogicalType: Sendable, Hashable {
    case string
    case enumeration
    case decimal(scale: Int, precision: Int)
    case date
    case time(isAdjustedToUTC: Bool, unit: ParquetTimeUnit)
    case timestamp(isAdjustedToUTC: Bool, unit: ParquetTimeUnit)
    case integer(bitWidth: Int, isSigned: Bool)
    case json
    case bson
    case uuid
    /// Field id of the union in `parquet.thrift`: lists, maps, half floats, variants, geometries.
    case other(Int)
}

/// The older form of ``ParquetLogicalType``; the raw values are those of `parquet.thrift`.
enum ConvertedType: Int {
    case utf8 = 0
    case enumeration = 4
    case decimal = 5
    case date = 6
    case timeMilliseconds = 7
    case timeMicroseconds = 8
    case timestampMilliseconds = 9
    case timestampMicroseconds = 10
    case uint8 = 11
    case uint16 = 12
    case uint32 = 13
    case uint64 = 14
    case int8 = 15
    case int16 = 16
    case int32 = 17
    case int64 = 18
    case json = 19
    case bson = 20
}

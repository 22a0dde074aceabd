package import LakeModel

/// A data file or delete file as manifests describe it.
///
/// Source: Iceberg specification, "Manifests", struct `data_file`.
package struct DataFile: Sendable, Hashable {
    package enum Content: Int, Sendable, Hashable { case data = 0, positionDeletes = 1, equalityDeletes = 2 }

    package var content: Content
    /// The full URI, unique among the live files of a table.
    package var location: String
    /// `PARQUET`, `AVRO` or `ORC`.
    package var format: String
    /// The partition spec that `partition` follows.
    package var specID: Int
    /// A value for each field of the spec, in its order; `nil` is null.
    package var partition: [Datum?]
    package var recordCount: Int64
    package var byteCount: Int64
    /// Bytes on disk by field id.
    package var columnSizes: FieldMap<Int64>?
    /// Values by field id, nulls and NaN included.
    package var valueCounts: FieldMap<Int64>?
    package var nullValueCounts: FieldMap<Int64>?
    package var nanValueCounts: FieldMap<Int64>?
    package var distinctCounts: FieldMap<Int64>?
    /// Serialised by ``BoundsCodec``.
    package var lowerBounds: FieldMap<[UInt8]>?
    /// Serialised by ``BoundsCodec``.
    package var upperBounds: FieldMap<[UInt8]>?
    package var keyMetadata: [UInt8]?
    /// Offsets of the row groups, ascending.
    package var splitOffsets: [Int64]?
    /// Field ids that an equality delete file matches on.
    package var equalityIDs: [Int]?
    package var sortOrderID: Int?
    /// The one data file that all deletes of this file point into, when the writer said so.
    package var referencedDataFile: String?

    package init(
        content: Content = .data, location: String, format: String = "PARQUET", specID: Int = 0,
        partition: [Datum?] = [], recordCount: Int64, byteCount: Int64
    ) {
        self.content = content
        self.location = location
        self.format = format
        self.specID = specID
        self.partition = partition
        self.recordCount = recordCount
        self.byteCount = byteCount
    }

    /// Identifies the partition that a file lies in, over all specs.
    package var partitionKey: PartitionKey { PartitionKey(specID: specID, values: partition) }
}

/// A partition of a spec; float values compare as Java's `floatToIntBits` does, so that NaN equals NaN.
package struct PartitionKey: Sendable, Hashable {
    package let specID: Int
    package let values: [Datum?]

    package init(specID: Int, values: [Datum?]) {
        self.specID = specID
        self.values = values.map { value in
            switch value {
            // Bit patterns stand for the values: -0.0 differs from 0.0, and all NaN are one.
            case .float(let number)?: .int(Int32(bitPattern: number.isNaN ? 0x7FC0_0000 : number.bitPattern))
            case .double(let number)?:
                .long(Int64(bitPattern: number.isNaN ? 0x7FF8_0000_0000_0000 : number.bitPattern))
            default: value
            }
        }
    }
}

package import LakeModel

/// What the footer says of one column in one row group.
package struct ParquetChunkInfo: Sendable, Hashable {
    package var fieldID: Int?
    package var name: String
    package var compressedByteCount: Int
    package var uncompressedByteCount: Int
    package var encodings: [ParquetEncoding]
    package var nullCount: Int?
    /// No value is less. `nil` when the file does not say or its order is not defined.
    package var lower: Datum?
    /// No value is greater.
    package var upper: Datum?
}

/// A row group as the footer describes it.
package struct ParquetRowGroupInfo: Sendable, Hashable {
    package var rowCount: Int
    /// Of the first page.
    package var fileOffset: Int
    package var compressedByteCount: Int
    /// Columns that are read, in file order.
    package var columns: [ParquetChunkInfo]
}

/// The footer of a file.
package struct ParquetFileMetadata: Sendable {
    package var rowCount: Int
    package var columns: [ParquetColumn]
    package var rowGroups: [ParquetRowGroupInfo]
    package var keyValues: [String: String]
    package var createdBy: String?

    /// The columns that are read, as a table's schema. Columns without an id get -1 minus their position.
    package var schema: Schema {
        let fields = columns.enumerated().compactMap { index, column in
            column.type.map { type in
                SchemaField(
                    id: column.fieldID ?? -1 - index, name: column.name, type: type, required: column.isRequired)
            }
        }
        return Schema(id: 0, fields: fields)
    }

    /// Whether any column carries a field id.
    package var hasFieldIDs: Bool { columns.contains { $0.fieldID != nil } }
}

/// Decodes bounds of statistics.
enum BoundDecoder {
    /// `nil` when the bytes are no value of the column.
    static func datum(_ bytes: [UInt8], _ column: ParquetColumn) -> Datum? {
        guard let type = column.type else { return nil }
        func word(_ count: Int) -> UInt64? {
            bytes.count == count ? bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } : nil
        }
        switch (column.physical, type.physical) {
        case (.boolean, _): return bytes.count == 1 ? .boolean(bytes[0] != 0) : nil
        case (.int32, .int32): return word(4).map { .int(Int32(key: $0)) }
        case (.int32, .int128): return word(4).map { .decimal(Int128(Int32(key: $0))) }
        case (.int64, .int128): return word(8).map { .decimal(Int128(Int64(key: $0))) }
        case (.int64, .int64) where column.conversion == .none: return word(8).map { .long(Int64(key: $0)) }
        case (.float, _):
            return word(4).map { Float(key: $0) }.flatMap { $0.isNaN ? nil : .float($0) }
        case (.double, _):
            return word(8).map { Double(key: $0) }.flatMap { $0.isNaN ? nil : .double($0) }
        case (.byteArray, .bytes):
            return type == .string ? .string(String(decoding: bytes, as: UTF8.self)) : .bytes(bytes)
        case (.fixedLengthByteArray, .int128):
            return bytes.count == column.typeLength ? .decimal(DecimalBytes.value(bytes)) : nil
        case (.fixedLengthByteArray, .fixed): return .bytes(bytes)
        default: return nil
        }
    }
}

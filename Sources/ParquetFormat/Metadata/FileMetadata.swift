/// A column that the rows of a row group are sorted by (`SortingColumn`).
struct SortingColumn: Hashable, Sendable {
    /// Index of the leaf column.
    var columnIndex: Int
    var isDescending: Bool
    var nullsFirst: Bool
}

/// Some rows of a file, each column in one piece (`RowGroup`).
struct RowGroupMetadata {
    var columns: [ColumnMetadata]
    var rowCount: Int
    var uncompressedByteCount: Int
    var compressedByteCount: Int?
    var fileOffset: Int?
    var ordinal: Int?
    var sortingColumns: [SortingColumn] = []

    func write(to writer: inout CompactWriter) {
        writer.structure { writer in
            writer.list(1, .structure, columns) { $1.write(to: &$0) }
            writer.int64(2, uncompressedByteCount)
            writer.int64(3, rowCount)
            if !sortingColumns.isEmpty {
                writer.list(4, .structure, sortingColumns) { writer, column in
                    writer.structure {
                        $0.int32(1, column.columnIndex)
                        $0.bool(2, column.isDescending)
                        $0.bool(3, column.nullsFirst)
                    }
                }
            }
            if let fileOffset { writer.int64(5, fileOffset) }
            if let compressedByteCount { writer.int64(6, compressedByteCount) }
            if let ordinal, let narrow = Int16(exactly: ordinal) { writer.int16(7, narrow) }
        }
    }
}

/// The footer (`FileMetaData`).
struct FileMetadata {
    /// 1: the features that all readers have.
    static let formatVersion = 1

    var schema: [SchemaElement]
    var rowCount: Int
    var rowGroups: [RowGroupMetadata]
    var keyValues: [(key: String, value: String?)] = []
    var createdBy: String?
    /// Whether all leaves have the order that their type defines, so that bounds mean something.
    var hasTypeDefinedOrder = false
    var isEncrypted = false

    func write(to writer: inout CompactWriter, leafCount: Int) {
        writer.structure { writer in
            writer.int32(1, Self.formatVersion)
            writer.list(2, .structure, schema) { $1.write(to: &$0) }
            writer.int64(3, rowCount)
            writer.list(4, .structure, rowGroups) { $1.write(to: &$0) }
            if !keyValues.isEmpty {
                writer.list(5, .structure, keyValues) { writer, pair in
                    writer.structure {
                        $0.string(1, pair.key)
                        if let value = pair.value { $0.string(2, value) }
                    }
                }
            }
            if let createdBy { writer.string(6, createdBy) }
            // TypeDefinedOrder for each leaf, an empty structure in a union.
            writer.list(7, .structure, Array(repeating: (), count: leafCount)) { writer, _ in
                writer.structure { $0.structure(1) { _ in } }
            }
        }
    }
}

extension RowGroupMetadata {
    init(from reader: inout CompactReader, limits: ParquetReaderLimits) throws {
        var columns: [ColumnMetadata]?
        var rowCount: Int?
        var group = RowGroupMetadata(columns: [], rowCount: 0, uncompressedByteCount: 0)
        try reader.structure { reader, id, type in
            switch id {
            case 1:
                columns = try reader.list(type, countMax: limits.columnsMax) { reader, type in
                    guard type == .structure else { throw reader.malformed("a column chunk is no structure") }
                    return try ColumnMetadata(from: &reader)
                }
            case 2: group.uncompressedByteCount = try reader.int64(type)
            case 3: rowCount = try reader.int64(type)
            case 5: group.fileOffset = try reader.int64(type)
            case 6: group.compressedByteCount = try reader.int64(type)
            case 7: group.ordinal = Int(try reader.int16(type))
            default: try reader.skip(type)
            }
        }
        guard let columns, let rowCount, rowCount >= 0 else {
            throw reader.malformed("a row group lacks its columns or row count")
        }
        group.columns = columns
        group.rowCount = rowCount
        self = group
    }
}

extension FileMetadata {
    /// More key-value pairs are absurd.
    private static let keyValuesMax = 100_000

    init(from reader: inout CompactReader, limits: ParquetReaderLimits) throws {
        var schema: [SchemaElement]?
        var rowGroups: [RowGroupMetadata]?
        var metadata = FileMetadata(schema: [], rowCount: 0, rowGroups: [])
        try reader.structure { reader, id, type in
            switch id {
            case 2:
                schema = try reader.list(type, countMax: limits.columnsMax) { reader, type in
                    guard type == .structure else { throw reader.malformed("a schema element is no structure") }
                    return try SchemaElement(from: &reader)
                }
            case 3: metadata.rowCount = try reader.int64(type)
            case 4:
                rowGroups = try reader.list(type, countMax: limits.rowGroupsMax) { reader, type in
                    guard type == .structure else { throw reader.malformed("a row group is no structure") }
                    return try RowGroupMetadata(from: &reader, limits: limits)
                }
            case 5:
                metadata.keyValues = try reader.list(type, countMax: Self.keyValuesMax) { reader, type in
                    try Self.readKeyValue(from: &reader, type)
                }
            case 6: metadata.createdBy = try reader.string(type)
            case 7: metadata.hasTypeDefinedOrder = try Self.readColumnOrders(from: &reader, type, limits: limits)
            case 8:
                metadata.isEncrypted = true
                try reader.skip(type)
            default: try reader.skip(type)
            }
        }
        guard let schema, let rowGroups else { throw reader.malformed("the footer lacks its schema or row groups") }
        metadata.schema = schema
        metadata.rowGroups = rowGroups
        self = metadata
    }

    private static func readKeyValue(
        from reader: inout CompactReader, _ type: CompactType
    ) throws -> (key: String, value: String?) {
        guard type == .structure else { throw reader.malformed("a key-value pair is no structure") }
        var key = ""
        var value: String?
        try reader.structure { reader, id, type in
            switch id {
            case 1: key = try reader.string(type)
            case 2: value = try reader.string(type)
            default: try reader.skip(type)
            }
        }
        return (key, value)
    }

    private static func readColumnOrders(
        from reader: inout CompactReader, _ type: CompactType, limits: ParquetReaderLimits
    ) throws -> Bool {
        let orders = try reader.list(type, countMax: limits.columnsMax) { reader, type in
            guard type == .structure else { throw reader.malformed("a column order is no structure") }
            var isTypeDefined = false
            try reader.structure { reader, id, type in
                isTypeDefined = id == 1
                try reader.skip(type)
            }
            return isTypeDefined
        }
        return orders.allSatisfy { $0 }
    }
}

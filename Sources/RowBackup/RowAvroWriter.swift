package import AvroFormat
import Iceberg
package import LakeModel

/// Writes rows into an Avro object container file, whose header says what they are a backup of.
package struct RowAvroWriter: Sendable {
    /// Bytes of rows in a block before compression: 256 KiB.
    static let blockBytes = 256 << 10

    private let fields: [SchemaField]
    private var writer: AvroFileWriter
    package private(set) var rowCount: Int64 = 0

    /// - Throws: ``BackupError`` `backup-unsupported`.
    package init(
        _ description: BackupDescription, codec: AvroCodec = .deflate,
        using generator: inout some RandomNumberGenerator
    ) throws {
        fields = description.schema.fields
        writer = AvroFileWriter(
            schema: try RowAvroSchema.make(fields), metadata: description.header, codec: codec,
            blockBytesTarget: Self.blockBytes, using: &generator)
    }

    /// Adds rows.
    /// - Parameter batch: columns of the schema's fields, in their order.
    /// - Throws: ``BackupError`` `backup-row-invalid` for a null in a required column.
    package mutating func append(_ batch: ColumnBatch) throws {
        precondition(batch.columns.count == fields.count, "a batch has the columns of the table")
        let isOptional = fields.map { !$0.required }
        let widths = fields.map { field -> Int in
            guard case .decimal(let precision, _)? = field.type.primitive else { return 0 }
            return ManifestSchemas.decimalByteCount(precision: precision)
        }
        for row in 0..<batch.rowCount {
            try writer.append { encoder in
                for index in fields.indices {
                    let column = batch.columns[index]
                    let isNull = column.isNull(row)
                    if isOptional[index] {
                        encoder.writeBranch(isNull ? 0 : 1)
                        if isNull { continue }
                    } else if isNull {
                        throw BackupError(
                            code: "backup-row-invalid", message: "a row has no value in a column that needs one",
                            remedy: "mend the table's rows first", place: Place(column: fields[index].name))
                    }
                    encoder.write(column.storage, row, decimalBytes: widths[index])
                }
            }
        }
        rowCount += Int64(batch.rowCount)
    }

    /// Takes the finished bytes so far.
    package mutating func drain() -> [UInt8] { writer.drain() }

    /// - Returns: the bytes that ``drain()`` has not taken.
    package consuming func finish() throws -> [UInt8] { try writer.finish() }
}

extension AvroEncoder {
    /// Writes one value, which is not null.
    fileprivate mutating func write(_ storage: ColumnStorage, _ row: Int, decimalBytes: Int) {
        switch storage {
        case .boolean(let values): write(values[row])
        case .int32(let values): write(Int64(values[row]))
        case .int64(let values): write(values[row])
        case .float(let values): write(values[row])
        case .double(let values): write(values[row])
        case .int128(let values): writeFixed(BoundsCodec.bigEndian(values[row], count: decimalBytes))
        case .bytes(let values):
            let range = values.range(row)
            write(Int64(range.count))
            bytes.append(contentsOf: values.bytes[range])
        case .fixed(let values): writeFixed(values[row])
        }
    }
}

import LakeModel

/// Writes the streaming form of Arrow's IPC: the schema, record batches, and the end.
///
/// Source: Apache Arrow, "Serialization and Interprocess Communication (IPC)", metadata version 5.
package struct ArrowStreamWriter: Sendable {
    /// `MetadataVersion.V5`.
    private static let metadataVersion: Int16 = 4
    private static let schemaHeader: UInt8 = 1
    private static let batchHeader: UInt8 = 3

    /// What a stream ends with.
    package static let end: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]

    private let fields: [ArrowField]

    package init(fields: [ArrowField]) { self.fields = fields }

    /// The message that a stream begins with.
    package var schema: [UInt8] {
        let schema = FlatBuffer.Table([.int16(0), .tables(fields.map(\.table))])
        return Self.message(Self.schemaHeader, schema, body: [])
    }

    /// A message with some rows.
    /// - Parameter columns: the values of each column; all have as many.
    /// - Throws: ``ArrowError``.
    package func batch(_ columns: [[ArrowValue]]) throws -> [UInt8] {
        precondition(columns.count == fields.count, "a batch has a list of values for each column")
        var body = ArrowBody()
        for (field, values) in zip(fields, columns) {
            var column = ArrowColumn(field.type)
            for value in values {
                do {
                    try column.append(value)
                } catch var error as ArrowError {
                    error.place = .init(source: "result", column: field.name)
                    throw error
                }
            }
            body.append(column)
        }
        let batch = FlatBuffer.Table([
            .int64(Int64(columns.first?.count ?? 0)), .structs(body.nodes, integersEach: 2),
            .structs(body.buffers, integersEach: 2),
        ])
        return Self.message(Self.batchHeader, batch, body: body.bytes)
    }

    private static func message(_ kind: UInt8, _ header: FlatBuffer.Table, body: [UInt8]) -> [UInt8] {
        let metadata = FlatBuffer.bytes(
            root: FlatBuffer.Table([
                .int16(metadataVersion), .uint8(kind), .table(header), .int64(Int64(body.count)),
            ]))
        var bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
        let length = UInt32(metadata.count)
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: length >> UInt32(shift))) }
        bytes.append(contentsOf: metadata)
        bytes.append(contentsOf: body)
        return bytes
    }
}

/// The buffers of a record batch, one behind the other, and where each lies.
struct ArrowBody {
    /// Buffers begin at multiples of it.
    private static let alignment = 8

    private(set) var bytes: [UInt8] = []
    /// Rows and nulls of each column and of its parts.
    private(set) var nodes: [Int64] = []
    /// Offset and length of each buffer.
    private(set) var buffers: [Int64] = []

    mutating func append(_ column: ArrowColumn) {
        nodes += [Int64(column.count), Int64(column.nullCount)]
        for buffer in column.buffers {
            buffers += [Int64(bytes.count), Int64(buffer.count)]
            bytes += buffer
            let rest = bytes.count % Self.alignment
            if rest != 0 { bytes.append(contentsOf: repeatElement(0, count: Self.alignment - rest)) }
        }
        for child in column.children { append(child) }
    }
}

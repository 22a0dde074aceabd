import LakeModel
import ObjectStorage
import ParquetFormat

/// A Parquet file of a table that is being written.
///
/// `@unchecked Sendable`: one task at a time uses it, which waits for each call.
final class NewFile: @unchecked Sendable {
    private struct Sink: ByteSink {
        let object: any ObjectWriter

        mutating func write(_ bytes: RawSpan) throws { try object.write(bytes) }
    }

    let location: String
    private let object: any ObjectWriter
    private var writer: ParquetFileWriter<Sink>?

    /// - Throws: storage errors, ``ParquetError`` for a schema that is not written.
    init(
        location: String, schema: Schema, options: ParquetWriterOptions, room: MaintenanceRoom
    ) async throws {
        self.location = location
        object = try await room.objects.makeWriter(room.key(location))
        do {
            writer = try ParquetFileWriter(schema: schema, options: options, sink: Sink(object: object))
        } catch {
            await object.abort()
            throw error
        }
    }

    var byteCount: Int { writer?.writtenByteCount ?? 0 }
    var rowCount: Int { writer?.acceptedRowCount ?? 0 }

    /// Blocks while a row group is encoded and written.
    func write(_ batch: ColumnBatch) throws { try writer?.write(batch) }

    /// Makes the file durable.
    func close(_ pool: BlockingPool) async throws -> ParquetFileSummary {
        let summary = try await pool.run { [self] in
            guard let writer = writer.take() else { preconditionFailure("a file is closed once") }
            return try writer.finish().summary
        }
        try await object.finish(as: nil, ifAbsent: true)
        return summary
    }

    func abort() async {
        writer = nil
        await object.abort()
    }
}

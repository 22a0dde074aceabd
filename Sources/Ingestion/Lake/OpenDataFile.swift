import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

/// A Parquet file of a table that is being written.
///
/// `@unchecked Sendable`: the load that opened it is its only user.
final class OpenDataFile: @unchecked Sendable {
    let location: String
    let partition: [Datum?]
    private(set) var byteCount = 0
    private(set) var rowCount = 0
    private(set) var rowGroupCount = 0
    private let object: any ObjectWriter
    private var writer: ParquetFileWriter<ObjectSink>?

    init(
        location: String, key: String, partition: [Datum?], schema: Schema, options: ParquetWriterOptions,
        objects: any ObjectStore
    ) async throws {
        self.location = location
        self.partition = partition
        object = try await objects.makeWriter(key)
        writer = try ParquetFileWriter(schema: schema, options: options, sink: ObjectSink(writer: object))
    }

    func append(_ group: consuming EncodedRowGroup) throws {
        byteCount += group.byteCount
        rowCount += group.rowCount
        rowGroupCount += 1
        try writer?.append(group)
    }

    func write(_ batch: ColumnBatch) throws {
        rowCount += batch.rowCount
        try writer?.write(batch)
    }

    /// Makes the file durable.
    func close() async throws -> ParquetFileSummary {
        guard let writer = writer.take() else { preconditionFailure("a data file is closed once") }
        let summary = try writer.finish().summary
        try await object.finish(as: nil, ifAbsent: true)
        return summary
    }

    func abort() async {
        writer = nil
        await object.abort()
    }
}

import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

/// The one Parquet file of a gold snapshot.
struct GoldFile: Sendable {
    private struct Sink: ByteSink {
        let object: any ObjectWriter

        mutating func write(_ bytes: RawSpan) throws { try object.write(bytes) }
    }

    let location: String
    let objects: any ObjectStore
    /// The table with the schema that the file is written in.
    let metadata: TableMetadata

    /// Writes the rows and makes the file durable.
    /// - Throws: ``GoldError`` of values, storage errors; there is no file then.
    func write(_ rows: GoldRows, pool: BlockingPool) async throws -> DataFile {
        let object = try await objects.makeWriter(ObjectStoreFileIO(objects).key(location))
        do {
            var options = ParquetWriterOptions()
            options.keyValueMetadata = ["iceberg.schema": SchemaJSON.text(metadata.schema)]
            let (schema, chosen) = (metadata.schema, options)
            // Encoding takes the processor for a while, and writing waits for the disk.
            let summary = try await pool.run {
                var writer = try ParquetFileWriter(schema: schema, options: chosen, sink: Sink(object: object))
                for start in stride(from: 0, to: rows.rows.count, by: GoldLimits.batchRows) {
                    try writer.write(rows.batch(start..<min(rows.rows.count, start + GoldLimits.batchRows)))
                }
                return try writer.finish().summary
            }
            try await object.finish(as: nil, ifAbsent: true)
            return DataFile(
                summary: summary, location: location, partition: [], spec: metadata.partitionSpec,
                schema: metadata.schema)
        } catch {
            await object.abort()
            throw error
        }
    }
}

import ObjectStorage
import Iceberg
import LakeModel
import ParquetFormat

/// Writes position delete files, one a partition of the files that they delete from.
struct PositionDeleteWriter: Sendable {
    let context: TableContext

    /// - Parameters:
    ///   - positions: by location of the data file.
    ///   - files: the data files, for their spec and partition.
    func write(_ positions: [String: Set<Int64>], of files: [String: DataFile]) async throws -> [DataFile] {
        var groups: [PartitionKey: [String: [Int64]]] = [:]
        for (location, deleted) in positions {
            guard let file = files[location] else {
                preconditionFailure("a row is deleted from a file that was looked up")
            }
            groups[file.partitionKey, default: [:]][location] = Array(deleted)
        }
        var written: [DataFile] = []
        for (key, positions) in groups {
            guard let rows = PositionDeletes.rows(positions) else { continue }
            let location = "\(context.silver.location)/data/\(RandomUUID.text())-deletes.parquet"
            let file = try await OpenDataFile(
                location: location, key: context.tables.io.key(location), partition: key.values,
                schema: PositionDeletes.schema, options: ParquetWriterOptions(), objects: context.tables.objects)
            try file.write(rows.batch)
            let summary = try await file.close()
            written.append(
                DataFile.positionDeletes(
                    rows, summary: summary, location: location, specID: key.specID, partition: key.values))
        }
        return written
    }
}

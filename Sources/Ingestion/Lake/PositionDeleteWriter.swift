import ObjectStorage
import Iceberg
import LakeModel
import ParquetFormat

/// Writes position delete files, one a partition of the files that they delete from.
///
/// `@unchecked Sendable`: the load that made it is its only user.
final class PositionDeleteWriter: @unchecked Sendable {
    private let context: TableContext
    /// Every file begun, for cleaning up after a load that is known to have failed.
    private(set) var locations: [String] = []

    init(context: TableContext) { self.context = context }

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
            locations.append(location)
            let file = try await OpenDataFile(
                location: location, key: context.tables.io.key(location), partition: key.values,
                schema: PositionDeletes.schema, options: ParquetWriterOptions(), objects: context.tables.objects)
            let summary: ParquetFileSummary
            do {
                try file.write(rows.batch)
                summary = try await file.close()
            } catch {
                await file.abort()
                throw error
            }
            written.append(
                DataFile.positionDeletes(
                    rows, summary: summary, location: location, specID: key.specID, partition: key.values))
        }
        return written
    }
}

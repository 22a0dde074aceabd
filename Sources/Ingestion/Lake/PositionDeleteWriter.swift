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
    ///   - rows: a bit for each row of a data file, by location.
    ///   - files: the data files, for their spec and partition.
    func write(_ rows: [String: Bitmap], of files: [String: DataFile]) async throws -> [DataFile] {
        var groups: [PartitionKey: [String]] = [:]
        for location in rows.keys {
            guard let file = files[location] else {
                preconditionFailure("a row is deleted from a file that was looked up")
            }
            groups[file.partitionKey, default: []].append(location)
        }
        var written: [DataFile] = []
        for (key, locations) in groups {
            var piece: [String: [Int64]] = [:]
            var count = 0
            for location in locations.sorted() {
                guard let deleted = rows[location] else { continue }
                for row in 0..<deleted.count where deleted[row] {
                    piece[location, default: []].append(Int64(row))
                    count += 1
                    if count == context.limits.positionDeletesPerFile {
                        written += try await write(piece, key)
                        piece = [:]
                        count = 0
                    }
                }
            }
            written += try await write(piece, key)
        }
        return written
    }

    /// Writes one file.
    private func write(_ positions: [String: [Int64]], _ key: PartitionKey) async throws -> [DataFile] {
        guard let rows = PositionDeletes.rows(positions) else { return [] }
        let location = "\(context.silver.location)/data/\(RandomUUID.text())-deletes.parquet"
        locations.append(location)
        let file = try await OpenDataFile(
            location: location, key: context.tables.io.key(location), partition: key.values,
            schema: PositionDeletes.schema, options: ParquetWriterOptions(), objects: context.tables.objects)
        do {
            try file.write(rows.batch)
            let summary = try await file.close()
            return [
                DataFile.positionDeletes(
                    rows, summary: summary, location: location, specID: key.specID, partition: key.values)
            ]
        } catch {
            await file.abort()
            throw error
        }
    }
}

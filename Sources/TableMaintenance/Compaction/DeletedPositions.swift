import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

/// Reads position delete files, each once.
struct DeletedPositions: Sendable {
    /// Deleted rows of data files by location, unsorted and possibly repeated.
    private(set) var byFile: [String: [Int64]] = [:]

    /// - Parameters:
    ///   - files: Parquet position delete files.
    ///   - wanted: the data files whose deletes are kept.
    /// - Throws: storage errors, ``ParquetError``.
    init(_ files: [DataFile], of wanted: Set<String>, room: MaintenanceRoom, pool: BlockingPool) async throws {
        for file in files {
            try Task.checkCancellation()
            let source = try await room.objects.open(room.key(file.location))
            let found = try await pool.run { try Self.read(source, wanted) }
            byFile.merge(found) { $0 + $1 }
        }
    }

    private static func read(_ source: any RandomAccessSource, _ wanted: Set<String>) throws -> [String: [Int64]] {
        let reader = try ParquetFileReader(source)
        var found: [String: [Int64]] = [:]
        for group in reader.metadata.rowGroups.indices {
            let batch = try reader.read(rowGroup: group, fields: PositionDeletes.schema.fields)
            guard case .bytes(let paths) = batch.columns[0].storage, case .int64(let rows) = batch.columns[1].storage
            else { continue }
            // Rows are sorted by path, so that a path is looked up only where it changes.
            var start = 0
            while start < rows.count {
                let path = paths[start]
                var end = start + 1
                while end < rows.count, paths[end].elementsEqual(path) { end += 1 }
                let location = String(decoding: path, as: UTF8.self)
                if wanted.contains(location) { found[location, default: []] += rows[start..<end] }
                start = end
            }
        }
        return found
    }

    /// The deleted rows of a file, rising, each once.
    func sorted(_ location: String) -> [Int64] {
        guard let rows = byFile[location] else { return [] }
        var unique: [Int64] = []
        unique.reserveCapacity(rows.count)
        for row in rows.sorted() where row != unique.last { unique.append(row) }
        return unique
    }
}

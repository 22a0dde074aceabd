package import LakeModel

/// Position delete files: which rows of which data files are deleted.
///
/// Source: Iceberg specification, "Position Delete Files".
package enum PositionDeletes {
    package static let filePathFieldID = 2_147_483_546
    package static let positionFieldID = 2_147_483_545

    /// The columns of a position delete file: `file_path` and `pos`.
    package static let schema = Schema(
        id: 0,
        fields: [
            SchemaField(
                id: filePathFieldID, name: "file_path", type: .string, required: true,
                doc: "Path of a file in which a deleted row is stored"),
            SchemaField(
                id: positionFieldID, name: "pos", type: .long, required: true,
                doc: "Ordinal position of a deleted row in the data file"),
        ])

    /// Rows of a position delete file, sorted as the specification wants them, and their exact bounds.
    package struct Rows: Sendable, Hashable {
        /// Columns as in ``PositionDeletes/schema``, by path, then position, each pair once.
        package let batch: ColumnBatch
        package let lowestPath: String
        package let highestPath: String
        package let lowestPosition: Int64
        package let highestPosition: Int64
    }

    /// The rows for `positions`, which gives the deleted positions (from 0, in any order) by the location of their
    /// data file, exactly as its manifest entry has it. All files of one delete file lie in one partition of one spec.
    /// - Returns: `nil` when there is nothing to delete.
    /// - Complexity: O(n log n) in the number of positions.
    package static func rows(_ positions: [String: [Int64]]) -> Rows? {
        let sorted = positions.filter { !$0.value.isEmpty }
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        guard let first = sorted.first, let last = sorted.last else { return nil }
        var paths = ByteVector()
        var rows: [Int64] = []
        for (path, positions) in sorted {
            let bytes = Array(path.utf8)
            var previous: Int64?
            for position in positions.sorted() where position != previous {
                paths.append(bytes)
                rows.append(position)
                previous = position
            }
        }
        return Rows(
            batch: ColumnBatch(
                columns: [
                    ColumnVector(type: .string, storage: .bytes(paths)),
                    ColumnVector(type: .long, storage: .int64(rows)),
                ], rowCount: rows.count),
            lowestPath: first.key, highestPath: last.key, lowestPosition: rows.min() ?? 0,
            highestPosition: rows.max() ?? 0)
    }

    /// The rows for single deletes in any order.
    package static func rows(_ deletes: some Sequence<(location: String, position: Int64)>) -> Rows? {
        var positions: [String: [Int64]] = [:]
        for delete in deletes { positions[delete.location, default: []].append(delete.position) }
        return rows(positions)
    }
}

extension DataFile {
    /// A position delete file with the metrics that readers match it to data files by: whole paths, not cut ones.
    /// - Parameters:
    ///   - rows: what the file holds.
    ///   - specID: spec of the data files, also when the table's default spec is another by now.
    ///   - partition: partition of the data files.
    package static func positionDeletes(
        _ rows: PositionDeletes.Rows, location: String, byteCount: Int64, specID: Int, partition: [Datum?],
        format: String = "PARQUET", splitOffsets: [Int64]? = nil
    ) -> DataFile {
        let (path, position) = (PositionDeletes.filePathFieldID, PositionDeletes.positionFieldID)
        let count = Int64(rows.batch.rowCount)
        var file = DataFile(
            content: .positionDeletes, location: location, format: format, specID: specID, partition: partition,
            recordCount: count, byteCount: byteCount)
        file.valueCounts = [path: count, position: count]
        file.nullValueCounts = [path: 0, position: 0]
        file.lowerBounds = [
            path: Array(rows.lowestPath.utf8), position: BoundsCodec.encode(.long(rows.lowestPosition), .long),
        ]
        file.upperBounds = [
            path: Array(rows.highestPath.utf8), position: BoundsCodec.encode(.long(rows.highestPosition), .long),
        ]
        file.splitOffsets = splitOffsets
        return file
    }
}

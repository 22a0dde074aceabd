import BlockCompression
import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

/// Rewriting in the table's sort order.
///
/// Steps: read row groups until ``FileRewriter/sortBytes`` of rows are there, sort them, put them into a file of their
/// own; merge these runs, of each a small row group at a time. Rows that fit in memory together go straight to the new
/// files. The new place of each row is noted, so that rows that a writer deletes meanwhile are found.
extension FileRewriter {
    /// Bytes of rows in a row group of a run, of which the merge holds one a run: 1 MiB.
    private static let runRowGroupBytes = 1 << 20
    /// The column of a run that says where its rows came from.
    private static let originField = SchemaField(
        id: Int(Int32.max) - 1_000, name: "_dipper_origin", type: .long, required: true)

    /// Writes the rows of a group, in order.
    /// - Returns: where the rows of each old file are, by its location.
    func sort(
        _ group: CompactionPlan.Group, _ deleted: DeletedPositions, _ order: RowOrder, _ output: inout Output
    ) async throws -> [String: PositionMap] {
        let dropped = group.tasks.map { task in
            deleted.sorted(task.dataFile.location).filter { $0 < task.dataFile.recordCount }
        }
        var places = group.tasks.map { [Int64](repeating: -1, count: Int($0.dataFile.recordCount)) }
        var waiting: [PlacedRows] = []
        var waitingBytes = 0
        var runs: [String] = []
        for (index, task) in group.tasks.enumerated() {
            let file = task.dataFile
            let source = try await room.objects.open(room.key(file.location))
            let reader = try await pool.run { [metadata] in try TableFileReader(source, file, metadata) }
            var position: Int64 = 0
            for rowGroup in 0..<reader.rowGroupCount {
                try Task.checkCancellation()
                let (first, gone) = (position, dropped[index])
                let (rows, count) = try await pool.run {
                    let batch = try reader.read(rowGroup)
                    let origins = PlacedRows.origins(file: index, from: first, count: batch.rowCount, dropped: gone)
                    return (
                        PlacedRows(batch: Self.kept(batch, from: first, gone), origins: origins), batch.rowCount
                    )
                }
                position += Int64(count)
                if rows.origins.isEmpty { continue }
                waiting.append(rows)
                waitingBytes += rows.batch.byteCount
                if waitingBytes >= sortBytes {
                    runs.append(try await spill(waiting, order, output.folder))
                    waiting = []
                    waitingBytes = 0
                }
            }
        }
        if runs.isEmpty {
            let rows = waiting
            if let sorted = try await pool.run({ Self.sorted(rows, order) }) {
                try await write(sorted, &output, &places)
            }
        } else {
            if !waiting.isEmpty { runs.append(try await spill(waiting, order, output.folder)) }
            try await merge(runs, order, &output, &places)
        }
        var maps: [String: PositionMap] = [:]
        for (index, task) in group.tasks.enumerated() {
            maps[task.dataFile.location] = PositionMap(dropped: dropped[index], places: places[index])
        }
        return maps
    }

    private static func sorted(_ rows: [PlacedRows], _ order: RowOrder) -> PlacedRows? {
        PlacedRows.concatenate(rows).map { $0.gather(RowOrder.order(order.keys($0.batch))) }
    }

    /// Takes rows into the open file, which is closed when it has its size, and notes their places.
    private func write(
        _ rows: PlacedRows, _ output: inout Output, _ places: inout [[Int64]]
    ) async throws {
        for start in stride(from: 0, to: rows.origins.count, by: Self.pageRowsMax) {
            let part = rows.slice(start..<min(start + Self.pageRowsMax, rows.origins.count))
            let file = try await file(of: &output)
            let firstRow = Int64(file.rowCount)
            for (offset, origin) in part.origins.enumerated() {
                let old = PositionMap.unpacked(origin)
                places[old.file][Int(old.row)] = PositionMap.packed(
                    file: output.closed.count, row: firstRow + Int64(offset))
            }
            try await pool.run { try file.write(part.batch) }
            if file.byteCount >= targetFileBytes { try await close(&output) }
        }
    }

    // MARK: Runs

    /// Sorts rows into a file of their own.
    /// - Returns: its location.
    private func spill(_ rows: [PlacedRows], _ order: RowOrder, _ folder: String) async throws -> String {
        try Task.checkCancellation()
        var schema = metadata.schema
        schema.fields.append(Self.originField)
        var options = ParquetWriterOptions()
        options.compression = .zstd(level: 1)
        options.rowGroupBytesTarget = Self.runRowGroupBytes
        let file = try await begin(in: folder, schema: schema, options: options)
        do {
            try await pool.run {
                guard let sorted = Self.sorted(rows, order) else { return }
                let origins = ColumnVector(type: .long, storage: .int64(sorted.origins))
                try file.write(
                    ColumnBatch(columns: sorted.batch.columns + [origins], rowCount: sorted.batch.rowCount))
            }
            _ = try await file.close(pool)
            return file.location
        } catch {
            await file.abort()
            throw error
        }
    }

    private func merge(
        _ runs: [String], _ order: RowOrder, _ output: inout Output, _ places: inout [[Int64]]
    ) async throws {
        var cursors: [RunCursor] = []
        for location in runs {
            let source = try await room.objects.open(room.key(location))
            let fields = metadata.schema.fields + [Self.originField]
            cursors.append(try await pool.run { try RunCursor(source, fields: fields, order: order) })
        }
        let merge = RunMerge(cursors)
        while let rows = try await pool.run({ try merge.next() }) {
            try Task.checkCancellation()
            try await write(rows, &output, &places)
        }
        // They are deleted with what was not committed, too; sooner is better for the disk.
        for location in runs { try? await room.io.delete(location) }
    }
}

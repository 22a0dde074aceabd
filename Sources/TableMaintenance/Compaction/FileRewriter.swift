import BlockCompression
import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

/// Data files of one partition as new files, not committed yet.
struct RewrittenGroup: Sendable {
    let group: CompactionPlan.Group
    let files: [DataFile]
    /// Where the rows of each old file are, by its location.
    let maps: [String: PositionMap]
}

/// Writes the rows of data files, without the deleted ones, into files of the target size.
///
/// `@unchecked Sendable`: one task at a time uses it.
final class FileRewriter: @unchecked Sendable {
    /// Bytes of rows in a row group before it is encoded: 32 MiB, which bounds the memory of a rewrite.
    static let rowGroupBytes = 32 << 20
    /// Rows of a page, as ingestion writes them.
    static let pageRowsMax = 1 << 16

    let metadata: TableMetadata
    let room: MaintenanceRoom
    let pool: BlockingPool
    let targetFileBytes: Int
    private let options: ParquetWriterOptions
    /// The table's sort order, which new files follow; `nil` for a table without one, or one that can't be computed here.
    let order: RowOrder?
    /// Bytes of rows that are sorted in memory at a time.
    let sortBytes: Int
    /// Every file begun, to be deleted when the commit is known to have failed.
    private(set) var locations: [String] = []

    init(
        metadata: TableMetadata, targetFileBytes: Int, sortBytes: Int, room: MaintenanceRoom, pool: BlockingPool
    ) {
        self.metadata = metadata
        self.targetFileBytes = targetFileBytes
        self.sortBytes = sortBytes
        self.room = room
        self.pool = pool
        order = RowOrder(metadata.sortOrder, fields: metadata.schema.fields)
        var options = ParquetWriterOptions()
        options.compression = Self.codec(metadata.properties)
        options.pageRowsMax = Self.pageRowsMax
        options.rowGroupBytesTarget = min(Self.rowGroupBytes, max(1, targetFileBytes))
        options.keyValueMetadata = ["iceberg.schema": SchemaJSON.text(metadata.schema)]
        self.options = options
    }

    private static func codec(_ properties: [String: String]) -> CompressionCodec {
        switch properties["write.parquet.compression-codec"]?.lowercased() {
        case "snappy": .snappy
        case "gzip": .gzip(level: CompressionCodec.gzipLevelDefault)
        case "uncompressed", "none": .none
        default: .zstd(level: CompressionCodec.zstdLevelDefault)
        }
    }

    /// - Throws: storage errors, ``ParquetError``, ``MaintenanceError``; ``locations`` says what is left over then.
    func rewrite(_ group: CompactionPlan.Group, deleted: DeletedPositions) async throws -> RewrittenGroup {
        guard let spec = metadata.partitionSpec(id: group.partition.specID), let first = group.tasks.first else {
            preconditionFailure("a planned group has files of a spec of the table")
        }
        var output = Output(folder: folder(of: first.dataFile))
        var maps: [String: PositionMap] = [:]
        do {
            if let order { maps = try await sort(group, deleted, order, &output) }
            for task in group.tasks where order == nil {
                try Task.checkCancellation()
                let file = task.dataFile
                let source = try await room.objects.open(room.key(file.location))
                let reader = try await pool.run { [metadata] in try TableFileReader(source, file, metadata) }
                var map = PositionMap(dropped: deleted.sorted(file.location).filter { $0 < file.recordCount })
                var position: Int64 = 0
                for rowGroup in 0..<reader.rowGroupCount {
                    try await write(reader, rowGroup, &position, &map, &output)
                }
                maps[file.location] = map
            }
            try await close(&output)
        } catch {
            await output.open?.abort()
            throw error
        }
        try check(maps, group, output.closed)
        let files = output.closed.map { location, summary in
            DataFile(
                summary: summary, location: location, partition: first.dataFile.partition, spec: spec,
                schema: metadata.schema, sortOrderID: order?.id)
        }
        return RewrittenGroup(group: group, files: files, maps: maps)
    }

    struct Output {
        let folder: String
        var open: NewFile?
        var closed: [(location: String, summary: ParquetFileSummary)] = []

        init(folder: String) { self.folder = folder }
    }

    /// Takes the kept rows of a row group into the open file, which is closed when it has its size.
    private func write(
        _ reader: TableFileReader, _ rowGroup: Int, _ position: inout Int64, _ map: inout PositionMap,
        _ output: inout Output
    ) async throws {
        try Task.checkCancellation()
        let (first, dropped) = (position, map.dropped)
        let (batch, rowCount) = try await pool.run {
            let batch = try reader.read(rowGroup)
            return (Self.kept(batch, from: first, dropped), batch.rowCount)
        }
        position += Int64(rowCount)
        if batch.rowCount == 0 { return }
        let file = try await file(of: &output)
        map.append(count: batch.rowCount, file: output.closed.count, firstRow: Int64(file.rowCount))
        try await pool.run { try file.write(batch) }
        if file.byteCount >= targetFileBytes { try await close(&output) }
    }

    /// The open file, or a new one.
    func file(of output: inout Output) async throws -> NewFile {
        if let open = output.open { return open }
        let file = try await begin(in: output.folder, schema: metadata.schema, options: options)
        output.open = file
        return file
    }

    /// A new file, which is deleted again unless it is committed.
    func begin(in folder: String, schema: Schema, options: ParquetWriterOptions) async throws -> NewFile {
        let location = "\(folder)/\(RandomUUID.text()).parquet"
        locations.append(location)
        return try await NewFile(location: location, schema: schema, options: options, room: room)
    }

    /// The rows of a row group that begins at position `first`, without those that `dropped` names.
    static func kept(_ batch: ColumnBatch, from first: Int64, _ dropped: [Int64]) -> ColumnBatch {
        let end = first + Int64(batch.rowCount)
        var low = 0
        var high = dropped.count
        while low < high {
            let middle = (low + high) / 2
            if dropped[middle] < first { low = middle + 1 } else { high = middle }
        }
        let rows = dropped[low...].prefix { $0 < end }.map { Int32($0 - first) }
        return batch.removing(rows)
    }

    func close(_ output: inout Output) async throws {
        guard let file = output.open else { return }
        let summary = try await file.close(pool)
        output.open = nil
        output.closed.append((file.location, summary))
    }

    /// No row is lost and none comes twice, or nothing is committed.
    private func check(
        _ maps: [String: PositionMap], _ group: CompactionPlan.Group,
        _ closed: [(location: String, summary: ParquetFileSummary)]
    ) throws {
        let expected = group.tasks.reduce(0) { sum, task in
            sum + task.dataFile.recordCount - Int64(maps[task.dataFile.location]?.dropped.count ?? 0)
        }
        let written = closed.reduce(0) { $0 + Int64($1.summary.rowCount) }
        guard expected == written, expected == maps.values.reduce(0, { $0 + $1.keptCount }) else {
            throw MaintenanceError(
                code: "rows-differ", message: "\(written) rows were written where \(expected) were read",
                remedy: "report it; nothing was changed")
        }
    }

    /// Beside the old file, when that lies below the table.
    private func folder(of file: DataFile) -> String {
        guard file.location.hasPrefix(metadata.location + "/"), let slash = file.location.lastIndex(of: "/") else {
            return "\(metadata.location)/data"
        }
        return String(file.location[..<slash])
    }

    // MARK: Deletes

    /// Writes a position delete file of one partition.
    /// - Parameter positions: deleted rows by data file.
    /// - Returns: `nil` when there are none.
    func writeDeletes(_ positions: [String: [Int64]], _ partition: PartitionKey, like file: DataFile) async throws
        -> DataFile?
    {
        guard let rows = PositionDeletes.rows(positions) else { return nil }
        let location = "\(folder(of: file))/\(RandomUUID.text())-deletes.parquet"
        locations.append(location)
        let new = try await NewFile(
            location: location, schema: PositionDeletes.schema, options: ParquetWriterOptions(), room: room)
        do {
            try await pool.run { try new.write(rows.batch) }
            return DataFile.positionDeletes(
                rows, summary: try await new.close(pool), location: location, specID: partition.specID,
                partition: file.partition)
        } catch {
            await new.abort()
            throw error
        }
    }
}

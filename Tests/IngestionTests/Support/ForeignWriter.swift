import CatalogService
import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

@testable import Ingestion

/// Another engine that writes the silver table of ``TestTables/items(name:conflict:references:)``: snapshots that know
/// nothing of Dipper's index or watermarks.
struct ForeignWriter {
    struct Row: Hashable {
        var id: Int64
        var name: String
        /// Days since 1970; `nil` is null.
        var day: Int32?
    }

    let tables: LakeTables
    let declaration: TableDeclaration

    private var identifier: TableIdentifier { LakeTables.silver(declaration) }

    /// A stored row and where it lies.
    struct Stored {
        var row: Row
        var file: DataFile
        var position: Int64
        var deleteFiles: [DataFile]
    }

    func metadata() async throws -> TableMetadata {
        guard let metadata = try await tables.metadata(identifier) else { preconditionFailure("the table exists") }
        return metadata
    }

    /// The live rows.
    func stored() async throws -> [Stored] {
        let metadata = try await metadata()
        var rows: [Stored] = []
        let deletes = DeleteReader(tables: tables)
        for task in try await TableScan(metadata: metadata, io: tables.io).plan().tasks {
            let deleted = try await deletes.positions(of: task.dataFile.location, in: task.deleteFiles)
            let reader = try ParquetFileReader(try await tables.objects.open(tables.io.key(task.dataFile.location)))
            var position: Int64 = 0
            for group in reader.metadata.rowGroups.indices {
                let batch = try reader.read(rowGroup: group, fields: Array(metadata.schema.fields.prefix(3)))
                for row in 0..<batch.rowCount {
                    defer { position += 1 }
                    guard !deleted.contains(position), case .long(let id)? = batch.columns[0].datum(row),
                        case .string(let name)? = batch.columns[1].datum(row)
                    else { continue }
                    var day: Int32?
                    if case .int(let days)? = batch.columns[2].datum(row) { day = days }
                    rows.append(
                        Stored(
                            row: Row(id: id, name: name, day: day), file: task.dataFile, position: position,
                            deleteFiles: task.deleteFiles))
                }
            }
        }
        return rows
    }

    func append(_ rows: [Row]) async throws {
        let metadata = try await metadata()
        try await commit(.append, metadata, adding: try await write(rows, metadata))
    }

    /// Deletes rows by position and adds others, as a merge does.
    func merge(deleting: (Row) -> Bool, adding rows: [Row]) async throws {
        let metadata = try await metadata()
        var positions: [PartitionKey: [String: [Int64]]] = [:]
        for stored in try await stored() where deleting(stored.row) {
            positions[stored.file.partitionKey, default: [:]][stored.file.location, default: []].append(stored.position)
        }
        var deletes: [DataFile] = []
        for (key, files) in positions {
            guard let rows = PositionDeletes.rows(files) else { continue }
            let file = try await open(key.values, PositionDeletes.schema)
            try file.write(rows.batch)
            deletes.append(
                DataFile.positionDeletes(
                    rows, summary: try await file.close(), location: file.location, specID: key.specID,
                    partition: key.values))
        }
        try await commit(.overwrite, metadata, adding: try await write(rows, metadata), deletes: deletes)
    }

    /// Puts the rows of some files into new ones: `replace` when nothing else changes, else copy-on-write.
    func rewrite(_ isChosen: (DataFile) -> Bool, changing change: ((Row) -> Row?)? = nil) async throws {
        let metadata = try await metadata()
        var rows: [Row] = []
        for stored in try await stored() where isChosen(stored.file) {
            if let row = change.map({ $0(stored.row) }) ?? stored.row { rows.append(row) }
        }
        let plan = try await TableScan(metadata: metadata, io: tables.io).plan()
        let removed = Set(plan.tasks.map(\.dataFile).filter(isChosen).map(\.location))
        // Delete files that are left without a data file.
        let kept = Set(
            plan.tasks.filter { !removed.contains($0.dataFile.location) }.flatMap { $0.deleteFiles.map(\.location) })
        let deletes = Set(plan.tasks.flatMap { $0.deleteFiles.map(\.location) }).subtracting(kept)
        if removed.isEmpty { return }
        try await commit(
            change == nil ? .replace : .overwrite, metadata, adding: try await write(rows, metadata),
            removing: removed.union(deletes))
    }

    /// Sets the main branch to another snapshot.
    func rollback(to snapshotID: Int64) async throws {
        let metadata = try await metadata()
        let changed = try metadata.applying(
            [.setSnapshotRef(name: SnapshotReference.mainBranch, SnapshotReference(snapshotID: snapshotID))],
            nowMilliseconds: UTCTime.nowMicroseconds() / 1_000)
        try await swap(metadata, changed)
    }

    /// Drops all snapshots but the current one from the metadata.
    func expire() async throws {
        let metadata = try await metadata()
        let old = metadata.snapshots.map(\.id).filter { $0 != metadata.currentSnapshotID }
        try await swap(
            metadata,
            try metadata.applying([.removeSnapshots(old)], nowMilliseconds: UTCTime.nowMicroseconds() / 1_000))
    }

    private func write(_ rows: [Row], _ metadata: TableMetadata) async throws -> [DataFile] {
        if rows.isEmpty { return [] }
        let types = declaration.columns.map(\.type)
        var builders = types.map { DatumColumnBuilder(type: $0) }
        for row in rows {
            builders[0].append(.long(row.id))
            builders[1].append(.string(row.name))
            builders[2].append(row.day.map { .int($0) })
        }
        let batch = ColumnBatch(columns: builders.map { $0.finish() }, rowCount: rows.count)
        var files: [DataFile] = []
        for part in PartitionScatter(declaration).split(DerivedColumns(declaration).appended(to: batch)) {
            let file = try await open(part.values, metadata.schema)
            try file.write(part.batch)
            files.append(
                DataFile(
                    summary: try await file.close(), location: file.location, partition: part.values,
                    spec: metadata.partitionSpec, schema: metadata.schema))
        }
        return files
    }

    private func open(_ partition: [Datum?], _ schema: Schema) async throws -> OpenDataFile {
        let location = "\(try await metadata().location)/data/foreign-\(RandomUUID.text()).parquet"
        return try await OpenDataFile(
            location: location, key: tables.io.key(location), partition: partition, schema: schema,
            options: ParquetWriterOptions(), objects: tables.objects)
    }

    private func commit(
        _ operation: SnapshotProducer.Operation, _ base: TableMetadata, adding files: [DataFile],
        deletes: [DataFile] = [], removing: Set<String> = []
    ) async throws {
        var producer = SnapshotProducer(
            base: base, io: tables.io, snapshotID: SnapshotID.random(avoiding: base),
            nowMilliseconds: UTCTime.nowMicroseconds() / 1_000, operation: operation)
        producer.addedDataFiles = files
        producer.addedDeleteFiles = deletes
        producer.removedFiles = removing
        try await swap(base, try await producer.produce().metadata)
    }

    private func swap(_ base: TableMetadata, _ changed: TableMetadata) async throws {
        var changed = changed
        let location = try await MetadataFile.write(&changed, io: tables.io)
        var commit = CatalogCommit()
        commit.swaps = [
            CatalogCommit.Swap(
                table: identifier, expectedMetadataLocation: base.metadataLocation, newMetadataLocation: location)
        ]
        try await tables.catalog.commit(commit)
    }
}

package import CatalogService
import Iceberg
import LakeModel
package import RowBackup
package import ObjectStorage

/// Reads the rows of a table's snapshot, whoever wrote them, and gives them as the bytes of one Avro file.
package struct TableBackup: Sendable {
    let room: MaintenanceRoom
    let pool: BlockingPool

    /// - Parameter pool: its threads read and encode.
    package init(room: MaintenanceRoom, pool: BlockingPool) {
        self.room = room
        self.pool = pool
    }

    /// Begins with a snapshot, the current one unless another is named. Its files stay until the stream is closed.
    /// - Parameter folders: keys of the folders that the table's files must lie in, because a client may name any file in
    ///   a table's metadata; `nil`: anywhere.
    /// - Returns: `nil` when the table has no such snapshot.
    /// - Throws: ``BackupError`` `backup-unsupported`, `forbidden` for a file outside of `folders`; catalog and storage
    ///   errors.
    package func begin(
        _ table: TableIdentifier, snapshotID: Int64? = nil, within folders: [String]? = nil
    ) async throws -> BackupStream? {
        var metadata = try await room.catalog.currentMetadata(table)
        if let snapshotID, metadata.snapshot(id: snapshotID) == nil { return nil }
        let wanted = snapshotID ?? metadata.currentSnapshotID
        if let wanted {
            room.pins.pin(wanted, of: table)
            // One that expired before it was pinned is gone now; one that is there stays.
            metadata = try await room.catalog.currentMetadata(table)
        }
        do {
            let snapshot = wanted.flatMap { metadata.snapshot(id: $0) }
            if wanted != nil, snapshot == nil {
                throw BackupError.unsupported("the snapshot expired as the backup began")
            }
            if let schemaID = snapshot?.schemaID, metadata.schema(id: schemaID) != nil, snapshotID != nil {
                metadata.currentSchemaID = schemaID
            }
            return try await stream(of: metadata, wanted, table, within: folders)
        } catch {
            if let wanted { room.pins.release(wanted, of: table) }
            throw error
        }
    }

    private func stream(
        of metadata: TableMetadata, _ snapshotID: Int64?, _ table: TableIdentifier, within folders: [String]?
    ) async throws -> BackupStream {
        var tasks: [FileScanTask] = []
        if snapshotID != nil {
            tasks = try await TableScan(metadata: metadata, io: room.io, snapshotID: snapshotID).plan().tasks
        }
        for task in tasks {
            try Self.check(task)
            for file in [task.dataFile] + task.deleteFiles { try check(file, within: folders) }
        }
        // Files of a partition share their delete files.
        let groups = Dictionary(grouping: tasks) { $0.dataFile.partitionKey }.values
            .map { $0.sorted { $0.dataFile.location < $1.dataFile.location } }
            .sorted { $0[0].dataFile.location < $1[0].dataFile.location }
        var rowCount: Int64 = 0
        for group in groups {
            let deleted = try await deleted(group)
            for task in group {
                let gone = deleted.sorted(task.dataFile.location).count { $0 < task.dataFile.recordCount }
                rowCount += task.dataFile.recordCount - Int64(gone)
            }
        }
        let description = BackupDescription(
            table: "\(NamespaceName.shown(table.namespace)).\(table.name)", snapshotID: snapshotID,
            schema: metadata.schema, partitionSpec: metadata.partitionSpec, sortOrder: metadata.sortOrder,
            properties: metadata.properties, rowCount: rowCount,
            createdAt: BackupTime.text(milliseconds: room.nowMilliseconds()))
        return try BackupStream(description, groups: groups, metadata: metadata, table: table, backup: self)
    }

    func deleted(_ tasks: [FileScanTask]) async throws -> DeletedPositions {
        var files: [String: DataFile] = [:]
        for file in tasks.flatMap(\.deleteFiles) { files[file.location] = file }
        return try await DeletedPositions(
            files.values.sorted { $0.location < $1.location }, of: Set(tasks.map(\.dataFile.location)), room: room,
            pool: pool)
    }

    private func check(_ file: DataFile, within folders: [String]?) throws {
        guard let folders else { return }
        let key = try room.key(file.location)
        guard folders.contains(where: { key.hasPrefix($0 + "/") }) else {
            throw BackupError(
                code: "forbidden", message: "the table has files of a namespace that may not be read",
                remedy: "ask whoever runs the server for the right to read it")
        }
    }

    private static func check(_ task: FileScanTask) throws {
        guard ([task.dataFile] + task.deleteFiles).allSatisfy({ $0.format.uppercased() == "PARQUET" }) else {
            throw BackupError.unsupported("the table has files of another format than Parquet")
        }
        guard !task.deleteFiles.contains(where: { $0.content == .equalityDeletes }) else {
            throw BackupError.unsupported("the table has equality deletes, which are not applied here")
        }
        guard task.dataFile.keyMetadata == nil else { throw BackupError.unsupported("the table's files are encrypted") }
    }
}

/// The bytes of a backup, piece by piece.
///
/// `@unchecked Sendable`: one task at a time uses it.
package final class BackupStream: @unchecked Sendable {
    package let description: BackupDescription
    private let metadata: TableMetadata
    private let table: TableIdentifier
    private let backup: TableBackup
    private var groups: ArraySlice<[FileScanTask]>
    private var tasks: ArraySlice<FileScanTask> = []
    private var deleted: DeletedPositions?
    private var open: OpenFile?
    private var writer: RowAvroWriter?
    private var isClosed = false

    private struct OpenFile {
        let reader: TableFileReader
        let dropped: [Int64]
        var rowGroup = 0
        var position: Int64 = 0
    }

    fileprivate init(
        _ description: BackupDescription, groups: [[FileScanTask]], metadata: TableMetadata, table: TableIdentifier,
        backup: TableBackup
    ) throws {
        var random = SystemRandomNumberGenerator()
        // What throws comes first: a stream that was not made lets nothing go.
        let writer = try RowAvroWriter(description, using: &random)
        self.description = description
        self.groups = groups[...]
        self.metadata = metadata
        self.table = table
        self.backup = backup
        self.writer = writer
    }

    deinit { close() }

    /// The next bytes, at least one; `nil` behind the last, when all rows that the header announces have been given.
    /// - Throws: storage errors, ``ParquetError``, ``MaintenanceError``, ``BackupError``: the file is not whole then.
    package func next() async throws -> [UInt8]? {
        while writer != nil {
            try Task.checkCancellation()
            let bytes: [UInt8]
            if let batch = try await nextBatch() {
                bytes = try await backup.pool.run { [self] in
                    try writer?.append(batch)
                    return writer?.drain() ?? []
                }
            } else {
                bytes = try finish()
            }
            if !bytes.isEmpty { return bytes }
        }
        return nil
    }

    private func finish() throws -> [UInt8] {
        guard let writer = writer.take() else { return [] }
        guard writer.rowCount == description.rowCount else {
            throw MaintenanceError(
                code: "rows-differ",
                message: "\(writer.rowCount) rows were read where \(description.rowCount) were counted",
                remedy: "make the backup again; report it if that does not help")
        }
        return try writer.finish()
    }

    /// The kept rows of the next row group.
    private func nextBatch() async throws -> ColumnBatch? {
        while true {
            if var file = open {
                guard file.rowGroup < file.reader.rowGroupCount else {
                    open = nil
                    continue
                }
                let (reader, group) = (file.reader, file.rowGroup)
                let batch = try await backup.pool.run { try reader.read(group) }
                let kept = FileRewriter.kept(batch, from: file.position, file.dropped)
                file.rowGroup += 1
                file.position += Int64(batch.rowCount)
                open = file
                return kept
            }
            guard let task = tasks.popFirst() else {
                guard let group = groups.popFirst() else { return nil }
                tasks = group[...]
                deleted = try await backup.deleted(group)
                continue
            }
            let file = task.dataFile
            let source = try await backup.room.objects.open(backup.room.key(file.location))
            let reader = try await backup.pool.run { [metadata] in try TableFileReader(source, file, metadata) }
            open = OpenFile(reader: reader, dropped: deleted?.sorted(file.location) ?? [])
        }
    }

    /// Lets the snapshot go.
    package func close() {
        if isClosed { return }
        isClosed = true
        if let snapshotID = description.snapshotID { backup.room.pins.release(snapshotID, of: table) }
    }
}

/// Times of backups.
enum BackupTime {
    /// RFC 3339 with milliseconds, UTC.
    static func text(milliseconds: Int64) -> String {
        let dayMilliseconds: Int64 = 86_400_000
        let days =
            milliseconds >= 0 ? milliseconds / dayMilliseconds : (milliseconds - dayMilliseconds + 1) / dayMilliseconds
        let rest = milliseconds - days * dayMilliseconds
        let date = CivilDate(daysSinceEpoch: Int(days))
        let clock = [rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60].map { padded($0, 2) }
        return "\(padded(Int64(date.year), 4))-\(padded(Int64(date.month), 2))-\(padded(Int64(date.day), 2))"
            + "T\(clock.joined(separator: ":")).\(padded(rest % 1_000, 3))Z"
    }

    private static func padded(_ number: Int64, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}

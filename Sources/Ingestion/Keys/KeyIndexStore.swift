import ByteKernels
import CatalogService
import Iceberg
import LakeModel
internal import Logging
internal import Metrics
import ObjectStorage
import ParquetFormat

/// Gets the key index of a table for its current snapshot: as it is in memory, from its stored pieces, by the files that
/// other engines have added since, or from the table's key columns, whatever does with the least.
struct KeyIndexStore: Sendable {
    let context: TableContext
    let shape: KeyShape
    let logger: Logger

    private var tables: LakeTables { context.tables }
    private var table: TableIdentifier { LakeTables.silver(context.declaration) }
    private var digest: UInt32 {
        KeyIndexIdentity.digest(context.silver, shape.columns.map { context.declaredFields[$0] })
    }

    /// Keys in the index to rows in the table, above which the index is read anew: more of them are confirmed in vain then.
    private static let staleFactorMax = 2

    /// An index without keys, for a load that replaces the whole table.
    func empty() async throws -> KeyIndex {
        let stored = try await tables.catalog.keyIndex(table)
        return index(KeySet(shape: shape), nil, superseded: stored.compactMap(KeyPiece.objectKey))
    }

    /// - Parameter held: what the process has in memory, if it has.
    func current(_ held: KeyIndex?) async throws -> KeyIndex {
        let snapshotID = context.silver.currentSnapshotID
        if let held, held.snapshotID == snapshotID { return held }
        var stored: [KeyIndexPiece] = []
        do {
            var index = held
            if index == nil {
                stored = try await tables.catalog.keyIndex(table)
                try await dropUnnamedObjects(stored)
                index = try await load(stored)
            }
            guard let index else {
                if snapshotID == nil { return self.index(KeySet(shape: shape), nil) }
                throw KeyIndexFault("nothing of it is stored")
            }
            if index.snapshotID != snapshotID { try await advance(index) }
            return index
        } catch let fault as KeyIndexFault {
            logger.info("key index is read from the table", metadata: ["reason": "\(fault)"])
            Counter(label: "dipper_key_index_rebuilds_total", dimensions: [("table", context.declaration.name)])
                .increment()
            if held != nil { stored = try await tables.catalog.keyIndex(table) }
            return try await rebuild(superseding: stored)
        }
    }

    private func index(
        _ keys: KeySet, _ snapshotID: Int64?, _ pieces: [KeyPiece] = [], superseded: [String] = []
    ) -> KeyIndex {
        KeyIndex(
            keys: keys, snapshotID: snapshotID, pieces: pieces, supersededObjects: superseded, table: table,
            digest: digest, objects: tables.objects, limits: context.limits)
    }

    // MARK: Stored pieces

    /// - Returns: `nil` when nothing is stored.
    private func load(_ rows: [KeyIndexPiece]) async throws -> KeyIndex? {
        guard let last = rows.last else { return nil }
        var pieces: [KeyPiece] = []
        let keys = KeySet(shape: shape)
        for row in rows {
            let piece = try KeyPiece(row)
            guard piece.digest == digest else { throw KeyIndexFault("a piece is of another table or key") }
            guard pieces.isEmpty ? piece.isBase : !piece.isBase && piece.parentID == pieces.last?.snapshotID else {
                throw KeyIndexFault("a piece is missing before that of snapshot \(piece.snapshotID)")
            }
            keys.apply(
                try KeyOperation.delta(
                    try await Self.bytes(of: piece, tables.objects), isInteger: shape.isInteger))
            pieces.append(piece)
        }
        return index(keys, last.snapshotID, pieces)
    }

    /// The keys of a piece, checked.
    static func bytes(of piece: KeyPiece, _ objects: any ObjectStore) async throws -> [UInt8] {
        var bytes = piece.keys
        if let key = piece.objectKey {
            do {
                bytes = try await objects.get(key, bytesMax: piece.byteCount)
            } catch let error as ObjectStoreError where ["object-missing", "object-too-large"].contains(error.code) {
                throw KeyIndexFault("\(key): \(error.code)")
            }
        }
        guard bytes.count == piece.byteCount, CRC32.checksum(unsafe bytes.span.bytes) == piece.checksum else {
            throw KeyIndexFault("the keys of snapshot \(piece.snapshotID) are damaged")
        }
        return bytes
    }

    /// Deletes objects that no stored piece names: a process that ended between writing one and its commit left them. The
    /// fence keeps that commit from happening any more.
    private func dropUnnamedObjects(_ rows: [KeyIndexPiece]) async throws {
        let named = Set(rows.compactMap(KeyPiece.objectKey))
        let found = try await tables.objects.list(prefix: KeyIndex.prefix(table), after: nil, limit: Self.objectsMax)
        for object in found where !named.contains(object.key) { try await tables.objects.delete(object.key) }
    }

    /// Objects of a table that are looked at once.
    private static let objectsMax = 10_000

    // MARK: Other engines' snapshots

    /// Brings an index forward to the current snapshot by the data files that were added since.
    /// - Throws: ``KeyIndexFault`` when that is not possible, or the index would be too wrong.
    private func advance(_ index: KeyIndex) async throws {
        guard let from = index.snapshotID, let current = context.silver.currentSnapshot else {
            if index.snapshotID == nil, index.keys.count == 0 { throw KeyIndexFault("nothing of it is stored") }
            throw KeyIndexFault("the table has gone back to before its first snapshot")
        }
        let difference = try await SnapshotDifference(
            from: from, to: current, metadata: context.silver, io: tables.io)
        if difference.revivesRows { throw KeyIndexFault("deletes were taken back") }
        let live = Self.liveRows(current)
        let addedRows = difference.addedFiles.reduce(0) { $0 + Int($1.recordCount) }
        if let live, index.keys.count > Self.staleFactorMax * max(live, context.limits.keyIndexStaleKeysMin) {
            throw KeyIndexFault("it has \(index.keys.count) keys for \(live) rows")
        }
        for file in difference.addedFiles { try await adopt(file, deletes: nil, into: index.keys, isSaved: false) }
        logger.info(
            "key index is brought forward",
            metadata: ["files": "\(difference.addedFiles.count)", "rows": "\(addedRows)"])
        index.advance(to: current.id)
    }

    private static func liveRows(_ snapshot: Snapshot) -> Int? {
        guard let records = snapshot.summary["total-records"].flatMap({ Int($0) }) else { return nil }
        let deletes = snapshot.summary["total-position-deletes"].flatMap { Int($0) } ?? 0
        return max(0, records - deletes)
    }

    // MARK: Key columns

    /// Reads the key columns of every live file, rows deleted by position left out.
    /// - Complexity: O(rows of the table).
    private func rebuild(superseding rows: [KeyIndexPiece]) async throws -> KeyIndex {
        let plan = try await TableScan(metadata: context.silver, io: tables.io).plan()
        let keys = KeySet(shape: shape)
        let deletes = DeleteReader(tables: tables)
        for task in plan.tasks {
            let positions = task.deleteFiles.filter { $0.content == .positionDeletes }
            let deleted = try await deletes.positions(of: task.dataFile.location, in: positions)
            try await adopt(task.dataFile, deletes: deleted, into: keys, isSaved: true)
        }
        return index(
            keys, context.silver.currentSnapshotID, superseded: rows.compactMap(KeyPiece.objectKey))
    }

    /// Puts the keys of a file in, its row groups read two at a time.
    private func adopt(_ file: DataFile, deletes: PositionSet?, into keys: KeySet, isSaved: Bool) async throws {
        let source = try await StoredFileReader.open(file, context: context)
        let fields = shape.columns.map { context.declaredFields[$0] }
        let shape = shape.overKeyColumns
        try await withThrowingTaskGroup(of: [UInt64].self) { tasks in
            var next = 0
            func start() {
                guard next < source.rowGroupCount else { return }
                let group = next
                next += 1
                tasks.addTask(executorPreference: context.crew) {
                    var batch = try source.read(group, fields).batch
                    var dropped: [Int32] = []
                    let first = source.firstRow(group)
                    for row in 0..<batch.rowCount
                    where shape.isKeyless(batch, row: row) || deletes?.contains(first + Int64(row)) ?? false {
                        dropped.append(Int32(row))
                    }
                    if !dropped.isEmpty { batch = batch.removing(dropped) }
                    return shape.codes(batch)
                }
            }
            for _ in 0..<Self.rowGroupsAtOnce { start() }
            while let codes = try await tasks.next() {
                keys.adopt(codes, isSaved: isSaved)
                start()
            }
        }
    }

    /// Row groups whose key columns are read at the same time.
    private static let rowGroupsAtOnce = 2
}

import ObjectStorage
import Iceberg
import LakeModel

/// The rows of one commit on their way into a table: new ones go straight to data files, contested ones are resolved
/// against what is stored.
///
/// A load takes one file, or several batches. It changes the key index as it goes; when it does not end in a commit, the
/// index is to be thrown away.
///
/// `@unchecked Sendable`: the table's processor is the only user.
final class TableLoad: @unchecked Sendable {
    let context: TableContext
    /// `nil` for a table without a key.
    let index: KeyIndex?
    /// Whether the table's stored rows end with this load.
    let replacesAll: Bool
    let writer: TableFileWriter
    private let deletes: PositionDeleteWriter
    let quarantine: QuarantineWriter
    /// Rows that wait for their resolution; `nil` for a table without a key.
    var contested: ContestedRows?
    /// Rows of each record of the load.
    var counts: [JobReceipt.Rows] = []
    /// Which record brought the row of a key that this load has written, for loads of several batches.
    var writingRecords: [RowKey: Int] = [:]
    private(set) var isShared = false
    /// The first row that was refused, as far as the load has come.
    private(set) var firstReject: RejectedRow?
    /// Rows that references refuse, by record.
    private var refusedRows: [Int: RefusedRows.Collected] = [:]
    private var refusedRowsKeys: [Int: String] = [:]
    /// Verdicts on rows of batches that their key refuses, by record.
    private var verdicts: [Int: [RowVerdict]] = [:]
    /// Data files that this load has closed.
    var dataFiles: [DataFile] = []
    /// Rows deleted by this load, a bit for each row of a data file.
    var deletedRows: [String: Bitmap] = [:]
    /// Spec, partition and row count of the files in ``deletedRows``.
    var deletedFiles: [String: DataFile] = [:]
    /// The table's files, planned when the first contested row needs them.
    var storedFiles: [StoredFile]?
    /// Whether rows of contested keys were written, so that their keys may be found in the load's own files.
    var hasWrittenContested = false
    let deleteReader: DeleteReader

    init(context: TableContext, index: KeyIndex?, replacesAll: Bool) {
        self.context = context
        self.index = index
        self.replacesAll = replacesAll
        writer = TableFileWriter(
            metadata: context.silver, tables: context.tables, crew: context.crew, limits: context.limits,
            stages: context.stages)
        deletes = PositionDeleteWriter(context: context)
        deleteReader = DeleteReader(tables: context.tables)
        quarantine = QuarantineWriter(context: context)
        contested = emptyContested()
    }

    private var record: Int { counts.count - 1 }
    var columnCount: Int { context.declaration.columns.count }

    /// Begins the next record.
    /// - Parameter refused: rows of its earlier slices that references refused.
    func begin(refused: RefusedRows.Collected? = nil) {
        counts.append(JobReceipt.Rows())
        if let refused, !refused.offsets.isEmpty { refusedRows[record] = refused }
    }

    /// Rows read of the current record.
    var readCount: Int { counts[record].read }

    /// Counts rows of the current record that a later write of the log has overtaken: nothing of them is written.
    func supersede(_ rowCount: Int) {
        counts[record].accepted += rowCount
        counts[record].superseded += rowCount
    }

    /// The rows of the current record that references refused.
    var refusedByReference: RefusedRows.Collected? { refusedRows[record] }

    func count(read: Int, blank: Int) {
        counts[record].read += read
        counts[record].blank += blank
    }

    /// Takes accepted rows of the current record.
    func take(_ rows: PreparedRows, isOnlyRecord: Bool) async throws {
        let rowCount = rows.batch.rowCount
        if rowCount == 0 { return }
        counts[record].accepted += rowCount
        isShared = !isOnlyRecord
        guard let index, let shape = context.shape else {
            counts[record].inserted += rowCount
            return try await writer.add(rows.parts)
        }
        let doubled = context.stages.measure(.keys) { index.keys.insert(rows.batch, codes: rows.codes) }
        counts[record].inserted += rowCount - doubled.rows.count
        if doubled.rows.isEmpty {
            remember(rows.batch, shape)
            return try await writer.add(rows.parts)
        }
        if doubled.rows.count < rowCount {
            let fresh = rows.batch.removing(doubled.rows)
            remember(fresh, shape)
            try await writer.add(context.scatter.split(fresh))
        }
        contest(rows, doubled)
        if let contested, contested.byteCount >= waitingBytesMax { try await resolve() }
    }

    /// Bytes of rows that wait for their resolution: fewer when the hashes of the table's keys take memory too, but half of
    /// what there may be.
    private var waitingBytesMax: Int {
        let most = context.limits.contestedBytesMax
        return max(most / 2, most - (index?.keys.hashedByteCount ?? 0))
    }

    /// Takes deletes of the current record: those of keys that are surely not there are settled at once.
    func delete(_ rows: PreparedRows) async throws {
        let rowCount = rows.batch.rowCount
        counts[record].accepted += rowCount
        isShared = true
        guard let index else {
            counts[record].unchanged += rowCount
            return
        }
        // The index may hold more keys than there are.
        let known = index.keys.find(rows.batch, codes: rows.codes)
        counts[record].unchanged += rowCount - known.rows.count
        if known.rows.isEmpty { return }
        contest(rows, known, areDeletes: true)
        if let contested, contested.byteCount >= waitingBytesMax { try await resolve() }
    }

    private func remember(_ batch: ColumnBatch, _ shape: KeyShape) {
        guard isShared else { return }
        for row in 0..<batch.rowCount { writingRecords[shape.key(batch, row: row)] = record }
    }

    /// Takes refused rows of the current record.
    /// - Parameter withoutReference: the byte offsets of those whose reference leads nowhere.
    func reject(_ rows: RejectColumns, withoutReference: [Int], from source: RejectSource) async throws {
        counts[record].rejected += rows.rowCount
        firstReject = firstReject ?? rows.first
        if !withoutReference.isEmpty {
            let refused = refusedRows[record] ?? RefusedRows.Collected(jobID: source.jobID)
            refusedRows[record] = refused
            for offset in withoutReference { refused.offsets.insert(Int64(offset)) }
        }
        try await quarantine.add(rows, from: source)
    }

    /// Code of rows whose reference leads nowhere.
    static let referenceMissing = "reference-missing"

    /// Takes back the current record's last `count` acceptances: its rows turned out to be refused.
    func turnIntoReject(_ record: Int, _ place: RowPlaces.Place?, source: RejectSource) async throws {
        counts[record].accepted -= 1
        counts[record].rejected += 1
        guard let place else { return }
        let keys = context.declaration.key.joined(separator: ", ")
        let reject = RejectedRow(
            line: place.line, byteOffset: place.byteOffset, column: context.declaration.key.first, code: "key-exists",
            message: "the key (\(keys)) is stored already and the table's conflict action is `reject`",
            raw: place.raw, isRawTruncated: false)
        firstReject = firstReject ?? reject
        if let index = place.index {
            verdicts[record, default: []].append(
                RowVerdict(index: index, column: reject.column, code: reject.code, message: reject.message))
        }
        try await quarantine.add(RejectColumns([reject]), from: source)
    }

    /// The sources of the load's records, for rejects that are found at resolution.
    var sources: [RejectSource] = []

    /// Writes what is left and closes all files.
    func finish() async throws -> LoadResult {
        try await resolve()
        dataFiles += try await writer.flush()
        let rejects = try await quarantine.finish()
        let deleteFiles = try await deletes.write(deletedRows, of: deletedFiles)
        for rows in counts where !rows.isBalanced {
            throw IngestionError(
                code: "rows-unbalanced", message: "the row counts of a load do not add up: \(rows)",
                remedy: "nothing was committed; report this with the file")
        }
        for (record, refused) in refusedRows {
            refusedRowsKeys[record] = try await RefusedRows.write(
                refused, table: context.declaration.name, objects: context.tables.objects)
        }
        return LoadResult(
            dataFiles: dataFiles, deleteFiles: deleteFiles, rejectFiles: rejects, counts: counts,
            refusedRowsKeys: refusedRowsKeys, verdicts: verdicts)
    }

    /// Drops everything written, after a load that is known not to have been committed.
    func discard() async {
        await writer.abort()
        await quarantine.abort()
        for location in writer.locations + deletes.locations + quarantine.locations {
            try? await context.tables.io.delete(location)
        }
        for key in refusedRowsKeys.values { try? await context.tables.objects.delete(key) }
    }
}

/// What a load wants committed.
struct LoadResult: Sendable {
    var dataFiles: [DataFile]
    var deleteFiles: [DataFile]
    var rejectFiles: [DataFile]
    var counts: [JobReceipt.Rows]
    /// Objects of ``RefusedRows``, by record.
    var refusedRowsKeys: [Int: String]
    /// Verdicts that are found only when keys are looked up, by record.
    var verdicts: [Int: [RowVerdict]]

    var changesSilver: Bool { !dataFiles.isEmpty || !deleteFiles.isEmpty }
}

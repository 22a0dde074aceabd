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
    private let writer: TableFileWriter
    private let deletes: PositionDeleteWriter
    let quarantine: QuarantineWriter
    private var contested = ContestedRows()
    /// Rows of each record of the load.
    private(set) var counts: [JobReceipt.Rows] = []
    /// Which record brought the row of a key that this load has written, for loads of several batches.
    private var writingRecords: [RowKey: Int] = [:]
    private var isShared = false
    /// The first row that was refused, as far as the load has come.
    private(set) var firstReject: RejectedRow?
    /// Rows that references refuse, by record.
    private var refusedRows: [Int: RefusedRows.Collected] = [:]
    private var refusedRowsKeys: [Int: String] = [:]
    /// Verdicts on rows of batches that their key refuses, by record.
    private var verdicts: [Int: [RowVerdict]] = [:]
    /// Data files that this load has closed.
    private(set) var dataFiles: [DataFile] = []
    /// Rows deleted by this load, a bit for each row of a data file.
    private var deletedRows: [String: Bitmap] = [:]
    /// Spec, partition and row count of the files in ``deletedRows``.
    private(set) var deletedFiles: [String: DataFile] = [:]
    /// The table's files, planned when the first contested row needs them.
    private var storedFiles: [StoredFile]?

    init(context: TableContext, index: KeyIndex?, replacesAll: Bool) {
        self.context = context
        self.index = index
        self.replacesAll = replacesAll
        writer = TableFileWriter(
            metadata: context.silver, tables: context.tables, crew: context.crew, limits: context.limits)
        deletes = PositionDeleteWriter(context: context)
        quarantine = QuarantineWriter(context: context)
    }

    private var record: Int { counts.count - 1 }
    private var columnCount: Int { context.declaration.columns.count }

    /// Begins the next record.
    func begin() { counts.append(JobReceipt.Rows()) }

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
        let doubled = index.keys.insert(rows.batch)
        counts[record].inserted += rowCount - doubled.count
        if doubled.isEmpty {
            remember(rows.batch, shape)
            return try await writer.add(rows.parts)
        }
        let fresh = rows.batch.removing(doubled)
        remember(fresh, shape)
        try await writer.add(context.scatter.split(fresh))
        contested.append(rows, rows: doubled, shape: shape, record: record)
        if contested.byteCount >= context.limits.contestedBytesMax { try await resolve() }
    }

    /// Takes deletes of the current record: those of keys that are surely not there are settled at once.
    func delete(_ rows: PreparedRows) {
        counts[record].accepted += rows.batch.rowCount
        isShared = true
        guard let index, let shape = context.shape else {
            counts[record].unchanged += rows.batch.rowCount
            return
        }
        let known = (0..<rows.batch.rowCount).filter { index.keys.contains(shape.key(rows.batch, row: $0)) }
        counts[record].unchanged += rows.batch.rowCount - known.count
        if known.isEmpty { return }
        contested.append(rows, rows: known.map { Int32($0) }, shape: shape, record: record, isDelete: true)
    }

    private func remember(_ batch: ColumnBatch, _ shape: KeyShape) {
        guard isShared else { return }
        for row in 0..<batch.rowCount { writingRecords[shape.key(batch, row: row)] = record }
    }

    func reject(_ rows: [RejectedRow], from source: RejectSource) async throws {
        counts[record].rejected += rows.count
        firstReject = firstReject ?? rows.first
        let offsets = rows.filter { $0.code == Self.referenceMissing }.map(\.byteOffset)
        if !offsets.isEmpty {
            refusedRows[record, default: RefusedRows.Collected(jobID: source.jobID)].offsets += offsets
        }
        try await quarantine.add(rows, from: source)
    }

    /// Code of rows whose reference leads nowhere.
    static let referenceMissing = "reference-missing"

    /// Takes back the current record's last `count` acceptances: its rows turned out to be refused.
    private func turnIntoReject(_ row: ContestedRows.Row, source: RejectSource) async throws {
        counts[row.record].accepted -= 1
        counts[row.record].rejected += 1
        guard let place = row.place else { return }
        let keys = context.declaration.key.joined(separator: ", ")
        let reject = RejectedRow(
            line: place.line, byteOffset: place.byteOffset, column: context.declaration.key.first, code: "key-exists",
            message: "the key (\(keys)) is stored already and the table's conflict action is `reject`",
            raw: place.raw, isRawTruncated: false)
        firstReject = firstReject ?? reject
        if let index = place.index {
            verdicts[row.record, default: []].append(
                RowVerdict(index: index, column: reject.column, code: reject.code, message: reject.message))
        }
        try await quarantine.add([reject], from: source)
    }

    /// The sources of the load's records, for rejects that are found at resolution.
    var sources: [RejectSource] = []

    /// Settles all contested rows that have come so far.
    private func resolve() async throws {
        guard let shape = context.shape, !contested.isEmpty else { return }
        let rows = contested
        contested = ContestedRows()
        // The rows that this load wrote itself must be readable.
        dataFiles += try await writer.flush()
        let stored = try await locate(Set(rows.rows.map(\.key)), shape)
        var groups: [RowKey: [ContestedRows.Row]] = [:]
        var order: [RowKey] = []
        for row in rows.rows {
            if groups[row.key] == nil { order.append(row.key) }
            groups[row.key, default: []].append(row)
        }
        var written: [ContestedRows.Row] = []
        for key in order {
            guard let group = groups[key] else { continue }
            let final = try await settle(group, stored: stored[key] ?? [], in: rows)
            guard let final else { continue }
            written.append(final)
            if isShared { writingRecords[key] = final.record }
        }
        if let batch = rows.gather(written) { try await writer.add(context.scatter.split(batch)) }
    }

    /// Decides about the rows of one key and counts them.
    /// - Returns: the row to be written, if any.
    private func settle(
        _ group: [ContestedRows.Row], stored: [StoredRow], in rows: ContestedRows
    ) async throws -> ContestedRows.Row? {
        if group.contains(where: \.isDelete) {
            let settled = try await settleWithDeletes(group, stored: stored, in: rows)
            return settled
        }
        var group = group[...]
        guard let last = group.last else { return nil }
        var written: ContestedRows.Row?
        var previous: ContestedRows.Row?
        var previousRecord: Int?
        if stored.contains(where: \.isPending) { previousRecord = isShared ? writingRecords[last.key] : last.record }
        if stored.isEmpty, let first = group.popFirst() {
            // Its hash was known, its key was not.
            counts[first.record].inserted += 1
            written = first
            previous = first
            previousRecord = first.record
        }
        guard context.declaration.conflict == .replace else {
            for row in group {
                if context.declaration.conflict == .ignore {
                    counts[row.record].ignored += 1
                } else {
                    try await turnIntoReject(row, source: sources[row.record])
                }
            }
            return written
        }
        for (position, row) in group.enumerated() {
            let isLastOfRecord =
                position == group.count - 1 || group[group.startIndex + position + 1].record != row.record
            if !isLastOfRecord || previousRecord == row.record {
                counts[row.record].superseded += 1
            } else if isEqual(row, previous, stored, in: rows) {
                counts[row.record].unchanged += 1
            } else {
                counts[row.record].updated += 1
            }
            if isLastOfRecord {
                previous = row
                previousRecord = row.record
            }
        }
        guard !stored.isEmpty else { return previous }
        if stored.count == 1, rows.isEqual(last, stored[0], columnCount: columnCount) { return nil }
        for row in stored { delete(row) }
        return last
    }

    /// The same for a key of which some write is a delete: one after the other, as they came.
    ///
    /// A delete that finds nothing leaves things unchanged, and is counted so.
    private func settleWithDeletes(
        _ group: [ContestedRows.Row], stored: [StoredRow], in rows: ContestedRows
    ) async throws -> ContestedRows.Row? {
        // Either the stored rows stand, or a row of the group does, or none.
        var standsStored = !stored.isEmpty
        var standing: ContestedRows.Row?
        for (position, row) in group.enumerated() {
            let stands = standsStored || standing != nil
            if row.isDelete {
                if stands { counts[row.record].deleted += 1 } else { counts[row.record].unchanged += 1 }
                standsStored = false
                standing = nil
                continue
            }
            let next = position + 1 < group.count ? group[position + 1] : nil
            if stands, context.declaration.conflict == .ignore {
                counts[row.record].ignored += 1
            } else if stands, context.declaration.conflict == .reject {
                try await turnIntoReject(row, source: sources[row.record])
            } else if context.declaration.conflict == .replace, let next, next.record == row.record, !next.isDelete {
                counts[row.record].superseded += 1
            } else if !stands {
                counts[row.record].inserted += 1
                standing = row
            } else if isEqual(row, standing, stored, in: rows) {
                counts[row.record].unchanged += 1
            } else {
                counts[row.record].updated += 1
                standing = row
                standsStored = false
            }
        }
        if standsStored { return nil }
        for row in stored { delete(row) }
        return standing
    }

    private func delete(_ row: StoredRow) {
        guard let file = deletedFiles[row.location] else {
            preconditionFailure("a row is deleted from a file that was looked up")
        }
        deletedRows[row.location, default: Bitmap(repeating: false, count: Int(file.recordCount))]
            .set(Int(row.position), to: true)
    }

    private func isEqual(
        _ row: ContestedRows.Row, _ previous: ContestedRows.Row?, _ stored: [StoredRow], in rows: ContestedRows
    ) -> Bool {
        if let previous { return rows.isEqual(row, previous, columnCount: columnCount) }
        return stored.count == 1 && rows.isEqual(row, stored[0], columnCount: columnCount)
    }

    private func locate(_ wanted: Set<RowKey>, _ shape: KeyShape) async throws -> [RowKey: [StoredRow]] {
        if storedFiles == nil {
            let plan =
                replacesAll
                ? nil : try await TableScan(metadata: context.silver, io: context.tables.io).plan()
            storedFiles =
                plan?.tasks.map {
                    StoredFile(dataFile: $0.dataFile, deleteFiles: $0.deleteFiles, isPending: false)
                } ?? []
        }
        let pending = dataFiles.map { StoredFile(dataFile: $0, deleteFiles: [], isPending: true) }
        let files = (storedFiles ?? []) + pending
        let locator = KeyLocator(
            shape: shape, fields: context.declaredFields, tables: context.tables, crew: context.crew)
        let found = try await locator.locate(wanted, in: files, deleted: deletedRows)
        let locations = Set(found.values.flatMap { $0.map(\.location) })
        for file in files where locations.contains(file.dataFile.location) {
            deletedFiles[file.dataFile.location] = file.dataFile
        }
        return found
    }

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

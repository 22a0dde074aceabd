import ObjectStorage
import CatalogService
import CSVFormat
import EventLog
internal import Foundation
import Iceberg
import LakeModel

/// A file on its way into the lake, in one commit or in slices: its chunks in order, and what the slices so far have
/// found out for its receipt.
///
/// `@unchecked Sendable`: the table's processor is the only user.
final class FileFeed: @unchecked Sendable {
    let record: StoredRecord
    let file: FileLanded
    let source: RejectSource
    /// `nil` for a file that is no CSV.
    let dialect: JobReceipt.Dialect?
    /// What the commits so far hold, and what the one in the making adds to it.
    private(set) var progress: FileProgress
    /// Keys of the batches that were let in before the file's end; `nil` when none may be.
    let ahead: AheadKeys?
    /// Commits at the file's offset that are known here.
    var step: Int64 = 0
    /// Set by the end of a slice.
    var isTurnOfBatches = false
    private let chunks: any PreparedChunks
    private let context: TableContext
    private let references: References
    private let board: JobBoard
    private let byteCount: Int
    private let started = ContinuousClock.now
    private var noted = ContinuousClock.now

    /// Least time between two notes of progress.
    private static let noteInterval = Duration.milliseconds(200)

    /// Opens the file and finds out its dialect.
    /// - Parameter progress: where a file goes on of which slices are in the lake.
    init(
        _ file: FileLanded, of record: StoredRecord, context: TableContext, references: References, board: JobBoard,
        parallelism: Int, resuming progress: FileProgress?
    ) async throws {
        let source = try await context.tables.objects.open(file.objectKey)
        byteCount = source.byteCount
        var delimiter = UInt8(ascii: ",")
        var isPlain = false
        if file.format == .avro {
            chunks = AvroChunks(
                rows: try AvroRows(source, table: context.declaration, crew: context.crew), context: context)
            dialect = nil
        } else {
            let reader = try BronzeReader(source, limits: context.limits)
            let read = try FileChunks(
                reader: reader, table: context.declaration,
                overrides: CSVOverrides(delimiter: file.delimiter, header: file.header), crew: context.crew,
                parallelism: parallelism, stages: context.stages, chunkBytes: context.limits.chunkBytes,
                from: progress?.place
            ) { result, chunk in
                context.stages.measure(.prepare) {
                    PreparedChunk(result, chunk, context: context, references: references)
                }
            }
            chunks = read
            dialect = JobReceipt.Dialect(read.sniff)
            delimiter = read.sniff.dialect.delimiter
            isPlain = reader.isPlain
        }
        self.record = record
        self.file = file
        self.source = RejectSource(sha256: file.sha256, jobID: record.record.id, delimiter: delimiter)
        var progress = progress ?? FileProgress(missing: references.targets.map { _ in FileProgress.Missing() })
        if let key = progress.refusedRowsKey {
            progress.refusedOffsets =
                try await RefusedRows.read(key, objects: context.tables.objects).positions
                ?? PositionSet()
        }
        self.progress = progress
        // A compressed file may turn out to be damaged at its end, and then nothing of it is to be in the lake.
        let canBeSliced =
            context.declaration.conflict == .replace && file.mode == .upsert && file.onError == .quarantine
            && isPlain
        ahead = canBeSliced || progress.place != nil ? context.shape.map { AheadKeys(shape: $0) } : nil
        self.context = context
        self.references = references
        self.board = board
    }

    /// Brings back the keys of the batches that were let in before a restart.
    func rebuildAhead(up aheadOffset: Int64, of batches: LoggedBatches) async throws {
        guard let ahead else { return }
        try await batches.forEach(from: record.offset + 1, to: aheadOffset) { ahead.insert($0) }
    }

    /// Gives rows to `load` until the file ends or, behind a chunk, `stops` says so.
    /// - Returns: whether the file has ended.
    func feed(_ load: TableLoad, until stops: () async throws -> Bool) async throws -> Bool {
        load.begin(
            refused: RefusedRows.Collected(jobID: source.jobID, offsets: progress.refusedOffsets))
        load.sources.append(source)
        while let element = try await chunks.next() {
            let chunk = element.prepared
            load.count(read: chunk.read, blank: chunk.blank)
            try await load.reject(chunk.rejects, withoutReference: chunk.withoutReference, from: source)
            try await take(chunk.rows, load)
            for (index, found) in chunk.missing.enumerated() { note(found, index) }
            try await noteProgress(element.objectOffset, rowsDone: progress.rows.read + load.readCount)
            try Task.checkCancellation()
            if let next = element.next, try await stops() {
                progress.place = next
                isTurnOfBatches = true
                return false
            }
        }
        return true
    }

    private func take(_ rows: PreparedRows, _ load: TableLoad) async throws {
        let overtaken = ahead?.rows(in: rows.batch) ?? []
        if overtaken.isEmpty { return try await load.take(rows, isOnlyRecord: true) }
        load.supersede(overtaken.count)
        let left = rows.batch.removing(overtaken)
        try await load.take(
            PreparedRows(batch: left, parts: context.scatter.split(left), places: .none), isOnlyRecord: true)
    }

    private func note(_ found: References.Missing, _ index: Int) {
        progress.missing[index].count += found.count
        guard progress.missing[index].example == nil, let example = found.example else { return }
        let type = context.declaration.columns[references.targets[index].column].type
        progress.missing[index].example = ValueFormatter.text(example, type: type)
    }

    private func noteProgress(_ bytesDone: Int, rowsDone: Int) async throws {
        let now = ContinuousClock.now
        guard now - noted > Self.noteInterval else { return }
        noted = now
        await board.advanced(
            source.jobID,
            JobReceipt.Progress(
                bytesDone: bytesDone, bytesTotal: byteCount, rowsDone: rowsDone, seconds: (now - started) / .seconds(1)
            ))
    }

    /// Takes what a load has found out into the file's totals, before it is committed.
    func add(_ result: LoadResult, _ load: TableLoad) {
        if let counts = result.counts.first { progress.rows += counts }
        progress.refusedOffsets = load.refusedByReference?.offsets ?? PositionSet()
    }

    /// Notes what the commit of a slice adds.
    func sliced(snapshotID: Int64?, refusedRowsKey: String?) {
        if let snapshotID { progress.snapshotID = snapshotID }
        progress.refusedRowsKey = refusedRowsKey
    }

    var warnings: [String] {
        zip(references.targets, progress.missing).compactMap { target, missing in
            References.warning(target, count: missing.count, example: missing.example)
        }
    }

    /// Waits for what is under way, so that nothing of this file runs on.
    func cancel() async { await chunks.cancel() }
}

/// How far a file has got of which slices are in the lake: what the catalog keeps beside its watermark.
struct FileProgress: Codable, Sendable {
    struct Missing: Codable, Sendable {
        var count = 0
        /// The first value that is no key of the other table.
        var example: String?
    }

    /// Names the commit that wrote this, so that one whose answer was lost is told from others.
    var commitID = ""
    /// Where the next slice begins.
    var place: FilePlace?
    var rows = JobReceipt.Rows()
    /// For each reference of the table.
    var missing: [Missing]
    /// The object that names the rows refused for their references so far.
    var refusedRowsKey: String?
    /// The last snapshot that brought rows of the file.
    var snapshotID: Int64?
    /// What ``refusedRowsKey`` holds; not stored again.
    var refusedOffsets = PositionSet()

    private enum CodingKeys: String, CodingKey { case commitID, place, rows, missing, refusedRowsKey, snapshotID }

    init(missing: [Missing]) { self.missing = missing }

    init(_ state: [UInt8]) throws { self = try JSONDecoder().decode(Self.self, from: Data(state)) }

    /// With a name of its own, for one commit.
    func named() -> FileProgress {
        var named = self
        named.commitID = RandomUUID.text()
        return named
    }

    func encoded() throws -> [UInt8] { Array(try JSONEncoder().encode(self)) }
}

extension JobReceipt.Dialect {
    init(_ sniff: CSVSniff) {
        self.init(
            delimiter: sniff.dialect.delimiter == 9 ? "\t" : String(UnicodeScalar(sniff.dialect.delimiter)),
            header: sniff.dialect.hasHeader, byteOrderMark: sniff.dialect.hasByteOrderMark,
            lineEnding: sniff.dialect.lineEnding.rawValue, evidence: sniff.evidence)
    }
}

extension JobReceipt.Progress {
    init(bytesDone: Int, bytesTotal: Int, rowsDone: Int, seconds: Double) {
        let rate = seconds > 0 ? Double(bytesDone) / seconds : 0
        self.init(
            bytesDone: bytesDone, rowsDone: rowsDone, rowsPerSecond: seconds > 0 ? Double(rowsDone) / seconds : 0,
            secondsLeft: rate > 0 ? Double(bytesTotal - bytesDone) / rate : nil)
    }
}

import Iceberg
import LakeModel
import ObjectStorage
import ParquetFormat

/// Where rejected rows come from.
struct RejectSource: Sendable, Hashable {
    let sha256: String
    let jobID: String
    let delimiter: UInt8?

    /// Files have a delimiter, batches none.
    var isBatch: Bool { delimiter == nil }
}

/// Collects the rejects of a load and writes them to files of the quarantine table, leaving out those that an earlier
/// upload of the same bytes has put there.
///
/// `@unchecked Sendable`: the load that made it is its only user.
final class QuarantineWriter: @unchecked Sendable {
    private struct Identity: Hashable {
        let byteOffset: Int64
        let code: String
    }

    /// Rejects of one source that wait to be encoded.
    private struct Waiting: Sendable {
        let source: RejectSource
        var rows: RejectColumns
    }

    private let context: TableContext
    private var waiting: [Waiting] = []
    private var waitingRows = 0
    private var waitingBytes = 0
    private var file: OpenDataFile?
    private var closed: [DataFile] = []
    private let encoders: EncoderPool
    /// The row group that is encoded while more rejects come.
    private var encoding: Task<EncodedRowGroup, any Error>?
    private var known: [String: Set<Identity>] = [:]
    private let now = UTCTime.nowMicroseconds()
    private(set) var locations: [String] = []
    /// Rejects that were not there before.
    private(set) var addedCount = 0

    /// Bytes of rejects in one row group before it is encoded: 16 MiB.
    private static let bufferedBytesMax = 16 << 20

    init(context: TableContext) {
        self.context = context
        encoders = EncoderPool(
            schema: context.quarantine.schema, options: LakeParquet.quarantineOptions(context.quarantine),
            stages: context.stages)
    }

    func add(_ rows: RejectColumns, from source: RejectSource) async throws {
        if rows.rowCount == 0 { return }
        if known[source.sha256] == nil { known[source.sha256] = try await stored(source.sha256) }
        var rows = rows
        if source.isBatch || known[source.sha256]?.isEmpty == false {
            var identities = known.removeValue(forKey: source.sha256) ?? []
            rows = rows.filtered { byteOffset, code in
                let identity = Identity(byteOffset: byteOffset, code: String(decoding: code, as: UTF8.self))
                // A load has one file at most, whose rows are refused once each; equal batches may come in it several
                // times.
                return source.isBatch ? identities.insert(identity).inserted : !identities.contains(identity)
            }
            known[source.sha256] = identities
        }
        if rows.rowCount == 0 { return }
        addedCount += rows.rowCount
        waitingRows += rows.rowCount
        waitingBytes += rows.byteCount
        if rows.rowCount < Self.batchRowsMin, waiting.last?.source == source {
            waiting[waiting.count - 1].rows.append(rows)
        } else {
            waiting.append(Waiting(source: source, rows: rows))
        }
        if waitingRows >= context.limits.rejectsBuffered || waitingBytes >= Self.bufferedBytesMax {
            try await write()
        }
    }

    /// Fewer rejects than this are put behind those that wait already, if they come from the same source: each batch
    /// has its price when it is encoded.
    private static let batchRowsMin = 1_024

    /// Starts encoding what waits.
    private func write() async throws {
        if waitingRows == 0 { return }
        let waiting = waiting
        self.waiting = []
        waitingRows = 0
        waitingBytes = 0
        try await appendEncoded()
        let encoders = encoders
        let now = now
        let stages = context.stages
        encoding = Task(executorPreference: context.crew) {
            let batches = stages.measure(.prepare) { waiting.map { $0.rows.batch(from: $0.source, now: now) } }
            return try encoders.encode(batches)
        }
    }

    /// Writes the row group that is being encoded.
    private func appendEncoded() async throws {
        guard let group = try await encoding.take()?.value else { return }
        let file = try await openFile()
        try context.stages.measure(.write) { try file.append(group) }
        if file.byteCount >= context.limits.dataFileBytes { try await close() }
    }

    private func close() async throws {
        guard let file else { return }
        let summary = try await file.close()
        self.file = nil
        closed.append(
            DataFile(
                summary: summary, location: file.location, partition: [], spec: context.quarantine.partitionSpec,
                schema: context.quarantine.schema))
    }

    private func openFile() async throws -> OpenDataFile {
        if let file { return file }
        let location = "\(context.quarantine.location)/data/\(RandomUUID.text()).parquet"
        locations.append(location)
        let opened = try await OpenDataFile(
            location: location, key: context.tables.io.key(location), partition: [],
            schema: context.quarantine.schema, options: LakeParquet.quarantineOptions(context.quarantine),
            objects: context.tables.objects)
        file = opened
        return opened
    }

    /// The identities that quarantine holds of one file.
    private func stored(_ sha256: String) async throws -> Set<Identity> {
        let plan = try await TableScan(
            metadata: context.quarantine, io: context.tables.io, filter: .equal("file_sha256", .string(sha256))
        ).plan()
        var identities: Set<Identity> = []
        for task in plan.tasks {
            let reader = try ParquetFileReader(
                try await context.tables.objects.open(context.tables.io.key(task.dataFile.location)))
            for group in reader.metadata.rowGroups.indices {
                let batch = try reader.read(rowGroup: group, fields: QuarantineSchema.identityFields)
                for row in 0..<batch.rowCount where batch.columns[0].datum(row) == .string(sha256) {
                    guard case .long(let offset) = batch.columns[1].datum(row),
                        case .string(let code) = batch.columns[2].datum(row)
                    else { continue }
                    identities.insert(Identity(byteOffset: offset, code: code))
                }
            }
        }
        return identities
    }

    /// - Returns: the files that were written, none if no reject was new.
    func finish() async throws -> [DataFile] {
        try await write()
        try await appendEncoded()
        try await close()
        return closed
    }

    func abort() async {
        _ = await encoding.take()?.result
        await file?.abort()
        file = nil
    }
}

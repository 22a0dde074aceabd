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

/// Collects the rejects of a load and writes them to one file of the quarantine table, leaving out those that an earlier
/// upload of the same bytes has put there.
///
/// `@unchecked Sendable`: the load that made it is its only user.
final class QuarantineWriter: @unchecked Sendable {
    private struct Identity: Hashable {
        let byteOffset: Int64
        let code: String
    }

    private let context: TableContext
    private var columns = RejectColumns()
    private var file: OpenDataFile?
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
            schema: context.quarantine.schema, options: LakeParquet.options(context.quarantine))
    }

    func add(_ rows: [RejectedRow], from source: RejectSource) async throws {
        if rows.isEmpty { return }
        if known[source.sha256] == nil { known[source.sha256] = try await stored(source.sha256) }
        if source.isBatch || known[source.sha256]?.isEmpty == false {
            for row in rows {
                let identity = Identity(byteOffset: Int64(row.byteOffset), code: row.code)
                guard known[source.sha256]?.contains(identity) != true else { continue }
                // A load has one file at most, whose rows are refused once each; equal batches may come in it several
                // times.
                if source.isBatch { known[source.sha256]?.insert(identity) }
                append(row, source)
            }
        } else {
            columns.append(rows, from: source)
            addedCount += rows.count
        }
        if columns.rowCount >= context.limits.rejectsBuffered || columns.byteCount >= Self.bufferedBytesMax {
            try await write()
        }
    }

    private func append(_ row: RejectedRow, _ source: RejectSource) {
        columns.append(row, from: source)
        addedCount += 1
    }

    /// Starts encoding what waits.
    private func write() async throws {
        if columns.rowCount == 0 { return }
        let batch = columns.take(now: now)
        try await appendEncoded()
        let encoders = encoders
        encoding = Task(executorPreference: context.crew) { try encoders.encode([batch]) }
    }

    /// Writes the row group that is being encoded.
    private func appendEncoded() async throws {
        guard let group = try await encoding.take()?.value else { return }
        try await openFile().append(group)
    }

    private func openFile() async throws -> OpenDataFile {
        if let file { return file }
        let location = "\(context.quarantine.location)/data/\(RandomUUID.text()).parquet"
        locations.append(location)
        let opened = try await OpenDataFile(
            location: location, key: context.tables.io.key(location), partition: [],
            schema: context.quarantine.schema, options: LakeParquet.options(context.quarantine),
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

    /// - Returns: the file that was written, if any reject was new.
    func finish() async throws -> [DataFile] {
        try await write()
        try await appendEncoded()
        guard let file else { return [] }
        let summary = try await file.close()
        self.file = nil
        return [
            DataFile(
                summary: summary, location: file.location, partition: [], spec: context.quarantine.partitionSpec,
                schema: context.quarantine.schema)
        ]
    }

    func abort() async {
        _ = await encoding.take()?.result
        await file?.abort()
        file = nil
    }
}

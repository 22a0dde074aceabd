internal import BlockCompression
internal import ByteKernels
package import CatalogService
package import EventLog
internal import Foundation
package import LakeModel
internal import Logging
package import ObjectStorage

/// The write side: takes uploads and batches into the log and tells what became of them.
///
/// The rows themselves are worked by ``TableProcessor``s, which tail the log.
package final class DipperIngestion: IngestionService {
    package let model: LakeDeclaration
    package let limits: IngestionLimits
    let log: any EventLog
    let objects: any ObjectStore
    let catalog: any CatalogStore
    let board: JobBoard
    let gauge: BacklogGauge
    let streams = StreamBoard()
    let lags: OperationalLags

    package init(
        model: LakeDeclaration, log: any EventLog, objects: any ObjectStore, catalog: any CatalogStore,
        limits: IngestionLimits = IngestionLimits()
    ) {
        self.model = model
        self.limits = limits
        self.log = log
        self.objects = objects
        self.catalog = catalog
        board = JobBoard()
        gauge = BacklogGauge()
        lags = OperationalLags()
    }

    func declaration(of table: String) throws -> TableDeclaration {
        guard let declaration = model.table(named: table) else {
            let known = model.tables.map(\.name).joined(separator: ", ")
            throw IngestionError(
                code: "unknown-table", message: "there is no table `\(table)`",
                remedy: "use one of: \(known); or declare it in model.yaml and restart")
        }
        return declaration
    }

    func refuseWhenOverloaded() throws {
        let backlog = gauge.total
        guard backlog < limits.backlogJobsMax else {
            throw IngestionError(
                code: "overloaded", message: "\(backlog) jobs wait to be worked, \(limits.backlogJobsMax) are allowed",
                remedy: "send it again after the time in Retry-After", isRetryable: true)
        }
    }

    package func beginUpload(_ request: UploadRequest) async throws -> any UploadSession {
        let table = try declaration(of: request.table)
        try refuseWhenOverloaded()
        guard request.format == .csv || request.mode == .overwrite else {
            throw IngestionError(
                code: "option-invalid", message: "an Avro file takes the place of all rows",
                remedy: "restore it, or upload the rows as CSV")
        }
        if request.mode == .append, !table.key.isEmpty {
            throw IngestionError(
                code: "option-invalid", message: "`mode=append` is for tables without a key; \(table.name) has one",
                remedy: "leave the mode out: rows are then inserted or updated by key")
        }
        let writer = try await objects.makeDraft(
            "\(request.format.rawValue)-files/\(table.name)/incoming-\(JobID.new())")
        return FileUpload(request: request, ingestion: self, writer: writer)
    }

    package func submitBatch(_ request: BatchRequest, body: [UInt8]) async throws -> JobReceipt {
        let table = try declaration(of: request.table)
        try refuseWhenOverloaded()
        guard body.count <= limits.batchBytesMax else {
            throw IngestionError(
                code: "batch-too-large",
                message: "the body has \(body.count) bytes, \(limits.batchBytesMax) are allowed",
                remedy: "send smaller batches, NDJSON, or a CSV upload")
        }
        var limits = limits
        if request.replaysRejects { limits.batchRowsMax = limits.replayRowsMax }
        var reader = try BatchReader(table: table, limits: limits, replaysRejects: request.replaysRejects)
        let text = try Self.decompressed(body, request.compression, limits)
        let rows = try reader.read(text.span)
        if request.atomic { try refuse(rows) }
        let sha256 = unsafe SHA256Stream.hex(SHA256Stream.digest(body.span.bytes))
        let record = LogRecord(
            id: JobID.new(),
            headers: [LogPayload.kindHeader: LogPayload.batchKind, BatchLanded.shaHeader: sha256],
            payload: BatchCoding.encode(rows, bodyBytes: body.count, table: table))
        if !rows.replays.isEmpty {
            try await RejectReplays.write(rows.replays, by: record.id, table: table.name, objects: objects)
        }
        let stored = try await append(
            record, to: table.name,
            idempotency: request.idempotencyKey.map {
                IdempotencyClaim(
                    key: $0,
                    requestDigest:
                        "\(request.replaysRejects ? "replay" : "batch")/\(table.name)/\(request.atomic)/\(sha256)")
            })
        if stored.isReplay { return try replayed(stored.record) }
        return receipt(of: stored.record, sha256: sha256, rows: rows, bodyBytes: body.count)
    }

    /// - Throws: `body-compression`, `batch-too-large`.
    private static func decompressed(
        _ body: [UInt8], _ compression: BatchRequest.Compression?, _ limits: IngestionLimits
    ) throws -> [UInt8] {
        guard let compression else { return body }
        var text: [UInt8] = []
        do {
            var stream = try StreamDecompressor(
                compression == .gzip ? .gzip : .zstd,
                limits: StreamDecompressor.Limits(outputBytesMax: limits.batchBytesMax))
            unsafe try stream.push(body.span.bytes, into: &text)
            try stream.finish()
        } catch let error as CompressionError {
            throw IngestionError(
                code: "body-compression", message: "the compressed body can't be read: \(error.message)",
                remedy: "compress it anew, or send it plain", cause: error)
        }
        return text
    }

    /// - Throws: `rows-refused` with the verdicts, when there are any.
    func refuse(_ rows: BatchRows) throws {
        guard !rows.refused.isEmpty else { return }
        throw IngestionError(
            code: "rows-refused",
            message:
                "\(rows.refused.count) of \(rows.rowsRead) rows are refused, so nothing of the atomic batch is taken",
            remedy: "mend the rows listed, or send the batch without `atomic`",
            verdicts: rows.verdicts(limits.verdictsMax))
    }

    package func deleteRow(_ request: DeleteRequest) async throws -> JobReceipt {
        let table = try declaration(of: request.table)
        try refuseWhenOverloaded()
        let key = try RowKeyText.parse(request.key, of: table)
        let payload = BatchCoding.encode(deletes: key, table: table)
        let sha256 = unsafe SHA256Stream.hex(SHA256Stream.digest(payload.span.bytes))
        let record = LogRecord(
            id: JobID.new(), headers: [LogPayload.kindHeader: LogPayload.deleteKind, BatchLanded.shaHeader: sha256],
            payload: payload)
        let stored = try await append(
            record, to: table.name,
            idempotency: request.idempotencyKey.map {
                IdempotencyClaim(key: $0, requestDigest: "delete/\(table.name)/\(sha256)")
            })
        if stored.isReplay { return try replayed(stored.record) }
        return try receipt(
            of: stored.record, payload: .batch(BatchLanded(.deletes, payload, record.headers)), reading: true)
    }

    /// The first answer to a request that came again under its idempotency key.
    func replayed(_ stored: StoredRecord) throws -> JobReceipt {
        let payload = try LogPayload(headers: stored.record.headers, payload: stored.record.payload)
        var receipt = try receipt(of: stored, payload: payload, reading: true)
        receipt.isReplay = true
        return receipt
    }

    /// Appends one record; a replay of an idempotency key brings the first one back.
    func append(_ record: LogRecord, to topic: String, idempotency: IdempotencyClaim?) async throws -> (
        record: StoredRecord, isReplay: Bool
    ) {
        switch try await log.append([record], to: topic, idempotency: idempotency) {
        case .appended(let records):
            guard let stored = records.first else { break }
            gauge.appended(topic: topic, offset: stored.offset)
            return (stored, false)
        case .replayed(let records):
            guard let stored = records.first else { break }
            return (stored, true)
        case .conflict:
            throw IngestionError(
                code: "idempotency-conflict", message: "this Idempotency-Key came with another request before",
                remedy: "use a new key for a new request; send the same bytes and options to replay one")
        }
        throw IngestionError(
            code: "log-answer-empty", message: "the log acknowledged a record and did not return it",
            remedy: "look the write up under GET /api/v2/jobs before sending it again", isRetryable: true)
    }

    /// The receipt of a record that no sink has passed yet.
    /// - Parameter reading: whether to count the rows of a batch, which the pipeline does itself.
    func receipt(of stored: StoredRecord, payload: LogPayload, reading: Bool = false) throws -> JobReceipt {
        switch payload {
        case .file(let file):
            var receipt = receipt(of: stored, kind: .file, bytes: file.byteCount)
            receipt.fileName = file.fileName
            receipt.sha256 = file.sha256
            return receipt
        case .batch(let landed):
            if reading, let table = model.table(named: stored.topic) {
                let (rows, bodyBytes) = try landed.rows(of: table, limits: limits)
                return receipt(of: stored, sha256: landed.sha256, rows: rows, bodyBytes: bodyBytes)
            }
            var receipt = receipt(of: stored, kind: landed.form == .deletes ? .delete : .batch, bytes: landed.bodyBytes)
            receipt.sha256 = landed.form == .deletes ? nil : landed.sha256
            return receipt
        }
    }

    /// The receipt of a batch whose rows are at hand.
    func receipt(of stored: StoredRecord, sha256: String, rows: BatchRows, bodyBytes: Int) -> JobReceipt {
        var receipt = receipt(of: stored, kind: rows.deletes == nil ? .batch : .delete, bytes: bodyBytes)
        receipt.sha256 = rows.deletes == nil ? sha256 : nil
        receipt.rows.read = rows.rowsRead
        receipt.rows.accepted = rows.acceptedCount
        receipt.rows.rejected = rows.refused.count
        receipt.rows.blank = rows.blankRows
        receipt.verdicts = rows.verdicts(limits.verdictsMax)
        if !rows.refused.isEmpty { receipt.rejectsLink = "/api/v2/rejects/\(stored.topic)?job=\(stored.record.id)" }
        return receipt
    }

    private func receipt(of stored: StoredRecord, kind: JobReceipt.Kind, bytes: Int) -> JobReceipt {
        var receipt = JobReceipt(
            id: stored.record.id, kind: kind, table: stored.topic, state: .accepted,
            createdAt: UTCTime.text(microseconds: stored.appendedMicroseconds), bytes: bytes, topic: stored.topic,
            partition: stored.partition, offset: stored.offset)
        StreamPart(stored.record).mark(&receipt)
        return receipt
    }
}

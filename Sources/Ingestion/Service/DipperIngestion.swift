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
        if request.mode == .append, !table.key.isEmpty {
            throw IngestionError(
                code: "option-invalid", message: "`mode=append` is for tables without a key; \(table.name) has one",
                remedy: "leave the mode out: rows are then inserted or updated by key")
        }
        let writer = try await objects.makeWriter("csv-files/\(table.name)/incoming-\(JobID.new())")
        return FileUpload(request: request, ingestion: self, writer: writer)
    }

    package func submitBatch(_ request: BatchRequest, body: [UInt8]) async throws -> JobReceipt {
        let table = try declaration(of: request.table)
        try refuseWhenOverloaded()
        guard body.count <= limits.batchBytesMax else {
            throw IngestionError(
                code: "batch-too-large",
                message: "the body has \(body.count) bytes, \(limits.batchBytesMax) are allowed",
                remedy: "send smaller batches, or a CSV upload")
        }
        let result = try BatchReader(table: table, limits: limits).read(body)
        if request.atomic, !result.refused.isEmpty {
            throw IngestionError(
                code: "rows-refused",
                message:
                    "\(result.refused.count) of \(result.rowsRead) rows are refused, so nothing of the atomic batch is taken",
                remedy: "mend the rows listed, or send the batch without `atomic`",
                verdicts: Array(result.refused.prefix(limits.verdictsMax).map(\.verdict)))
        }
        let sha256 = unsafe SHA256Stream.hex(SHA256Stream.digest(body.span.bytes))
        let record = LogRecord(
            id: JobID.new(), headers: [LogPayload.kindHeader: LogPayload.batchKind, BatchLanded.shaHeader: sha256],
            payload: body)
        let stored = try await append(
            record, to: table.name,
            idempotency: request.idempotencyKey.map {
                IdempotencyClaim(key: $0, requestDigest: "batch/\(table.name)/\(request.atomic)/\(sha256)")
            })
        if stored.isReplay, let receipt = try await job(id: stored.record.record.id) { return receipt }
        return receipt(of: stored.record, payload: .batch(BatchLanded(body: body, sha256: sha256)), batch: result)
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
    func receipt(of stored: StoredRecord, payload: LogPayload, batch: BatchReader.Result? = nil) -> JobReceipt {
        var receipt = JobReceipt(
            id: stored.record.id, kind: .batch, table: stored.topic, state: .accepted,
            createdAt: UTCTime.text(microseconds: stored.appendedMicroseconds), bytes: stored.record.payload.count,
            topic: stored.topic, partition: stored.partition, offset: stored.offset)
        switch payload {
        case .file(let file):
            receipt.kind = .file
            receipt.bytes = file.byteCount
            receipt.fileName = file.fileName
            receipt.sha256 = file.sha256
        case .batch(let landed):
            receipt.sha256 = landed.sha256
            if let batch {
                receipt.rows.read = batch.rowsRead
                receipt.rows.accepted = batch.acceptedPlaces.count
                receipt.rows.rejected = batch.refused.count
                receipt.verdicts = Array(batch.refused.prefix(limits.verdictsMax).map(\.verdict))
                if !batch.refused.isEmpty {
                    receipt.rejectsLink = "/api/v2/rejects/\(stored.topic)?job=\(stored.record.id)"
                }
            }
        }
        return receipt
    }
}

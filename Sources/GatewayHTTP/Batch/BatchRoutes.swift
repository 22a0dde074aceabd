import Access
import HTTPTypes
import Hummingbird
import Ingestion
import LakeModel
import Metrics
import MultipartForm
import NIOCore

/// `POST /api/v2/batch/{table}` with a JSON array or NDJSON, `POST /api/v2/rejects/{table}/replay`, and
/// `DELETE /api/v2/tables/{table}/rows/{key}`.
struct BatchRoutes {
    static let lines = "application/x-ndjson"
    static let lineTypes: Set<String> = [lines, "application/ndjson", "application/jsonl", "application/json-lines"]

    let ingestion: any IngestionService
    let limits: GatewayLimits
    let slots: Slots
    private let bytesTaken: [String: Counter]

    init(ingestion: any IngestionService, limits: GatewayLimits, slots: Slots, metrics: any MetricsFactory) {
        self.ingestion = ingestion
        self.limits = limits
        self.slots = slots
        // Made once: to look a series up for each request costs more than to count.
        bytesTaken = Dictionary(
            uniqueKeysWithValues: ingestion.model.tables.map { table in
                let dimensions = [("table", table.name)]
                return (
                    table.name, Counter(label: "dipper_batch_bytes_total", dimensions: dimensions, factory: metrics)
                )
            })
    }

    var routes: [Route] {
        [
            Route(
                .post, "/api/v2/batch/{table}", access: .silver(.write), documentation: .batch(limits),
                handler: batch),
            Route(
                .post, "/api/v2/rejects/{table}/replay", access: .silver(.write), documentation: .replay(limits),
                handler: replay),
            Route(
                .delete, "/api/v2/tables/{table}/rows/{key}", access: .silver(.write),
                documentation: .deleteRow(limits), handler: delete),
        ]
    }

    @Sendable private func batch(_ request: GatewayRequest) async throws -> Response {
        let table = try request.knownTable(ingestion.model)
        let options = try QueryOptions(request.request, known: ["atomic"])
        var batch = BatchRequest(table: table)
        batch.atomic = try options.boolean("atomic") ?? false
        batch.idempotencyKey = try request.idempotencyKey()
        if let type = request.headers[.contentType], type != Answers.json,
            let parameters = HeaderParameters(type), Self.lineTypes.contains(parameters.value)
        {
            return try await stream(batch, request)
        }
        let body = try await json(&batch, request)
        return try Answers.receipt(try await ingestion.submitBatch(batch, body: body), status: .ok)
    }

    private func json(_ batch: inout BatchRequest, _ request: GatewayRequest) async throws -> [UInt8] {
        batch.compression = try Self.compression(request)
        try request.requireJSONType()
        let body = try await request.collectBody(bytesMax: limits.batchBytesMax)
        bytesTaken[batch.table]?.increment(by: body.count)
        return body
    }

    private static func compression(_ request: GatewayRequest) throws -> BatchRequest.Compression? {
        guard let encoding = request.headers[.contentEncoding] else { return nil }
        switch try UploadBody.compression(encoding) {
        case .gzip: return .gzip
        case .zstd: return .zstd
        case nil: return nil
        }
    }

    /// Lines are handed on as they come; more is read when they are taken.
    private func stream(_ batch: BatchRequest, _ request: GatewayRequest) async throws -> Response {
        var batch = batch
        batch.compression = try Self.compression(request)
        let slot = try slots.take("NDJSON bodies")
        defer { slot.release() }
        let session = try await ingestion.beginRows(batch)
        do {
            var reader = try request.body()
            var block: [UInt8] = []
            while let buffer = try await reader.next() {
                guard reader.received <= limits.rowStreamBytesMax else {
                    throw GatewayError(
                        code: "body-too-large", message: "the body is larger than \(limits.rowStreamBytesMax) bytes",
                        remedy: "send the rest in another request")
                }
                block.append(contentsOf: buffer.readableBytesView)
                if block.count >= limits.uploadBlockBytes {
                    try await session.write(block)
                    block.removeAll(keepingCapacity: true)
                }
            }
            if !block.isEmpty { try await session.write(block) }
            let receipt = try await session.finish()
            bytesTaken[batch.table]?.increment(by: reader.received)
            return try Answers.receipt(receipt, status: .ok)
        } catch {
            await session.abort()
            throw error
        }
    }

    /// Corrected rows: JSON, or the download of the rejects as CSV.
    @Sendable private func replay(_ request: GatewayRequest) async throws -> Response {
        let table = try request.knownTable(ingestion.model)
        let options = try QueryOptions(request.request, known: ["atomic"])
        var batch = BatchRequest(table: table)
        batch.atomic = try options.boolean("atomic") ?? false
        batch.idempotencyKey = try request.idempotencyKey()
        batch.replaysRejects = true
        let type = request.headers[.contentType].flatMap(HeaderParameters.init)
        guard type?.value == CSVText.contentType else {
            let body = try await json(&batch, request)
            return try Answers.receipt(try await ingestion.submitBatch(batch, body: body), status: .ok)
        }
        if let type { try UploadBody.checkCharacterSet(type) }
        guard try Self.compression(request) == nil else {
            throw GatewayError(
                code: "encoding-unsupported", message: "CSV is taken here without a Content-Encoding",
                remedy: "send the file plain")
        }
        let body = try await request.collectBody(bytesMax: limits.batchBytesMax)
        let rows = try ReplayCSV.json(body)
        return try Answers.receipt(try await ingestion.submitBatch(batch, body: rows), status: .ok)
    }

    @Sendable private func delete(_ request: GatewayRequest) async throws -> Response {
        let table = try request.knownTable(ingestion.model)
        let options = try QueryOptions(request.request, known: ["wait"])
        let waitSeconds = try options.seconds("wait", max: limits.waitSecondsMax)
        var delete = DeleteRequest(table: table, key: try request.keyParts())
        delete.idempotencyKey = try request.idempotencyKey()
        var receipt = try await ingestion.deleteRow(delete)
        if let waitSeconds, waitSeconds > 0 {
            let isReplay = receipt.isReplay
            receipt = try await ingestion.waitForJob(id: receipt.id, seconds: waitSeconds) ?? receipt
            receipt.isReplay = isReplay
        }
        return try Answers.receipt(receipt, status: receipt.hasEnded ? .ok : .accepted)
    }
}

extension GatewayRequest {
    /// - Throws: ``GatewayError`` `media-type-unsupported` unless the body is called JSON.
    func requireJSONType() throws {
        let type = headers[.contentType]
        if type == Answers.json { return }
        guard type.flatMap(HeaderParameters.init)?.value == Answers.json else {
            throw GatewayError(
                code: "media-type-unsupported", message: "the body has the media type `\((type ?? "none").prefix(64))`",
                remedy: "send JSON with Content-Type: application/json, or lines with \(BatchRoutes.lines)")
        }
    }

    /// The parts of a row's key, which commas separate; a comma inside a part is `%2C`.
    /// - Throws: ``GatewayError`` `path-invalid`.
    func keyParts() throws -> [String] {
        try rawParameter("key").split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let text = PercentCoding.decode(part) else {
                throw GatewayError(
                    code: "path-invalid", message: "the key is not valid percent-encoded UTF-8",
                    remedy: "encode the bytes of the UTF-8 text as %XX")
            }
            return text
        }
    }
}

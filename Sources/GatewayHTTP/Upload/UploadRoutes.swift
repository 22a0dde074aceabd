import Access
import HTTPTypes
import Hummingbird
import Ingestion
import LakeModel
import Metrics
import MultipartForm

/// `POST /api/v2/upload/csv/{table}`.
struct UploadRoutes {
    let ingestion: any IngestionService
    let limits: GatewayLimits
    let slots: Slots
    let metrics: any MetricsFactory

    var routes: [Route] {
        [
            Route(
                .post, "/api/v2/upload/csv/{table}", access: .silver(.write), documentation: .uploadCSV(limits),
                handler: upload)
        ]
    }

    @Sendable private func upload(_ request: GatewayRequest) async throws -> Response {
        let table = try request.knownTable(ingestion.model)
        let options = try UploadOptions(QueryOptions(request.request, known: UploadOptions.names), limits: limits)
        let body = try UploadBody(request.headers)
        if let announced = try request.contentLength(), announced > limits.uploadBytesMax {
            throw UploadReceiver.tooLarge(limits)
        }
        var template = UploadRequest(table: table)
        template.mode = options.mode
        template.onError = options.onError
        template.delimiter = options.delimiter
        template.header = options.header
        template.idempotencyKey = try request.idempotencyKey()

        let slot = try slots.take("uploads")
        var receiver = UploadReceiver(ingestion: ingestion, template: template, body: body, limits: limits)
        let receipt = try await receiver.receive(request)
        slot.release()
        Counter(label: "dipper_upload_bytes_total", dimensions: [("table", table)], factory: metrics)
            .increment(by: receiver.received)
        return try await answer(receipt, waitSeconds: options.waitSeconds)
    }

    /// 200 when the job has ended inside the time that the client waits, else 202.
    private func answer(_ receipt: JobReceipt, waitSeconds: Double?) async throws -> Response {
        var latest = receipt
        if !latest.hasEnded, let waitSeconds, waitSeconds > 0 {
            latest = try await ingestion.waitForJob(id: receipt.id, seconds: waitSeconds) ?? receipt
        }
        return try Answers.receipt(latest, status: latest.hasEnded ? .ok : .accepted)
    }
}

extension JobReceipt {
    var hasEnded: Bool { state == .committed || state == .failed }
}

extension GatewayRequest {
    /// The table that the path names, checked before a byte of the body is asked for.
    /// - Throws: ``GatewayError`` `unknown-table`.
    func knownTable(_ model: LakeDeclaration) throws -> String {
        let name = try parameter("table")
        guard model.table(named: name) != nil else {
            let known = model.tables.map { "`\($0.name)`" }.joined(separator: ", ")
            throw GatewayError(
                code: "unknown-table", message: "the model declares no table `\(name.prefix(128))`",
                remedy: "write to one of \(known)")
        }
        return name
    }

    /// - Throws: ``GatewayError`` `media-type-unsupported` unless the body is called JSON.
    func requireJSON() throws {
        let type = headers[.contentType]
        guard type.flatMap(HeaderParameters.init)?.value == "application/json" else {
            throw GatewayError(
                code: "media-type-unsupported", message: "the body has the media type `\((type ?? "none").prefix(64))`",
                remedy: "send JSON with Content-Type: application/json")
        }
        if let encoding = headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw GatewayError(
                code: "encoding-unsupported",
                message: "the Content-Encoding `\(encoding.prefix(64))` is not taken here",
                remedy: "send the body plain")
        }
    }
}

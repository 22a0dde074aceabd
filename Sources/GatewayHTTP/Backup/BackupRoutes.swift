import Access
import HTTPTypes
import Hummingbird
import Ingestion
import LakeModel
import MultipartForm
import NIOCore

/// `POST /api/v2/tables/{table}/backup` and `…/restore`.
struct BackupRoutes {
    let backups: any TableBackups
    let ingestion: any IngestionService
    let limits: GatewayLimits
    let slots: Slots

    /// Avro's own media type, under which backups go out.
    static let avro = "application/vnd.apache.avro"
    /// Media types that a body to restore may have.
    static let bodyTypes: Set<String> = [avro, "avro/binary", "application/avro", "application/octet-stream"]

    var routes: [Route] {
        [
            Route(
                .post, "/api/v2/tables/{table}/backup", access: .table(.read), documentation: .backup, handler: backup),
            Route(
                .post, "/api/v2/tables/{table}/restore", access: .silver(.write), documentation: .restore(limits),
                handler: restore),
        ]
    }

    // MARK: Backup

    @Sendable private func backup(_ request: GatewayRequest) async throws -> Response {
        let options = try QueryOptions(request.request, known: ["snapshot"])
        let name = try request.parameter("table")
        var snapshotID: Int64?
        if let text = options["snapshot"] {
            guard let id = Int64(text) else { throw options.invalid("snapshot", text, "a snapshot id") }
            snapshotID = id
        }
        let slot = try slots.take("backups and restores")
        guard let reading = try await backups.backup(of: name, snapshotID: snapshotID, for: request.principal)
        else {
            throw TableRoutes.unknownTable(name)
        }
        let body = ResponseBody { writer in
            defer {
                reading.close()
                slot.release()
            }
            while let bytes = try await reading.next() { try await writer.write(ByteBuffer(bytes: bytes)) }
            try await writer.finish(nil)
        }
        var headers: HTTPFields = [
            .contentType: Self.avro, .cacheControl: "no-store",
            .contentDisposition: "attachment; filename=\"\(Self.fileName(name, reading.snapshotID))\"",
        ]
        if let field = HTTPField.Name("X-Snapshot-Id") { headers[field] = reading.snapshotID.map { String($0) } }
        if let field = HTTPField.Name("X-Total-Count") { headers[field] = String(reading.rowCount) }
        return Response(status: .ok, headers: headers, body: body)
    }

    /// Letters and digits of the table's name alone, so that no header can be broken by it.
    private static func fileName(_ table: String, _ snapshotID: Int64?) -> String {
        let plain = table.utf8.prefix(128).map { byte -> Character in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2E || byte == 0x5F
            return isPlain ? Character(UnicodeScalar(byte)) : "_"
        }
        return String(plain) + (snapshotID.map { "-\($0)" } ?? "") + ".avro"
    }

    // MARK: Restore

    @Sendable private func restore(_ request: GatewayRequest) async throws -> Response {
        let table = try request.knownTable(ingestion.model)
        let options = try QueryOptions(request.request, known: ["wait"])
        let waitSeconds = try options.seconds("wait", max: limits.waitSecondsMax)
        try Self.check(request.headers)
        if let announced = try request.contentLength(), announced > limits.uploadBytesMax {
            throw UploadReceiver.tooLarge(limits)
        }
        var template = UploadRequest(table: table)
        template.format = .avro
        template.mode = .overwrite
        template.onError = .fail
        template.fileName = try UploadBody.shownName(
            request.headers[.contentDisposition].flatMap(HeaderParameters.init)?.parameters["filename"],
            table: table, compression: nil, limits: limits)
        template.idempotencyKey = try request.idempotencyKey()
        let slot = try slots.take("backups and restores")
        try await backups.prepareRestore(of: table)
        let receipt = try await receive(request, template)
        slot.release()
        var latest = receipt
        if !latest.hasEnded, let waitSeconds, waitSeconds > 0 {
            latest = try await ingestion.waitForJob(id: receipt.id, seconds: waitSeconds) ?? receipt
        }
        return try Answers.receipt(latest, status: latest.hasEnded ? .ok : .accepted)
    }

    private static func check(_ headers: HTTPFields) throws {
        let type = headers[.contentType]
        guard let value = type.flatMap(HeaderParameters.init)?.value, bodyTypes.contains(value) else {
            throw GatewayError(
                code: "media-type-unsupported", message: "the body has the media type `\((type ?? "none").prefix(64))`",
                remedy: "send the Avro file of a backup with Content-Type: \(avro)")
        }
        if let encoding = headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw GatewayError(
                code: "encoding-unsupported",
                message: "the Content-Encoding `\(encoding.prefix(64))` is not taken here",
                remedy: "send the file as it is: its blocks are compressed already")
        }
    }

    private func receive(_ request: GatewayRequest, _ template: UploadRequest) async throws -> JobReceipt {
        let session = try await ingestion.beginUpload(template)
        do {
            var reader = try request.body()
            var block: [UInt8] = []
            while let buffer = try await reader.next() {
                guard reader.received <= limits.uploadBytesMax else { throw UploadReceiver.tooLarge(limits) }
                block.append(contentsOf: buffer.readableBytesView)
                if block.count >= limits.uploadBlockBytes {
                    try await session.write(block)
                    block.removeAll(keepingCapacity: true)
                }
            }
            if !block.isEmpty { try await session.write(block) }
            return try await session.finish()
        } catch {
            await session.abort()
            throw error
        }
    }
}

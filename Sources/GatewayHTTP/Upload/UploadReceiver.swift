import HTTPTypes
import Hummingbird
import Ingestion
import LakeModel
import MultipartForm
import NIOCore

/// Streams a request's body into an upload session: what has been read is stored before more is read, so that a slow
/// disk slows the sender down and memory stays at a block or two.
struct UploadReceiver {
    let ingestion: any IngestionService
    let template: UploadRequest
    let body: UploadBody
    let limits: GatewayLimits

    private var session: (any UploadSession)?
    private var block: [UInt8] = []
    private var hasFile = false
    private(set) var received = 0

    init(ingestion: any IngestionService, template: UploadRequest, body: UploadBody, limits: GatewayLimits) {
        self.ingestion = ingestion
        self.template = template
        self.body = body
        self.limits = limits
    }

    /// - Returns: the receipt, durable.
    /// - Throws: the errors of the body's form, and those of the session; nothing of the upload is kept then.
    mutating func receive(_ request: GatewayRequest) async throws -> JobReceipt {
        do {
            switch body.form {
            case .raw: try await receiveRaw(request)
            case .multipart(let boundary): try await receiveForm(request, boundary: boundary)
            }
            try await flush()
            guard let session else { throw Self.fileMissing }
            return try await session.finish()
        } catch {
            await session?.abort()
            throw error
        }
    }

    private mutating func receiveRaw(_ request: GatewayRequest) async throws {
        try await begin(fileName: body.fileName)
        var reader = try request.body()
        while let buffer = try await reader.next() {
            try count(buffer)
            try await store(buffer.readableBytesView)
        }
    }

    private mutating func receiveForm(_ request: GatewayRequest, boundary: String) async throws {
        var parser = try MultipartParser(boundary: boundary, limits: MultipartLimits(limits))
        var reader = try request.body()
        while let buffer = try await reader.next() {
            try count(buffer)
            parser.push(Array(buffer.readableBytesView))
            while let event = try parser.next() { try await handle(event) }
        }
        try parser.finish()
        guard hasFile else { throw Self.fileMissing }
    }

    private mutating func handle(_ event: MultipartParser.Event) async throws {
        switch event {
        case .partBegan(let part):
            try check(part)
            hasFile = true
            try await begin(fileName: part.fileName)
        case .content(let bytes):
            try await store(bytes)
        case .partEnded:
            break
        }
    }

    private func check(_ part: MultipartPart) throws {
        let place = Place(source: "part `\(part.name.prefix(64))`", byteOffset: part.byteOffset)
        guard part.name == "file" else {
            throw GatewayError(
                code: "multipart-part-unknown", message: "the form has a part `\(part.name.prefix(64))`",
                remedy: "send one part named `file`; options go into the query string", place: place)
        }
        guard !hasFile else {
            throw GatewayError(
                code: "multipart-part-repeated", message: "the form has a second part `file`",
                remedy: "send one request a file", place: place)
        }
        guard part.transferEncoding == nil || ["7bit", "8bit", "binary"].contains(part.transferEncoding) else {
            throw GatewayError(
                code: "encoding-unsupported", message: "the part has a Content-Transfer-Encoding",
                remedy: "send the file's bytes as they are", place: place)
        }
        if let type = part.contentType.flatMap(HeaderParameters.init) { try UploadBody.checkCharacterSet(type) }
    }

    private mutating func begin(fileName: String?) async throws {
        var request = template
        request.fileName = try UploadBody.shownName(
            fileName, table: template.table, compression: body.compression, limits: limits)
        session = try await ingestion.beginUpload(request)
    }

    private mutating func count(_ buffer: ByteBuffer) throws {
        received += buffer.readableBytes
        guard received <= limits.uploadBytesMax else { throw Self.tooLarge(limits) }
    }

    private mutating func store(_ bytes: some Collection<UInt8>) async throws {
        block.append(contentsOf: bytes)
        if block.count >= limits.uploadBlockBytes { try await flush() }
    }

    private mutating func flush() async throws {
        guard !block.isEmpty, let session else { return }
        try await session.write(block)
        block.removeAll(keepingCapacity: true)
    }

    static func tooLarge(_ limits: GatewayLimits) -> GatewayError {
        GatewayError(
            code: "upload-too-large", message: "an upload has at most \(limits.uploadBytesMax) bytes",
            remedy: "split the file, or load it on the server with `dipper load`")
    }

    private static var fileMissing: GatewayError {
        GatewayError(
            code: "multipart-part-missing", message: "the form has no part `file`",
            remedy: "send the file as the part `file` (curl -F file=@FILE.csv)")
    }
}

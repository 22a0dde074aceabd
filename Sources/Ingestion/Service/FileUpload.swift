internal import BlockCompression
internal import ByteKernels
import EventLog
import LakeModel
import CatalogService
internal import Foundation
import ObjectStorage

/// One upload: bytes go to a private file and through SHA-256; at the end the file becomes the bronze object of its hash.
///
/// `@unchecked Sendable`: the request's task is the only user.
final class FileUpload: UploadSession, @unchecked Sendable {
    private let request: UploadRequest
    private let ingestion: DipperIngestion
    private let writer: any ObjectWriter
    private var hash = SHA256Stream()
    private var byteCount = 0
    private var head: [UInt8] = []

    /// Bytes that tell how a file is compressed.
    private static let headBytes = 16

    init(request: UploadRequest, ingestion: DipperIngestion, writer: any ObjectWriter) {
        self.request = request
        self.ingestion = ingestion
        self.writer = writer
    }

    func write(_ bytes: [UInt8]) async throws {
        guard byteCount + bytes.count <= ingestion.limits.uploadBytesMax else {
            throw IngestionError(
                code: "upload-too-large", message: "the file has more than \(ingestion.limits.uploadBytesMax) bytes",
                remedy: "split it, or raise `ingestion.uploadBytesMax`")
        }
        if head.count < Self.headBytes { head += bytes.prefix(Self.headBytes - head.count) }
        unsafe hash.update(bytes.span.bytes)
        byteCount += bytes.count
        await writer.ready()
        unsafe try writer.write(bytes.span.bytes)
    }

    func finish() async throws -> JobReceipt {
        guard byteCount > 0 else {
            await writer.abort()
            throw IngestionError(
                code: "upload-empty", message: "the upload has no bytes",
                remedy: "send the file as part `file` or as the body")
        }
        let sha256 = SHA256Stream.hex(hash.finish())
        let key = key(sha256)
        let isNew = try await writer.finish(as: key, ifAbsent: true)
        var landed = FileLanded(
            objectKey: key, sha256: sha256, byteCount: byteCount, fileName: request.fileName, mode: request.mode,
            onError: request.onError, delimiter: request.delimiter, header: request.header)
        if request.format == .avro {
            landed.format = .avro
            try await check(key, isNew: isNew)
        }
        let payload = try landed.encoded()
        let record = LogRecord(
            id: JobID.new(), headers: [LogPayload.kindHeader: LogPayload.fileKind], payload: payload)
        let digest = unsafe SHA256Stream.hex(SHA256Stream.digest(payload.span.bytes))
        let stored = try await ingestion.append(
            record, to: request.table,
            idempotency: request.idempotencyKey.map {
                IdempotencyClaim(key: $0, requestDigest: "file/\(request.table)/\(digest)")
            })
        if stored.isReplay { return try ingestion.replayed(stored.record) }
        return try ingestion.receipt(of: stored.record, payload: .file(landed))
    }

    private func key(_ sha256: String) -> String {
        if request.format == .avro { return "avro-files/\(request.table)/\(sha256).avro" }
        let ending: String =
            switch unsafe StreamDecompressor.Format.detect(head.span.bytes) {
            case .gzip: ".gz"
            case .zstd: ".zst"
            case nil: ""
            }
        return "csv-files/\(request.table)/\(sha256).csv\(ending)"
    }

    /// Reads an Avro file once before it is acknowledged: what was cut off or has other columns is refused at once.
    private func check(_ key: String, isNew: Bool) async throws {
        let table = try ingestion.declaration(of: request.table)
        do {
            let rows = try AvroRows(
                try await ingestion.objects.open(key), table: table,
                crew: ThreadExecutor(name: "restore", threadCount: 1))
            while try await rows.next() != nil { try Task.checkCancellation() }
        } catch {
            if isNew { try? await ingestion.objects.delete(key) }
            throw error
        }
    }

    func abort() async { await writer.abort() }
}

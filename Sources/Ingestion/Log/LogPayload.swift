internal import Foundation
import LakeModel

/// What a log record stands for: a file that landed in bronze (by reference), or a batch of rows (by value).
enum LogPayload: Sendable {
    case file(FileLanded)
    case batch(BatchLanded)

    /// The header that tells how the payload is to be read.
    static let kindHeader = "dipper-kind"
    static let fileKind = "file/1"
    /// The body as it came; read, not written any more.
    static let jsonBatchKind = "batch/1"
    /// Rows by ``BatchCoding``.
    static let batchKind = "batch/2"
    /// Keys whose rows are to go, by ``BatchCoding``.
    static let deleteKind = "delete/1"

    init(headers: [String: String], payload: [UInt8]) throws {
        switch headers[Self.kindHeader] {
        case Self.fileKind:
            self = .file(try JSONDecoder().decode(FileLanded.self, from: Data(payload)))
        case Self.jsonBatchKind: self = .batch(BatchLanded(.json, payload, headers))
        case Self.batchKind: self = .batch(BatchLanded(.rows, payload, headers))
        case Self.deleteKind: self = .batch(BatchLanded(.deletes, payload, headers))
        case let kind:
            throw IngestionError(
                code: "log-record-unknown", message: "a log record of kind \(kind ?? "none") cannot be read",
                remedy: "it was written by a newer version; run that version")
        }
    }
}

/// A file in bronze and how its upload asked for it to be read.
struct FileLanded: Sendable, Codable, Hashable {
    var objectKey: String
    var sha256: String
    var byteCount: Int
    var fileName: String?
    var mode: UploadRequest.Mode
    var onError: UploadRequest.OnError
    var delimiter: UInt8?
    var header: Bool?
    /// `nil`: CSV.
    var format: UploadRequest.Format?

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return Array(try encoder.encode(self))
    }
}

/// A batch of rows, or of keys whose rows are to go. It was validated before it went into the log; the rows that were
/// refused are in it too, so that quarantine gets them in the same commit.
struct BatchLanded: Sendable, Hashable {
    static let shaHeader = "dipper-sha256"

    enum Form: Sendable, Hashable { case json, rows, deletes }

    var form: Form
    var payload: [UInt8]
    /// Of the body that brought it.
    var sha256: String

    init(_ form: Form, _ payload: [UInt8], _ headers: [String: String]) {
        self.form = form
        self.payload = payload
        sha256 = headers[Self.shaHeader] ?? ""
    }

    /// Bytes of the body that brought it.
    var bodyBytes: Int {
        switch form {
        case .json: payload.count
        case .rows: BatchCoding.bodyBytes(payload)
        case .deletes: 0
        }
    }

    /// What it brings, in the columns that `table` declares, and the bytes of the body that brought it.
    ///
    /// What was acknowledged is worked, even where the limits were higher when it came.
    /// - Throws: ``IngestionError`` `log-record-corrupt`.
    func rows(of table: TableDeclaration, limits: IngestionLimits) throws -> (rows: BatchRows, bodyBytes: Int) {
        switch form {
        case .json:
            var reader = try BatchReader(table: table, limits: limits.forLoggedBatches)
            return (try reader.read(payload.span), payload.count)
        case .rows: return try BatchCoding.decode(payload, table: table)
        case .deletes: return try BatchCoding.decodeDeletes(payload, table: table)
        }
    }
}

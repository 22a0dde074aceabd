internal import Foundation

/// What a log record stands for: a file that landed in bronze (by reference), or a batch of rows (by value).
enum LogPayload: Sendable {
    case file(FileLanded)
    case batch(BatchLanded)

    /// The header that tells how the payload is to be read.
    static let kindHeader = "dipper-kind"
    static let fileKind = "file/1"
    static let batchKind = "batch/1"

    init(headers: [String: String], payload: [UInt8]) throws {
        switch headers[Self.kindHeader] {
        case Self.fileKind:
            self = .file(try JSONDecoder().decode(FileLanded.self, from: Data(payload)))
        case Self.batchKind:
            self = .batch(BatchLanded(body: payload, sha256: headers[BatchLanded.shaHeader] ?? ""))
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

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return Array(try encoder.encode(self))
    }
}

/// A batch as it came. It was validated before it went into the log; the rows that were refused are in it too, so that
/// quarantine gets them in the same commit.
struct BatchLanded: Sendable, Hashable {
    static let shaHeader = "dipper-sha256"

    var body: [UInt8]
    var sha256: String
}

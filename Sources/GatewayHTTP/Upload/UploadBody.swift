import HTTPTypes
import MultipartForm

/// How the bytes of an upload travel, from its headers.
struct UploadBody: Sendable, Hashable {
    enum Form: Sendable, Hashable {
        case raw
        case multipart(boundary: String)
    }

    /// How the file is compressed. The bytes go to storage as they are; the file name's ending tells the pipeline.
    enum Compression: String, Sendable, Hashable {
        case gzip, zstd

        var ending: String {
            switch self {
            case .gzip: ".gz"
            case .zstd: ".zst"
            }
        }
    }

    /// Media types that a raw body may have.
    static let rawTypes: Set<String> = [
        "text/csv", "text/tab-separated-values", "text/plain", "application/csv", "application/octet-stream",
        "application/gzip", "application/x-gzip", "application/zstd", "application/vnd.ms-excel",
    ]

    var form: Form
    var compression: Compression?
    /// Of a raw body's `Content-Disposition`.
    var fileName: String?

    /// - Throws: ``GatewayError`` `media-type-unsupported`, `encoding-unsupported`, `multipart-malformed`.
    init(_ headers: HTTPFields) throws {
        compression = try Self.compression(headers[.contentEncoding])
        guard let text = headers[.contentType] else {
            form = .raw
            return
        }
        guard let type = HeaderParameters(text) else { throw Self.unsupported(text) }
        if type.value == "multipart/form-data" {
            guard let boundary = type.parameters["boundary"] else {
                throw GatewayError(
                    code: "multipart-malformed", message: "the Content-Type header names no boundary",
                    remedy: "let the HTTP client write the Content-Type header of a form itself")
            }
            form = .multipart(boundary: boundary)
        } else if Self.rawTypes.contains(type.value) {
            try Self.checkCharacterSet(type)
            form = .raw
            switch type.value {
            case "application/gzip", "application/x-gzip": compression = .gzip
            case "application/zstd": compression = .zstd
            default: break
            }
            fileName = headers[.contentDisposition].flatMap(HeaderParameters.init)?.parameters["filename"]
        } else {
            throw Self.unsupported(type.value)
        }
    }

    static func compression(_ encoding: String?) throws -> Compression? {
        switch encoding?.lowercased() {
        case nil, "", "identity": return nil
        case "gzip", "x-gzip": return .gzip
        case "zstd": return .zstd
        case .some(let other):
            throw GatewayError(
                code: "encoding-unsupported", message: "the Content-Encoding `\(other.prefix(64))` is not taken",
                remedy: "send the file plain, or compressed with gzip or zstd")
        }
    }

    /// CSV is UTF-8 here; US-ASCII is a part of it.
    static func checkCharacterSet(_ type: HeaderParameters) throws {
        guard let name = type.parameters["charset"]?.lowercased(), !["utf-8", "utf8", "us-ascii"].contains(name) else {
            return
        }
        throw GatewayError(
            code: "encoding-unsupported", message: "the character set `\(name.prefix(64))` is not taken",
            remedy: "convert the file to UTF-8 first, for example with iconv")
    }

    private static func unsupported(_ type: String) -> GatewayError {
        GatewayError(
            code: "media-type-unsupported", message: "an upload can't have the media type `\(type.prefix(64))`",
            remedy:
                "send the form part `file` (curl -F file=@FILE.csv), or the file as the body with Content-Type: text/csv"
        )
    }

    /// The name under which the file is shown: what the client gave, without folders, with the ending of its compression.
    /// - Throws: ``GatewayError`` `file-name-invalid`.
    static func shownName(_ name: String?, table: String, compression: Compression?, limits: GatewayLimits) throws
        -> String?
    {
        guard name != nil || compression != nil else { return nil }
        var shown = name ?? "\(table).csv"
        if let cut = shown.lastIndex(where: { $0 == "/" || $0 == "\\" }) {
            shown = String(shown[shown.index(after: cut)...])
        }
        if let ending = compression?.ending, !shown.lowercased().hasSuffix(ending) { shown += ending }
        guard shown.utf8.count <= limits.fileNameBytesMax,
            !shown.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else {
            throw GatewayError(
                code: "file-name-invalid",
                message: "the file name is longer than \(limits.fileNameBytesMax) bytes or holds control characters",
                remedy: "send a shorter, plain file name")
        }
        return shown.isEmpty ? nil : shown
    }
}

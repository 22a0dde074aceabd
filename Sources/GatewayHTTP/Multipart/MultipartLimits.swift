/// What one multipart body may hold at most, in bytes and counts.
struct MultipartLimits: Sendable, Hashable {
    var partsMax = 16
    var headersMax = 16
    var headerBytesMax = 8 << 10
    var preambleBytesMax = 64 << 10

    /// RFC 2046, section 5.1.1.
    static let boundaryBytesMax = 70

    init() {}

    init(_ limits: GatewayLimits) {
        partsMax = limits.multipartPartsMax
        headersMax = limits.multipartHeadersMax
        headerBytesMax = limits.multipartHeaderBytesMax
        preambleBytesMax = limits.multipartPreambleBytesMax
    }
}

/// The head of one part.
struct MultipartPart: Sendable, Hashable {
    /// The name of the form's field.
    var name: String
    /// As the client gave it; nothing to build a path from.
    var fileName: String?
    var contentType: String?
    /// `Content-Transfer-Encoding` in lower case, which RFC 7578 advises against.
    var transferEncoding: String?
    /// The part's first byte in the body.
    var byteOffset: Int
}

/// What one multipart body may hold at most, in bytes and counts.
package struct MultipartLimits: Sendable, Hashable {
    package var partsMax = 16
    /// Headers of one part.
    package var headersMax = 16
    /// Bytes of one part's header, and of the space behind a boundary.
    package var headerBytesMax = 8 << 10
    /// Bytes before the first boundary, which mean nothing.
    package var preambleBytesMax = 64 << 10

    /// RFC 2046, section 5.1.1.
    package static let boundaryBytesMax = 70

    package init() {}
}

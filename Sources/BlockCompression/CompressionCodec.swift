/// How a block of bytes is compressed.
package enum CompressionCodec: Sendable, Hashable {
    case none
    /// Levels -7...22; higher is smaller and slower.
    case zstd(level: Int)
    /// Levels 1...9, in the gzip container.
    case gzip(level: Int)
    /// Raw snappy blocks, without framing.
    case snappy

    /// The level that zstd itself takes by default.
    package static let zstdLevelDefault = 3
    /// zlib's own choice between size and time.
    package static let gzipLevelDefault = 6
}

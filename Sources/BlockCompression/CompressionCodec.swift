/// How a block of bytes is compressed.
package enum CompressionCodec: Sendable, Hashable {
    case none
    /// Levels -7...22; higher is smaller and slower.
    case zstd(level: Int)
    /// zstd made for plain numbers: a fast search for matches of four bytes with a hash table that stays in the first-level
    /// cache. It shrinks timestamps and shuffled ids more than level 1 does, and often more than level 3, in less time than
    /// that takes. Texts grow.
    case zstdNumbers
    /// Levels 1...9, in the gzip container.
    case gzip(level: Int)
    /// Raw snappy blocks, without framing.
    case snappy

    /// The level that zstd itself takes by default.
    package static let zstdLevelDefault = 3
    /// zlib's own choice between size and time.
    package static let gzipLevelDefault = 6
}

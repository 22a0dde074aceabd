internal import BlockCompression
internal import ByteKernels

/// How the blocks of a container file are compressed.
///
/// Source: Avro 1.11 specification, "Required Codecs" and "Optional Codecs".
package enum AvroCodec: String, Sendable, Hashable {
    case null
    /// Raw deflate (RFC 1951), without header or checksum.
    case deflate
    case zstandard
    /// A raw snappy block and the big-endian CRC-32 of what it holds.
    case snappy

    /// A balance for metadata, which is written once and read often, but waited for while it is written.
    package static let deflateLevel = 4
    package static let zstandardLevel = 3

    /// gzip's header as zlib writes it: magic, deflate, no name, no time.
    private static let gzipHeader: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
    /// CRC-32 and length.
    private static let gzipTrailerByteCount = 8

    /// Compresses one block.
    func compress(_ block: [UInt8]) throws -> [UInt8] {
        var output: [UInt8] = []
        switch self {
        case .null: return block
        case .deflate:
            // A gzip member is the deflate stream between a header and a trailer of fixed size.
            var compressor = Compressor(.gzip(level: Self.deflateLevel))
            try unsafe compressor.compress(block.span.bytes, into: &output)
            return Array(output[Self.gzipHeader.count..<output.count - Self.gzipTrailerByteCount])
        case .zstandard:
            var compressor = Compressor(.zstd(level: Self.zstandardLevel))
            try unsafe compressor.compress(block.span.bytes, into: &output)
        case .snappy:
            var compressor = Compressor(.snappy)
            try unsafe compressor.compress(block.span.bytes, into: &output)
            let checksum = unsafe CRC32.checksum(block.span.bytes)
            for shift: UInt32 in [24, 16, 8, 0] { output.append(UInt8(truncatingIfNeeded: checksum >> shift)) }
        }
        return output
    }

    /// Decompresses one block.
    /// - Throws: `CompressionError` for a damaged block or one that holds more than `byteCountMax` bytes.
    func decompress(_ block: ArraySlice<UInt8>, byteCountMax: Int) throws -> [UInt8] {
        switch self {
        case .null: return Array(block)
        case .deflate: return try Self.inflate(block, byteCountMax: byteCountMax)
        case .zstandard:
            var output: [UInt8] = []
            var decompressor = try StreamDecompressor(
                .zstd, limits: StreamDecompressor.Limits(outputBytesMax: byteCountMax, ratioMax: .max))
            try unsafe decompressor.push(block.span.bytes, into: &output)
            try decompressor.finish()
            return output
        case .snappy: return try Self.decompressSnappy(block, byteCountMax: byteCountMax)
        }
    }

    /// Bytes that writers leave behind the deflate stream: none, or what is left of the checksum of the zlib container
    /// that they cut it from. Python's Avro writers, PyIceberg's among them, leave three bytes of the four.
    private static let deflateExcess = [0, 3, 4, 1, 2]

    private static func inflate(_ block: ArraySlice<UInt8>, byteCountMax: Int) throws -> [UInt8] {
        for excess in deflateExcess where excess < block.count {
            do {
                return try inflateExactly(block.dropLast(excess), byteCountMax: byteCountMax)
            } catch let error as CompressionError where error.code == "decompression-bomb" {
                throw error
            } catch {
                if excess == deflateExcess.last { throw error }
            }
        }
        throw AvroError(.malformed, "a deflate block of \(block.count) bytes")
    }

    /// Steps: open a gzip member; pass the block through as its deflate stream; close the member with the checksum and
    /// length of what came out. When the block ends before or behind its deflate stream, the member does not close.
    private static func inflateExactly(_ block: ArraySlice<UInt8>, byteCountMax: Int) throws -> [UInt8] {
        var output: [UInt8] = []
        var decompressor = try StreamDecompressor(
            .gzip, limits: StreamDecompressor.Limits(outputBytesMax: byteCountMax))
        try unsafe decompressor.push(gzipHeader.span.bytes, into: &output)
        try unsafe decompressor.push(block.span.bytes, into: &output)
        let checksum = unsafe CRC32.checksum(output.span.bytes)
        let trailer = (0..<8).map { index in
            let word = index < 4 ? checksum : UInt32(truncatingIfNeeded: output.count)
            return UInt8(truncatingIfNeeded: word >> UInt32(8 * (index % 4)))
        }
        let byteCount = output.count
        try unsafe decompressor.push(trailer.span.bytes, into: &output)
        try decompressor.finish()
        guard output.count == byteCount else {
            throw AvroError(.malformed, "a deflate block that does not end where the block does")
        }
        return output
    }

    private static func decompressSnappy(_ block: ArraySlice<UInt8>, byteCountMax: Int) throws -> [UInt8] {
        guard block.count >= 5 else { throw AvroError(.malformed, "a snappy block without a checksum") }
        let data = block.dropLast(4)
        // The block starts with its decompressed size, 7 bits a byte.
        var byteCount = 0
        var shift = 0
        for byte in data.prefix(5) {
            byteCount |= Int(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 { break }
        }
        guard byteCount <= byteCountMax else {
            throw AvroError(.limitExceeded, "a snappy block of \(byteCount) bytes (blockBytesMax is \(byteCountMax))")
        }
        var decompressor = Decompressor(.snappy)
        let output = try unsafe decompressor.decompress(data.span.bytes, expectedByteCount: byteCount)
        let expected = block.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard unsafe CRC32.checksum(output.span.bytes) == expected else {
            throw AvroError(.malformed, "a snappy block whose checksum does not fit")
        }
        return output
    }
}

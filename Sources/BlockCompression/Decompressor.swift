internal import CSnappy
internal import CZlib
internal import CZstd

/// Decompresses blocks whose size is announced, with contexts that are made once and reused. One a thread.
@safe package struct Decompressor: ~Copyable, @unchecked Sendable {
    // Sendable: the context has one owner and moves with it.

    /// The largest block that is made: announced sizes come from files that anybody may have written.
    package static let blockBytesMax = 1 << 30

    /// The codec of the next block; the level does not matter.
    package var codec: CompressionCodec
    private var zstd: OpaquePointer?

    package init(_ codec: CompressionCodec) { self.codec = codec }

    deinit {
        if let zstd = unsafe zstd { unsafe ZSTD_freeDCtx(zstd) }
    }

    /// The decompressed bytes.
    /// - Throws: ``CompressionError`` when the block is malformed or has another size than announced.
    package mutating func decompress(_ bytes: RawSpan, expectedByteCount: Int) throws -> [UInt8] {
        guard expectedByteCount >= 0, expectedByteCount <= Self.blockBytesMax else {
            throw CompressionError.bomb(
                "a block announces \(expectedByteCount) bytes, the limit is \(Self.blockBytesMax)", byteOffset: 0)
        }
        return try unsafe [UInt8](unsafeUninitializedCapacity: expectedByteCount) { buffer, count in
            try unsafe decompress(
                bytes,
                into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: expectedByteCount))
            count = expectedByteCount
        }
    }

    /// Decompresses into `output`, which the block must fill exactly.
    /// - Throws: ``CompressionError`` when the block is malformed or has another size.
    package mutating func decompress(_ bytes: RawSpan, into output: UnsafeMutableRawBufferPointer) throws {
        switch codec {
        case .none:
            guard bytes.byteCount == output.count else {
                throw CompressionError.wrongSize(expected: output.count, "uncompressed")
            }
            unsafe bytes.withUnsafeBytes { unsafe output.copyMemory(from: $0) }
        case .zstd, .zstdNumbers: try unsafe decompressZstd(bytes, into: output)
        case .gzip: try unsafe inflateBlock(bytes, into: output)
        case .snappy: try unsafe decompressSnappy(bytes, into: output)
        }
    }

    private mutating func decompressZstd(_ bytes: RawSpan, into output: UnsafeMutableRawBufferPointer) throws {
        if unsafe zstd == nil { unsafe zstd = ZSTD_createDCtx() }
        guard let context = unsafe zstd else { throw CompressionError.library("zstd", "no memory for a context") }
        let written = unsafe bytes.withUnsafeBytes { source in
            unsafe ZSTD_decompressDCtx(
                context, output.baseAddress, output.count, source.baseAddress, source.count)
        }
        if ZSTD_isError(written) != 0 {
            throw CompressionError.malformed("zstd", unsafe String(cString: ZSTD_getErrorName(written)))
        }
        guard written == output.count else { throw CompressionError.wrongSize(expected: output.count, "zstd") }
    }

    private func decompressSnappy(_ bytes: RawSpan, into output: UnsafeMutableRawBufferPointer) throws {
        try unsafe bytes.withUnsafeBytes { source in
            let input = unsafe source.assumingMemoryBound(to: CChar.self)
            var announced = 0
            guard unsafe snappy_uncompressed_length(input.baseAddress, input.count, &announced) == SNAPPY_OK else {
                throw CompressionError.malformed("snappy", "no length in front")
            }
            guard announced == output.count else {
                throw CompressionError.wrongSize(expected: output.count, "snappy")
            }
            var written = announced
            let target = unsafe output.assumingMemoryBound(to: CChar.self).baseAddress
            if announced == 0 { return }
            guard unsafe snappy_uncompress(input.baseAddress, input.count, target, &written) == SNAPPY_OK,
                written == announced
            else { throw CompressionError.malformed("snappy", "a copy or literal passes the end") }
        }
    }

    /// One gzip or zlib stream, or several gzip members one behind the other.
    private func inflateBlock(_ bytes: RawSpan, into output: UnsafeMutableRawBufferPointer) throws {
        let stream = try unsafe Zlib.makeInflater()
        defer { unsafe Zlib.free(inflater: stream) }
        var consumed = 0
        var written = 0
        // A byte more than fits tells a block that is too long from one that fits.
        var excess: UInt8 = 0
        while true {
            let piece = min(bytes.byteCount - consumed, Int(Int32.max))
            let room = min(output.count - written, Int(Int32.max))
            let status = unsafe bytes.withUnsafeBytes { source in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: source.assumingMemoryBound(to: UInt8.self).baseAddress.map { unsafe $0 + consumed })
                unsafe stream.pointee.avail_in = UInt32(piece)
                if room > 0 {
                    unsafe stream.pointee.next_out =
                        output.assumingMemoryBound(to: UInt8.self).baseAddress.map { unsafe $0 + written }
                    unsafe stream.pointee.avail_out = UInt32(room)
                    return unsafe inflate(stream, Z_NO_FLUSH)
                }
                return unsafe withUnsafeMutablePointer(to: &excess) { spare in
                    unsafe stream.pointee.next_out = spare
                    unsafe stream.pointee.avail_out = 1
                    return unsafe inflate(stream, Z_NO_FLUSH)
                }
            }
            if room == 0, unsafe stream.pointee.avail_out == 0 {
                throw CompressionError.wrongSize(expected: output.count, "gzip")
            }
            let taken = piece - Int(unsafe stream.pointee.avail_in)
            let made = room == 0 ? 0 : room - Int(unsafe stream.pointee.avail_out)
            consumed += taken
            written += made
            if status == Z_STREAM_END {
                if consumed == bytes.byteCount { break }
                unsafe inflateReset(stream)
            } else if status != Z_OK || (taken == 0 && made == 0) {
                throw CompressionError.malformed("gzip", "inflate returned \(status)", byteOffset: consumed)
            }
        }
        guard written == output.count else { throw CompressionError.wrongSize(expected: output.count, "gzip") }
    }
}

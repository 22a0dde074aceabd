internal import CSnappy
internal import CZlib
internal import CZstd

/// Compresses blocks with contexts that are made once and reused. One a thread.
@safe package struct Compressor: ~Copyable, @unchecked Sendable {
    // Sendable: the contexts have one owner and move with it.

    /// The codec of the next block; changing it keeps the contexts.
    package var codec: CompressionCodec
    private var zstd: OpaquePointer?
    private var gzip: UnsafeMutablePointer<z_stream>?
    private var gzipLevel = 0

    package init(_ codec: CompressionCodec) { self.codec = codec }

    deinit {
        if let zstd = unsafe zstd { unsafe ZSTD_freeCCtx(zstd) }
        if let gzip = unsafe gzip {
            unsafe deflateEnd(gzip)
            unsafe gzip.deallocate()
        }
    }

    /// The most bytes that `byteCount` bytes take compressed.
    package func compressedByteCountMax(_ byteCount: Int) -> Int {
        switch codec {
        case .none: byteCount
        case .zstd, .zstdNumbers: ZSTD_compressBound(byteCount)
        // deflate stores what it cannot shrink: 5 bytes each 16 KiB block, and the container's 18.
        case .gzip: byteCount + byteCount / 1000 + 64
        case .snappy: snappy_max_compressed_length(byteCount)
        }
    }

    /// Appends the compressed form of `bytes` to `output`.
    /// - Throws: ``CompressionError`` when the library has no memory or no such level.
    package mutating func compress(_ bytes: RawSpan, into output: inout [UInt8]) throws {
        let bound = compressedByteCountMax(bytes.byteCount)
        // Taken out of `self`, which the closure must not touch twice.
        var written = 0
        let block = try unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            written = try unsafe compress(bytes, into: UnsafeMutableRawBufferPointer(buffer))
            count = written
        }
        output += block
    }

    /// Compresses `bytes` into `output`, which has room for ``compressedByteCountMax(_:)``.
    /// - Returns: the bytes written.
    /// - Throws: ``CompressionError`` when the library has no memory or no such level.
    package mutating func compress(_ bytes: RawSpan, into output: UnsafeMutableRawBufferPointer) throws -> Int {
        let codec = codec
        switch codec {
        case .none:
            precondition(output.count >= bytes.byteCount)
            unsafe bytes.withUnsafeBytes { unsafe output.copyMemory(from: $0) }
            return bytes.byteCount
        case .zstd(let level):
            let context = try unsafe zstdContext()
            let written = unsafe bytes.withUnsafeBytes { source in
                unsafe ZSTD_compressCCtx(
                    context, output.baseAddress, output.count, source.baseAddress, source.count, Int32(level))
            }
            if ZSTD_isError(written) != 0 {
                throw CompressionError.library("zstd", unsafe String(cString: ZSTD_getErrorName(written)))
            }
            return written
        case .zstdNumbers:
            return try unsafe compressNumbers(bytes, into: output)
        case .gzip(let level):
            return try unsafe deflateBlock(bytes, into: output, level: level)
        case .snappy:
            var written = output.count
            let status = unsafe bytes.withUnsafeBytes { source in
                unsafe snappy_compress(
                    source.assumingMemoryBound(to: CChar.self).baseAddress, source.count,
                    output.assumingMemoryBound(to: CChar.self).baseAddress, &written)
            }
            guard status == SNAPPY_OK else { throw CompressionError.library("snappy", "status \(status.rawValue)") }
            return written
        }
    }

    /// Entries of the hash table as a power of two: 8 KiB, a quarter of the first-level cache.
    private static let numbersHashLog: Int32 = 11
    /// Half of a number, because the upper halves are often alike while whole ones are not.
    private static let numbersMatchBytesMin: Int32 = 4

    private mutating func compressNumbers(_ bytes: RawSpan, into output: UnsafeMutableRawBufferPointer) throws -> Int {
        let context = try unsafe zstdContext()
        var status = unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)
        let parameters = [
            (ZSTD_c_strategy, Int32(bitPattern: ZSTD_fast.rawValue)), (ZSTD_c_hashLog, Self.numbersHashLog),
            (ZSTD_c_minMatch, Self.numbersMatchBytesMin),
        ]
        for (parameter, value) in parameters where ZSTD_isError(status) == 0 {
            status = unsafe ZSTD_CCtx_setParameter(context, parameter, value)
        }
        if ZSTD_isError(status) == 0 {
            status = unsafe bytes.withUnsafeBytes { source in
                unsafe ZSTD_compress2(context, output.baseAddress, output.count, source.baseAddress, source.count)
            }
        }
        if ZSTD_isError(status) != 0 {
            throw CompressionError.library("zstd", unsafe String(cString: ZSTD_getErrorName(status)))
        }
        return status
    }

    private mutating func zstdContext() throws -> OpaquePointer {
        if let zstd = unsafe zstd { return unsafe zstd }
        guard let made = unsafe ZSTD_createCCtx() else {
            throw CompressionError.library("zstd", "no memory for a context")
        }
        unsafe zstd = made
        return unsafe made
    }

    private mutating func deflateBlock(
        _ bytes: RawSpan, into output: UnsafeMutableRawBufferPointer, level: Int
    ) throws -> Int {
        let stream = try unsafe gzipStream(level: level)
        var written = 0
        var consumed = 0
        // zlib counts in 32 bits: long blocks go in pieces.
        while true {
            let piece = min(bytes.byteCount - consumed, Int(Int32.max))
            let room = min(output.count - written, Int(Int32.max))
            let isLast = consumed + piece == bytes.byteCount
            let status = unsafe bytes.withUnsafeBytes { source in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: source.assumingMemoryBound(to: UInt8.self).baseAddress.map { unsafe $0 + consumed })
                unsafe stream.pointee.avail_in = UInt32(piece)
                unsafe stream.pointee.next_out =
                    output.assumingMemoryBound(to: UInt8.self).baseAddress.map { unsafe $0 + written }
                unsafe stream.pointee.avail_out = UInt32(room)
                return unsafe deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            }
            consumed += piece - Int(unsafe stream.pointee.avail_in)
            written += room - Int(unsafe stream.pointee.avail_out)
            if status == Z_STREAM_END { return written }
            guard status == Z_OK, written < output.count else {
                throw CompressionError.library("gzip", "deflate returned \(status)")
            }
        }
    }

    private mutating func gzipStream(level: Int) throws -> UnsafeMutablePointer<z_stream> {
        if let stream = unsafe gzip, gzipLevel == level {
            unsafe deflateReset(stream)
            return unsafe stream
        }
        if let stream = unsafe gzip {
            unsafe deflateEnd(stream)
            unsafe stream.deallocate()
            unsafe gzip = nil
        }
        let stream = try unsafe Zlib.makeDeflater(level: level, windowBits: MAX_WBITS + Zlib.gzipContainer)
        unsafe gzip = stream
        gzipLevel = level
        return unsafe stream
    }
}

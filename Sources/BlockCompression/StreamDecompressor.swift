internal import CZlib
internal import CZstd

/// Decompresses a gzip or zstd stream piece by piece, members and frames one behind the other included.
///
/// Both the bytes made and their ratio to the bytes taken are capped, so that a small upload cannot fill a disk.
@safe package struct StreamDecompressor: ~Copyable, @unchecked Sendable {
    // Sendable: the contexts have one owner and move with it.

    package enum Format: Sendable, Hashable {
        case gzip, zstd

        /// The format whose magic number `prefix` starts with, `nil` for anything else.
        package static func detect(_ prefix: RawSpan) -> Format? {
            func byte(_ index: Int) -> UInt8 { unsafe prefix.unsafeLoad(fromByteOffset: index, as: UInt8.self) }
            if prefix.byteCount >= 3, byte(0) == 0x1F, byte(1) == 0x8B, byte(2) == 8 { return .gzip }
            if prefix.byteCount >= 4, byte(0) == 0x28, byte(1) == 0xB5, byte(2) == 0x2F, byte(3) == 0xFD {
                return .zstd
            }
            return nil
        }
    }

    package struct Limits: Sendable, Hashable {
        /// The most bytes that may come out.
        package var outputBytesMax: Int
        /// The most bytes that may come out for each byte that went in.
        package var ratioMax: Int
        /// Below this many bytes out the ratio is not looked at: short streams of equal bytes shrink a lot.
        package var ratioGraceBytes: Int
        /// The largest window that a zstd frame may ask for, as a power of two.
        package var windowLogMax: Int

        /// 1 TiB.
        package static let outputBytesMaxDefault = 1 << 40
        /// deflate cannot pass 1,032, so that gzip never fails by this limit alone; CSV shrinks 3 to 30 times.
        package static let ratioMaxDefault = 1100
        /// 16 MiB.
        package static let ratioGraceBytesDefault = 16 << 20
        /// 128 MiB, what the zstd command line accepts without an option.
        package static let windowLogMaxDefault = 27

        package init(
            outputBytesMax: Int = outputBytesMaxDefault, ratioMax: Int = ratioMaxDefault,
            ratioGraceBytes: Int = ratioGraceBytesDefault, windowLogMax: Int = windowLogMaxDefault
        ) {
            self.outputBytesMax = outputBytesMax
            self.ratioMax = ratioMax
            self.ratioGraceBytes = ratioGraceBytes
            self.windowLogMax = windowLogMax
        }
    }

    /// Bytes that one step makes at most.
    static let stepBytes = 1 << 18

    package let format: Format
    package let limits: Limits
    /// Compressed bytes taken so far.
    package private(set) var inputByteCount = 0
    /// Bytes made so far.
    package private(set) var outputByteCount = 0
    /// Whether the bytes so far end with a whole member or frame.
    package private(set) var isAtBoundary = true
    private var zstd: OpaquePointer?
    private var gzip: UnsafeMutablePointer<z_stream>?
    /// Whether at least one member or frame was whole.
    private var hasFinishedOne = false
    /// Only zeros have come since the last gzip member: padding of tapes and block devices.
    private var isInPadding = false

    package init(_ format: Format, limits: Limits = Limits()) throws {
        self.format = format
        self.limits = limits
        switch format {
        case .gzip: unsafe gzip = try unsafe Zlib.makeInflater()
        case .zstd:
            guard let context = unsafe ZSTD_createDCtx() else {
                throw CompressionError.library("zstd", "no memory for a context")
            }
            let status = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(limits.windowLogMax))
            if ZSTD_isError(status) != 0 {
                unsafe ZSTD_freeDCtx(context)
                throw CompressionError.library("zstd", "a window of 2^\(limits.windowLogMax) bytes is not supported")
            }
            unsafe zstd = context
        }
    }

    deinit {
        if let zstd = unsafe zstd { unsafe ZSTD_freeDCtx(zstd) }
        if let gzip = unsafe gzip { unsafe Zlib.free(inflater: gzip) }
    }

    /// Decompresses all of `input` and hands the result to `emit` in pieces of at most 256 KiB.
    ///
    /// The output is never collected here, so memory stays bounded however far the input expands.
    /// - Throws: ``CompressionError`` (`compressed-malformed`, `decompression-bomb`), or what `emit` throws.
    package mutating func push(_ input: RawSpan, emit: (RawSpan) throws -> Void) throws {
        try unsafe withUnsafeTemporaryAllocation(byteCount: Self.stepBytes, alignment: 16) { buffer in
            var position = 0
            while true {
                let rest = input.extracting(position..<input.byteCount)
                let step = try format == .gzip ? unsafe inflateStep(rest, buffer) : unsafe zstdStep(rest, buffer)
                position += step.consumed
                inputByteCount += step.consumed
                outputByteCount += step.produced
                try checkLimits()
                if step.produced > 0 {
                    try emit(
                        unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<step.produced])))
                }
                // A full buffer may leave output behind in the context even when all input is taken.
                if position == input.byteCount && step.produced < Self.stepBytes { return }
                if step.consumed == 0 && step.produced == 0 {
                    throw CompressionError.malformed("\(format)", "no progress", byteOffset: inputByteCount)
                }
            }
        }
    }

    /// Decompresses all of `input` and appends the result.
    /// - Throws: as ``push(_:emit:)``.
    package mutating func push(_ input: RawSpan, into output: inout [UInt8]) throws {
        try push(input) { piece in unsafe piece.withUnsafeBytes { unsafe output.append(contentsOf: $0) } }
    }

    /// States that no more input comes.
    /// - Throws: ``CompressionError`` (`compressed-truncated`) inside a member or frame, or when there was none.
    package consuming func finish() throws {
        guard isAtBoundary, hasFinishedOne else {
            throw CompressionError.truncated("\(format)", byteOffset: inputByteCount)
        }
    }

    private func checkLimits() throws {
        if outputByteCount > limits.outputBytesMax {
            throw CompressionError.bomb(
                "the stream decompresses to more than \(limits.outputBytesMax) bytes", byteOffset: inputByteCount)
        }
        if outputByteCount > limits.ratioGraceBytes, outputByteCount / limits.ratioMax > inputByteCount {
            throw CompressionError.bomb(
                "\(inputByteCount) bytes became \(outputByteCount), more than \(limits.ratioMax) times as many",
                byteOffset: inputByteCount)
        }
    }

    private typealias Step = (consumed: Int, produced: Int)

    private mutating func zstdStep(_ input: RawSpan, _ buffer: UnsafeMutableRawBufferPointer) throws -> Step {
        let context = unsafe zstd
        var target = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        var consumed = 0
        let status = unsafe input.withUnsafeBytes { bytes in
            var source = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
            let status = unsafe ZSTD_decompressStream(context, &target, &source)
            consumed = unsafe source.pos
            return status
        }
        if ZSTD_isError(status) != 0 {
            throw CompressionError.malformed(
                "zstd", unsafe String(cString: ZSTD_getErrorName(status)), byteOffset: inputByteCount)
        }
        if status == 0 {
            isAtBoundary = true
            hasFinishedOne = true
        } else if unsafe consumed > 0 || target.pos > 0 {
            isAtBoundary = false
        }
        return (consumed, unsafe target.pos)
    }

    private mutating func inflateStep(_ input: RawSpan, _ buffer: UnsafeMutableRawBufferPointer) throws -> Step {
        guard let stream = unsafe gzip else { preconditionFailure("an inflater exists for gzip") }
        if isAtBoundary && hasFinishedOne {
            let zeros = leadingZeros(input)
            if zeros > 0 || input.byteCount == 0 {
                isInPadding = isInPadding || zeros > 0
                return (zeros, 0)
            }
            if isInPadding {
                throw CompressionError.malformed("gzip", "data behind the padding", byteOffset: inputByteCount)
            }
        }
        let piece = min(input.byteCount, Int(Int32.max))
        let status = unsafe input.withUnsafeBytes { bytes in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
            unsafe stream.pointee.avail_in = UInt32(piece)
            unsafe stream.pointee.next_out = buffer.assumingMemoryBound(to: UInt8.self).baseAddress
            unsafe stream.pointee.avail_out = UInt32(buffer.count)
            return unsafe inflate(stream, Z_NO_FLUSH)
        }
        let consumed = piece - Int(unsafe stream.pointee.avail_in)
        let produced = buffer.count - Int(unsafe stream.pointee.avail_out)
        switch status {
        case Z_STREAM_END:
            unsafe inflateReset(stream)
            isAtBoundary = true
            hasFinishedOne = true
        case Z_OK:
            isAtBoundary = false
        case Z_BUF_ERROR:
            break
        default:
            let detail = unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "inflate returned \(status)"
            throw CompressionError.malformed("gzip", detail, byteOffset: inputByteCount + consumed)
        }
        return (consumed, produced)
    }

    private func leadingZeros(_ input: RawSpan) -> Int {
        var count = 0
        while count < input.byteCount {
            let byte = unsafe input.unsafeLoad(fromByteOffset: count, as: UInt8.self)
            if byte != 0 { break }
            count += 1
        }
        return count
    }
}

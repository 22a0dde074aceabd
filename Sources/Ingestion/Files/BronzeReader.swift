import BlockCompression
import LakeModel

/// Reads a bronze object from its start, decompressed, block by block.
///
/// `@unchecked Sendable`: one load reads at a time.
final class BronzeReader: @unchecked Sendable {
    private let source: any RandomAccessSource
    private let blockBytes: Int
    private let format: StreamDecompressor.Format?
    private var decompressor: StreamDecompressor?
    /// Bytes of the object that have been read, compressed as it lies.
    private(set) var offset = 0
    /// Compressed bytes that are read; those from `sliceStart` on wait to be decompressed.
    private var compressed: [UInt8] = []
    private var sliceStart = 0

    var byteCount: Int { source.byteCount }

    init(_ source: any RandomAccessSource, limits: IngestionLimits) throws {
        self.source = source
        blockBytes = limits.readBytes
        let head = try source.read(offset: 0, count: min(Self.headBytes, source.byteCount))
        format = unsafe StreamDecompressor.Format.detect(head.span.bytes)
        if let format {
            decompressor = try StreamDecompressor(
                format, limits: StreamDecompressor.Limits(outputBytesMax: limits.decompressedBytesMax))
        }
    }

    private static let headBytes = 16

    /// Compressed bytes that are decompressed together. They make 32 MiB at most: four bytes of zstd can stand for 128 KiB.
    private static let sliceBytes = 1 << 10

    /// The next bytes, at least one; `nil` at the end.
    /// - Throws: storage errors; ``UnreadableBytes`` for a compressed object that is damaged or ends too early.
    func next() throws -> [UInt8]? {
        if decompressor == nil { return try block() }
        var output: [UInt8] = []
        do {
            while output.count < blockBytes {
                if sliceStart == compressed.count {
                    guard let block = try block() else {
                        try decompressor.take()?.finish()
                        break
                    }
                    compressed = block
                    sliceStart = 0
                }
                let end = min(sliceStart + Self.sliceBytes, compressed.count)
                unsafe try decompressor?.push(compressed.span.extracting(sliceStart..<end).bytes, into: &output)
                sliceStart = end
            }
        } catch let error as CompressionError {
            throw UnreadableBytes(cause: error)
        }
        return output.isEmpty ? nil : output
    }

    private func block() throws -> [UInt8]? {
        let count = min(blockBytes, source.byteCount - offset)
        if count == 0 { return nil }
        let block = try source.read(offset: offset, count: count)
        offset += count
        return block
    }

    /// Whether ``read(into:)`` may be called: the object lies as it is, not compressed.
    var isPlain: Bool { format == nil }

    /// Reads the next bytes straight into memory of the caller's.
    /// - Returns: how many, 0 at the end.
    /// - Throws: storage errors.
    func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        precondition(isPlain)
        let count = min(target.count, source.byteCount - offset)
        if count == 0 { return 0 }
        try unsafe source.read(offset: offset, into: UnsafeMutableRawBufferPointer(rebasing: target[..<count]))
        offset += count
        return count
    }

    /// Bytes that are asked for at once.
    var readBytes: Int { blockBytes }

    /// Whether everything has been read.
    var isAtEnd: Bool { offset == source.byteCount && decompressor == nil }
}

/// A compressed upload that cannot be decompressed. It has a type of its own because the same error from one of the lake's
/// files is not the upload's fault.
struct UnreadableBytes: Error {
    let cause: CompressionError
}

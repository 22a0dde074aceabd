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
    private var isEnded = false

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

    /// The next bytes, at least one; `nil` at the end.
    /// - Throws: storage and decompression errors; a compressed object that ends too early is one.
    func next() throws -> [UInt8]? {
        while !isEnded {
            let count = min(blockBytes, source.byteCount - offset)
            if count == 0 {
                isEnded = true
                try decompressor.take()?.finish()
                return nil
            }
            let block = try source.read(offset: offset, count: count)
            offset += count
            guard decompressor != nil else { return block }
            var output: [UInt8] = []
            unsafe try decompressor?.push(block.span.bytes, into: &output)
            if !output.isEmpty { return output }
        }
        return nil
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

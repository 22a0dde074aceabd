import BlockCompression
import LakeModel

/// Damaged compressed blocks and streams: what comes out keeps to the limits, or an error of the target does.
package struct CompressionTarget: FuzzTarget {
    package static let name = "compression"

    private static let codecs: [CompressionCodec] = [.none, .snappy, .zstd(level: 1), .gzip(level: 1)]
    private static let outputBytesMax = 1 << 20

    private let mutator = Mutator()

    package init() {}

    package mutating func runOnce(_ random: inout FuzzRandom) throws {
        let piece = random.bytes(1 + random.below(40))
        var plain: [UInt8] = []
        for _ in 0..<random.below(60) { plain += random.oneIn(4) ? random.bytes(9) : piece }
        let codec = random.pick(Self.codecs)
        var compressor = Compressor(codec)
        var packed: [UInt8] = []
        try unsafe compressor.compress(plain.span.bytes, into: &packed)
        try checkWhole(plain, packed, codec, &random)
        mutator.mutate(&packed, other: packed, using: &random)
        do {
            var decompressor = Decompressor(codec)
            let count = random.oneIn(4) ? random.below(1 << 12) : plain.count
            let found = try unsafe decompressor.decompress(packed.span.bytes, expectedByteCount: count)
            try require(found.count == count, "\(found.count) bytes where \(count) were announced", packed)
        } catch let error as any LakeError {
            try require(error is CompressionError, "an error of another target: \(error)", packed)
        }
        if let format = unsafe StreamDecompressor.Format.detect(packed.span.bytes) {
            try checkStream(format, packed, &random)
        }
    }

    private func checkWhole(
        _ plain: [UInt8], _ packed: [UInt8], _ codec: CompressionCodec, _ random: inout FuzzRandom
    ) throws {
        var decompressor = Decompressor(codec)
        let found = try unsafe decompressor.decompress(packed.span.bytes, expectedByteCount: plain.count)
        try require(found == plain, "\(codec) reads back otherwise", packed)
        guard codec != .none, codec != .snappy, let format = unsafe StreamDecompressor.Format.detect(packed.span.bytes)
        else {
            return
        }
        var stream = try StreamDecompressor(format)
        var output: [UInt8] = []
        let cut = random.below(packed.count + 1)
        for part in [Array(packed[..<cut]), Array(packed[cut...])] {
            try unsafe stream.push(part.span.bytes, into: &output)
        }
        try stream.finish()
        try require(output == plain, "\(format) reads back otherwise, cut at \(cut)", packed)
    }

    private func checkStream(
        _ format: StreamDecompressor.Format, _ packed: [UInt8], _ random: inout FuzzRandom
    ) throws {
        var produced = 0
        do {
            let limits = StreamDecompressor.Limits(outputBytesMax: Self.outputBytesMax, windowLogMax: 20)
            var stream = try StreamDecompressor(format, limits: limits)
            let cut = random.below(packed.count + 1)
            for part in [Array(packed[..<cut]), Array(packed[cut...])] {
                try unsafe stream.push(part.span.bytes) { produced += $0.byteCount }
            }
            try stream.finish()
        } catch let error as any LakeError {
            try require(error is CompressionError, "an error of another target: \(error)", packed)
        }
        try require(produced <= Self.outputBytesMax, "\(produced) bytes came out", packed)
    }
}

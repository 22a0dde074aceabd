import BlockCompression
import LakeTesting
import Testing

@Suite struct CompressorTests {
    @Test(arguments: [CompressionCodec.none, .zstd(level: 1), .zstd(level: 19), .zstdNumbers, .gzip(level: 6), .snappy])
    func `a block comes back`(codec: CompressionCodec) throws {
        var random = SeededRandom(purpose: "block")
        var compressor = Compressor(codec)
        var decompressor = Decompressor(codec)
        for count in [0, 1, 100, 70_000, 1_000_000] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...20, using: &random) }
            var output: [UInt8] = [7]
            try unsafe compressor.compress(bytes.span.bytes, into: &output)
            #expect(output[0] == 7)
            output.removeFirst()
            let found = try unsafe decompressor.decompress(output.span.bytes, expectedByteCount: bytes.count)
            #expect(found == bytes)
        }
    }

    @Test(arguments: [CompressionCodec.none, .zstd(level: 1), .gzip(level: 1), .snappy])
    func `a block of another size than announced is refused`(codec: CompressionCodec) throws {
        let bytes = [UInt8](repeating: 7, count: 1000)
        var compressor = Compressor(codec)
        var output: [UInt8] = []
        try unsafe compressor.compress(bytes.span.bytes, into: &output)
        for size in [0, 1, 999, 1001, 5000] {
            var decompressor = Decompressor(codec)
            #expect(throws: CompressionError.self) {
                try unsafe decompressor.decompress(output.span.bytes, expectedByteCount: size)
            }
        }
        var decompressor = Decompressor(codec)
        #expect(throws: CompressionError.self) {
            try unsafe decompressor.decompress(output.span.bytes, expectedByteCount: Decompressor.blockBytesMax + 1)
        }
    }

    @Test func `levels can change from block to block`() throws {
        var random = SeededRandom(purpose: "levels")
        let bytes = (0..<100_000).map { _ in UInt8.random(in: 0...9, using: &random) }
        var compressor = Compressor(.gzip(level: 1))
        for codec in [CompressionCodec.gzip(level: 1), .gzip(level: 9), .zstd(level: 19), .zstd(level: -3), .snappy] {
            compressor.codec = codec
            var output: [UInt8] = []
            try unsafe compressor.compress(bytes.span.bytes, into: &output)
            var decompressor = Decompressor(codec)
            let found = try unsafe decompressor.decompress(output.span.bytes, expectedByteCount: bytes.count)
            #expect(found == bytes)
        }
    }
}

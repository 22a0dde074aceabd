import BlockCompression
import LakeTesting
import Testing

@Suite struct CompressorTests {
    @Test(arguments: [CompressionCodec.none, .zstd(level: 1), .zstd(level: 19), .gzip(level: 6), .snappy])
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
}

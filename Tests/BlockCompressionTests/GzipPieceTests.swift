import BlockCompression
import LakeTesting
import Testing

@Suite struct GzipPieceTests {
    private func unpacked(_ file: [UInt8]) throws -> [UInt8] {
        var output: [UInt8] = []
        var decompressor = try StreamDecompressor(.gzip, limits: StreamDecompressor.Limits(outputBytesMax: 1 << 30))
        try unsafe decompressor.push(file.span.bytes, into: &output)
        try decompressor.finish()
        return output
    }

    @Test func `pieces behind each other are one file, whatever is between them`() throws {
        var random = SeededRandom(purpose: "gzip pieces")
        var writer = try GzipPiece.Writer()
        for _ in 0..<50 {
            var contents: [UInt8] = []
            var pieces: [GzipPiece] = []
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let alphabet = UInt8.random(in: 0...255, using: &random)
                let bytes = (0..<Int.random(in: 0...40_000, using: &random)).map { _ in
                    UInt8.random(in: 0...alphabet, using: &random)
                }
                let piece = try unsafe writer.piece(bytes.span.bytes)
                #expect(piece.unpackedByteCount == bytes.count)
                // Any piece may come again.
                let times = Int.random(in: 1...2, using: &random)
                for _ in 0..<times {
                    pieces.append(piece)
                    contents += bytes
                }
            }
            let file = GzipPiece.file(pieces)
            // A gzip file of one member: its trailer tells the length of all.
            let length = file.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            #expect(length == contents.count)
            #expect(try unpacked(file) == contents)
        }
    }

    @Test func `a piece of a repetitive text is small`() throws {
        var writer = try GzipPiece.Writer()
        let text = Array(String(repeating: "snapshot ", count: 10_000).utf8)
        #expect(try unsafe writer.piece(text.span.bytes).bytes.count < text.count / 50)
    }

    @Test func `a file with a wrong byte is noticed`() throws {
        var writer = try GzipPiece.Writer()
        var file = GzipPiece.file([try unsafe writer.piece(Array("metadata".utf8).span.bytes)])
        file[file.count - 8] ^= 1
        #expect(throws: CompressionError.self) { try unpacked(file) }
    }
}

import BlockCompression
import LakeTesting
import Testing

@Suite struct StreamDecompressorTests {
    typealias Format = StreamDecompressor.Format

    static func codec(_ format: Format) -> CompressionCodec {
        format == .gzip ? .gzip(level: 6) : .zstd(level: 3)
    }

    static func compress(_ bytes: [UInt8], _ format: Format) throws -> [UInt8] {
        var compressor = Compressor(codec(format))
        var output: [UInt8] = []
        try unsafe compressor.compress(bytes.span.bytes, into: &output)
        return output
    }

    /// Pushes `bytes` in pieces and finishes.
    static func decompress(
        _ bytes: [UInt8], _ format: Format, piece: Int, limits: StreamDecompressor.Limits = .init()
    ) throws -> [UInt8] {
        var stream = try StreamDecompressor(format, limits: limits)
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            let part = Array(bytes[start..<min(start + piece, bytes.count)])
            try unsafe stream.push(part.span.bytes, into: &output)
        }
        try stream.finish()
        return output
    }

    static func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch { return (error as? CompressionError)?.code }
    }

    static func text(_ random: inout SeededRandom, _ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 97...110, using: &random) }
    }

    @Test(arguments: [Format.gzip, .zstd])
    func `members one behind the other come out as one, whatever the pieces`(format: Format) throws {
        var random = SeededRandom(purpose: "members of \(format)")
        let parts = [Self.text(&random, 5000), [], Self.text(&random, 1), Self.text(&random, 700_000)]
        let whole = try parts.flatMap { try Self.compress($0, format) }
        for piece in [1, 7, 4096, whole.count] {
            #expect(try Self.decompress(whole, format, piece: piece) == parts.flatMap { $0 })
        }
        #expect(unsafe Format.detect(whole.span.bytes) == format)
    }

    @Test(arguments: [Format.gzip, .zstd])
    func `a stream cut anywhere is truncated`(format: Format) throws {
        var random = SeededRandom(purpose: "cut \(format)")
        let first = try Self.compress(Self.text(&random, 300), format)
        let whole = first + (try Self.compress(Self.text(&random, 200), format))
        for count in 0..<whole.count where count != first.count {
            let code = Self.code { _ = try Self.decompress(Array(whole[..<count]), format, piece: 50) }
            #expect(code == "compressed-truncated", "cut at \(count)")
        }
        #expect(Self.code { _ = try Self.decompress(first, format, piece: 50) } == nil)
    }

    @Test(arguments: [Format.gzip, .zstd])
    func `a bomb is stopped by ratio and by size`(format: Format) throws {
        let bomb = try Self.compress([UInt8](repeating: 48, count: 64 << 20), format)
        var limits = StreamDecompressor.Limits(ratioMax: 200, ratioGraceBytes: 1 << 20)
        #expect(Self.code { _ = try Self.decompress(bomb, format, piece: 512, limits: limits) } == "decompression-bomb")
        limits = StreamDecompressor.Limits(outputBytesMax: 1 << 20, ratioMax: 1 << 40)
        #expect(Self.code { _ = try Self.decompress(bomb, format, piece: 512, limits: limits) } == "decompression-bomb")
    }

    @Test(arguments: [Format.gzip, .zstd])
    func `no more than one step is made before a limit is looked at`(format: Format) throws {
        let bomb = try Self.compress([UInt8](repeating: 48, count: 64 << 20), format)
        var stream = try StreamDecompressor(format, limits: .init(outputBytesMax: 1 << 20))
        var made = 0
        let code = Self.code { try unsafe stream.push(bomb.span.bytes) { made += $0.byteCount } }
        #expect(code == "decompression-bomb")
        #expect(made <= 1 << 20)
    }

    @Test(arguments: [Format.gzip, .zstd])
    func `damage is malformed`(format: Format) throws {
        var random = SeededRandom(purpose: "damaged \(format)")
        let whole = try Self.compress(Self.text(&random, 5000), format)
        var damaged = whole
        damaged[0] ^= 0xFF
        #expect(Self.code { _ = try Self.decompress(damaged, format, piece: 99) } == "compressed-malformed")
        for _ in 0..<500 {
            damaged = whole
            damaged[Int.random(in: 0..<whole.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
            let code = Self.code { _ = try Self.decompress(damaged, format, piece: 99) }
            #expect([nil, "compressed-malformed", "compressed-truncated"].contains(code))
        }
    }

    @Test func `padding zeros behind gzip are passed over and data behind them is not`() throws {
        let whole = try Self.compress(Array("abc".utf8), .gzip)
        let zeros = [UInt8](repeating: 0, count: 700)
        #expect(try Self.decompress(whole + zeros, .gzip, piece: 100) == Array("abc".utf8))
        #expect(
            Self.code { _ = try Self.decompress(whole + zeros + whole, .gzip, piece: 100) } == "compressed-malformed")
    }

    @Test func `a plain file is no compressed one`() {
        let text = Array("id,name\n".utf8)
        #expect(unsafe Format.detect(text.span.bytes) == nil)
    }
}

import Access
import Foundation
import S3Door
import S3Protocol
import Testing

struct ChunkedDecoderTests {
    private static func seed(_ signature: String) -> ChunkedDecoder.Seed {
        ChunkedDecoder.Seed(
            key: SignatureV4.signingKey(secret: Published.secret, scope: Published.scope), scope: Published.scope,
            time: Published.time, signature: signature)
    }

    /// AWS's example: 65 KiB of the letter a, in chunks of 64 KiB and 1 KiB.
    private static let signed: [UInt8] = {
        var body: [UInt8] = []
        for (size, signature) in [
            (65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1_024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ] {
            body += Array("\(String(size, radix: 16));chunk-signature=\(signature)\r\n".utf8)
            body += [UInt8](repeating: UInt8(ascii: "a"), count: size) + Array("\r\n".utf8)
        }
        return body
    }()
    private static let seedSignature = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"

    private func decode(_ decoder: ChunkedDecoder, _ body: [UInt8], pieces: Int) throws -> ([UInt8], ChunkedDecoder) {
        var decoder = decoder
        var data: [UInt8] = []
        var at = 0
        while at < body.count {
            let end = min(at + pieces, body.count)
            try decoder.decode(body[at..<end]) { data += $0 }
            at = end
        }
        return (data, decoder)
    }

    @Test(arguments: [1, 7, 1_000, 65_536, 1 << 20])
    func `AWS's example is taken, however it is cut`(pieces: Int) throws {
        let decoder = ChunkedDecoder(
            seed: Self.seed(Self.seedSignature), isSigned: true, hasTrailer: false, byteCountMax: 66_560)
        let (data, ended) = try decode(decoder, Self.signed, pieces: pieces)
        #expect(data == [UInt8](repeating: UInt8(ascii: "a"), count: 66_560) && ended.isFinished)
    }

    @Test func `AWS's example with a trailing checksum is taken`() throws {
        var body: [UInt8] = []
        for (size, signature) in [
            (65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
            (1_024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
            (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
        ] {
            body += Array("\(String(size, radix: 16));chunk-signature=\(signature)\r\n".utf8)
            body += [UInt8](repeating: UInt8(ascii: "a"), count: size) + (size > 0 ? Array("\r\n".utf8) : [])
        }
        let signature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"
        body += Array("x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:\(signature)\r\n\r\n".utf8)
        let decoder = ChunkedDecoder(
            seed: Self.seed("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"), isSigned: true,
            hasTrailer: true, byteCountMax: 66_560)
        let (_, ended) = try decode(decoder, body, pieces: 100)
        #expect(ended.isFinished && ended.trailers.map(\.value) == ["sOO8/Q=="])
        var wrong = body
        wrong[wrong.count - 100] ^= 1
        #expect(throws: S3Error.self) { try decode(decoder, wrong, pieces: 100) }
    }

    @Test func `any changed byte is refused`() throws {
        var random = SeededRandom()
        let decoder = ChunkedDecoder(
            seed: Self.seed(Self.seedSignature), isSigned: true, hasTrailer: false, byteCountMax: 66_560)
        for round in 0..<200 {
            var body = Self.signed
            // The first lines and the ends are where a change could go unseen.
            let at = round < 100 ? round : Int.random(in: 0..<body.count, using: &random)
            body[at] ^= UInt8.random(in: 1...255, using: &random)
            let outcome = Result { try decode(decoder, body, pieces: 4_096) }
            if case .success(let (data, ended)) = outcome {
                // The case of a hexadecimal digit of a size means nothing.
                #expect(
                    !ended.isFinished || data == [UInt8](repeating: UInt8(ascii: "a"), count: 66_560),
                    "byte \(at), seed \(random.seed)")
            }
        }
    }

    @Test func `garbage never stops the process, and a body that broke off is not finished`() throws {
        var random = SeededRandom()
        let pieces = [
            "0", "5", "ffffffffffffffff", ";chunk-signature=", "\r\n", "\n", "a:b", "abcde", "\0", ":", "x", "-1",
        ]
        for _ in 0..<2_000 {
            var body: [UInt8] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                body += Array((pieces.randomElement(using: &random) ?? "").utf8)
            }
            for (isSigned, hasTrailer) in [(true, false), (false, true), (true, true)] {
                let decoder = ChunkedDecoder(
                    seed: nil, isSigned: isSigned, hasTrailer: hasTrailer, byteCountMax: 1_000)
                _ = try? decode(decoder, body, pieces: Int.random(in: 1...5, using: &random))
            }
        }
        for end in stride(from: 0, to: Self.signed.count, by: 997) {
            let decoder = ChunkedDecoder(
                seed: Self.seed(Self.seedSignature), isSigned: true, hasTrailer: false, byteCountMax: 66_560)
            let (_, ended) = try decode(decoder, Array(Self.signed[..<end]), pieces: 4_096)
            #expect(!ended.isFinished)
        }
    }

    @Test func `more data than is allowed is refused before it comes`() throws {
        let decoder = ChunkedDecoder(seed: nil, isSigned: false, hasTrailer: true, byteCountMax: 10)
        let error = #expect(throws: S3Error.self) { try decode(decoder, Array("b\r\n".utf8), pieces: 3) }
        #expect(error?.name == "EntityTooLarge")
    }

    @Test func `a line without an end is refused at its limit`() {
        let decoder = ChunkedDecoder(seed: nil, isSigned: false, hasTrailer: true, byteCountMax: 10)
        let body = [UInt8](repeating: UInt8(ascii: "0"), count: ChunkedDecoder.lineBytesMax + 1)
        #expect(throws: S3Error.self) { try decode(decoder, body, pieces: 100) }
    }
}

/// A generator whose seed is told when a test fails.
struct SeededRandom: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64 = .random(in: 1 ... .max)) {
        self.seed = seed
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

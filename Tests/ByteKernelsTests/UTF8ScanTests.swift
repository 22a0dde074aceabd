import ByteKernels
import Testing

@Suite struct UTF8ScanTests {
    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x9F, 0xBF], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x28, 0xA1],
        ] as [[UInt8]])
    func `a broken sequence is found where it begins`(_ broken: [UInt8]) {
        for before in [0, 1, 7, 8, 31, 32, 40] {
            let bytes = [UInt8](repeating: 0x61, count: before) + broken
            #expect(UTF8Scan.firstInvalid(bytes.span) == before)
            let followed = bytes + [UInt8](repeating: 0x62, count: 50)
            #expect(UTF8Scan.firstInvalid(followed.span) == before)
        }
    }

    @Test func `every scalar is well-formed`() {
        var bytes: [UInt8] = []
        for value in stride(from: UInt32(0), through: 0x10FFFF, by: 37) {
            if let scalar = Unicode.Scalar(value) { bytes += Array(String(scalar).utf8) }
        }
        #expect(UTF8Scan.firstInvalid(bytes.span) == nil)
    }

    @Test func `random bytes are judged as the standard library judges them`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int(next(&state) % 12) {
                let choices: [UInt8] = [0x41, 0x80, 0xBF, 0xC2, 0xE0, 0xA0, 0xED, 0x9F, 0xF0, 0x90, 0xF4, 0x8F]
                bytes.append(choices[Int(next(&state) % 12)])
            }
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            #expect((UTF8Scan.firstInvalid(bytes.span) == nil) == isValid, "seed \(seed), bytes \(bytes)")
        }
    }
}

/// A small generator, the same on every machine (SplitMix64).
func next(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
}

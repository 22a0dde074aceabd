import Testing

@testable import EventLog

@Suite struct RecordChecksumTests {
    /// Published values of the reference implementation.
    @Test(
        arguments: [
            ("", 0, 0xEF46_DB37_51D8_E999), ("a", 0, 0xD24E_C4F1_A98C_6E5B), ("abc", 0, 0x44BC_2CF5_AD77_0999),
        ] as [(String, UInt64, UInt64)])
    func `short inputs hash as XXH64 says`(text: String, seed: UInt64, expected: UInt64) {
        #expect(RecordChecksum.hash(Array(text.utf8), seed: seed) == expected)
    }

    /// From Python's `xxhash`: `xxh64(bytes((i * 131 + 7) & 255 for i in range(n)), seed)`.
    @Test(
        arguments: [
            (4, 0, 0xFA21_2AE4_4B3B_B23D), (7, 42, 0x3755_095D_6E4D_66DA), (8, 0, 0x994B_676B_71CE_94DD),
            (31, 42, 0x7318_4629_5F5B_BA81), (32, 0, 0x07F7_B8E3_BC5D_6E25), (33, 42, 0x70E7_8138_C9F3_5CA7),
            (63, 0, 0xB7C9_968C_066C_B6A5), (64, 42, 0x404D_28E7_62D4_A07F), (100, 0, 0x9DDA_DA11_D3DC_2D8F),
            (1000, 42, 0x07C8_5880_FC74_F7FF),
        ] as [(Int, UInt64, UInt64)])
    func `inputs of every tail length hash as XXH64 says`(count: Int, seed: UInt64, expected: UInt64) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 131 + 7) }
        #expect(RecordChecksum.hash(bytes, seed: seed) == expected)
    }

    @Test func `any changed bit or place changes the checksum`() {
        let payload = [UInt8](repeating: 0xA5, count: 100)
        func sum(_ payload: [UInt8], offset: Int64 = 1, topic: String = "t") -> Int64 {
            RecordChecksum.record(
                content: RecordChecksum.content(id: "i", key: nil, headers: nil, payload: payload), topic: topic,
                partition: 0, offset: offset, appendedMicroseconds: 9)
        }
        let whole = sum(payload)
        for bit in 0..<800 {
            var changed = payload
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(sum(changed) != whole)
        }
        #expect(sum(payload, offset: 2) != whole)
        #expect(sum(payload, topic: "u") != whole)
    }
}

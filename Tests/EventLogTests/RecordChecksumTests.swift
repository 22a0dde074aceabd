import Testing

@testable import EventLog

@Suite struct RecordChecksumTests {
    /// Values of the reference implementation's command line (`xxhsum -H1`) and Python's `xxhash`.
    @Test(
        arguments: [
            ("", 0, 0xEF46_DB37_51D8_E999), ("a", 0, 0xD24E_C4F1_A98C_6E5B), ("abc", 0, 0x44BC_2CF5_AD77_0999),
        ] as [(String, UInt64, UInt64)])
    func `short inputs hash as XXH64 says`(text: String, seed: UInt64, expected: UInt64) {
        #expect(RecordChecksum.hash(Array(text.utf8), seed: seed) == expected)
    }
}

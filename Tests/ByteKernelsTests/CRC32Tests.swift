import ByteKernels
import LakeTesting
import Testing

@Suite struct CRC32Tests {
    func checksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        unsafe CRC32.checksum(bytes.span.bytes, seed: seed)
    }

    func portable(_ bytes: [UInt8]) -> UInt32 { unsafe CRC32.portableChecksum(bytes.span.bytes) }

    @Test func `the check value of the polynomial is met`() {
        #expect(checksum(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(checksum([]) == 0)
    }

    @Test func `folding and table agree at every length and can be continued`() {
        var random = SeededRandom(purpose: "crc")
        let bytes = (0..<1000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        for count in 0...bytes.count {
            let whole = checksum(Array(bytes[..<count]))
            #expect(portable(Array(bytes[..<count])) == whole)
            let cut = count / 3
            #expect(checksum(Array(bytes[cut..<count]), seed: checksum(Array(bytes[..<cut]))) == whole)
        }
    }
}

import ByteKernels
import LakeTesting
import Testing

@Suite struct Hash64Tests {
    func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 { unsafe Hash64.hash(bytes.span.bytes, seed: seed) }

    @Test func `every byte, the length and the seed take part`() {
        var random = SeededRandom(purpose: "hash")
        for count in 0...80 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            var seen: Set<UInt64> = [hash(bytes), hash(bytes, seed: 1), hash(bytes + [0])]
            for index in bytes.indices {
                var other = bytes
                other[index] ^= 1
                seen.insert(hash(other))
            }
            #expect(seen.count == count + 3)
        }
    }

    @Test func `neighbouring numbers spread over high and low bits`() {
        for shift in [0, 48] as [UInt64] {
            let buckets = (0..<4096).map { Hash64.hash(UInt64($0) << 20) >> shift & 0xFFF }
            // Random draws of 4,096 out of 4,096 hit 63 % of them.
            #expect((2400...2750).contains(Set(buckets).count))
        }
    }
}

import LakeTesting
import Testing

@testable import Ingestion

struct FingerprintSetTests {
    /// Hashes of one segment, so that its places are crowded; `top` puts all of them where a search goes round the end.
    private func hashes(_ count: Int, top: UInt64, _ random: inout SeededRandom) -> [UInt64] {
        (0..<count).map { _ in
            let low = top == 0 ? random.next() & 0xFFFF_FFFF : 0xFFFF_FFFF - random.next() % top
            return 7 << 52 | low
        }
    }

    @Test(arguments: [0, 64, 4_000] as [UInt64]) func `a crowded segment finds what a set of numbers finds`(
        _ top: UInt64
    ) {
        var random = SeededRandom(purpose: "fingerprints")
        let set = FingerprintSet()
        var known: Set<UInt64> = []
        for hash in hashes(5_000, top: top, &random) {
            #expect(set.contains(hash) == known.contains(hash))
            #expect(set.insert(hash) == known.insert(hash).inserted)
        }
        #expect(set.count == known.count)
        for hash in known { #expect(set.contains(hash)) }
        for hash in hashes(5_000, top: top, &random) { #expect(set.contains(hash) == known.contains(hash)) }
    }

    @Test func `a walk visits each position once and in order, whatever the number`() {
        let set = FingerprintSet()
        for count in [0, 1, 15, 16, 17, 63, 64, 65, 80, 81, 500] {
            let hashes = (0..<count).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
            var seen: [Int] = []
            FingerprintSet.walk(hashes.span, [set]) {
                seen.append($0)
                set.insert(hashes[$0])
            }
            #expect(seen == Array(0..<count))
        }
    }
}

import Testing

@testable import TableMaintenance

struct SizeTiersTests {
    @Test func `as many of one size as wanted go together`() {
        let tiers = SizeTiers(countMin: 4)
        #expect(tiers.choose([1, 2, 3]).isEmpty)
        #expect(tiers.choose([1, 2, 3, 4]) == [0, 1, 2, 3])
        #expect(tiers.choose([]).isEmpty)
    }

    @Test func `a large one is not rewritten for a few small ones`() {
        let tiers = SizeTiers(countMin: 4)
        #expect(tiers.choose([10 << 20, 1, 2, 3, 4]) == [1, 2, 3, 4])
    }

    @Test func `what small ones become counts among the larger`() {
        let tiers = SizeTiers(countMin: 4)
        let large = Int64(200 << 10)
        #expect(tiers.choose([large, large, large, 1, 2, 3, 4]) == [0, 1, 2, 3, 4, 5, 6])
        #expect(tiers.choose([large, large, large, 1, 2]).isEmpty)
        // Those that wait go along.
        #expect(tiers.choose([large, 1, large, 2, large, large]) == [0, 1, 2, 3, 4, 5])
    }

    @Test func `files of micro-batches stay few and each byte is rewritten seldom`() {
        let tiers = SizeTiers(countMin: 8)
        var files: [Int64] = []
        var written: Int64 = 0
        var rewritten: Int64 = 0
        var most = 0
        for _ in 0..<5_000 {
            files.append(10_000)
            written += 10_000
            let chosen = Set(tiers.choose(files))
            if !chosen.isEmpty {
                let bytes = chosen.reduce(0) { $0 + files[$1] }
                rewritten += bytes
                files = files.indices.filter { !chosen.contains($0) }.map { files[$0] } + [bytes]
            }
            most = max(most, files.count)
        }
        #expect(most <= 40)
        #expect(rewritten <= 6 * written)
    }
}

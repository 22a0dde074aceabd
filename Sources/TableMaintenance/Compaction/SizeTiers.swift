/// Chooses items to be put together so that each byte is rewritten seldom.
///
/// Steps: sort items into tiers, each a power of ``countMin`` wide; the items of a tier that has ``countMin`` of them go
/// together, with those of smaller tiers that wait, and count as one item of the next tier. So many small items become
/// few larger ones, and a large one is taken in only when as many of its size have gathered.
struct SizeTiers {
    /// The size below which all items are of one tier: 64 KiB.
    static let smallestTierBytes: Int64 = 64 << 10

    /// Items that go together at least, from 2 on.
    let countMin: Int

    func tier(_ byteCount: Int64) -> Int {
        var tier = 0
        var bound = Self.smallestTierBytes
        while byteCount > bound, tier < 60 {
            tier += 1
            let (next, overflow) = bound.multipliedReportingOverflow(by: Int64(countMin))
            if overflow { break }
            bound = next
        }
        return tier
    }

    /// - Returns: indexes of the chosen sizes, rising; at least two or none.
    func choose(_ byteCounts: [Int64]) -> [Int] {
        let tiers = Dictionary(grouping: byteCounts.indices) { tier(byteCounts[$0]) }
        var chosen: [Int] = []
        var waiting: [Int] = []
        for tier in tiers.keys.sorted() {
            let here = tiers[tier] ?? []
            waiting += here
            guard here.count + (chosen.isEmpty ? 0 : 1) >= countMin else { continue }
            chosen += waiting
            waiting = []
        }
        return chosen.count > 1 ? chosen.sorted() : []
    }
}

import CatalogService
import Testing

@Suite struct JobIDTests {
    /// Always the same numbers: SplitMix64.
    struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }

    @Test func `ids are UUIDs of version 7 with the time in front`() {
        var generator = JobIDGenerator()
        var random = Seeded(state: 1)
        let id = generator.next(nowMilliseconds: 0x0123_4567_89AB, random: &random)
        #expect(id.hasPrefix("01234567-89ab-7"))
        #expect("89ab".contains(Array(id)[19]))
        #expect(JobID.isValid(id))
        #expect(JobID.madeMilliseconds(id) == 0x0123_4567_89AB)
    }

    @Test func `ids rise while the clock stands still, goes back, or the counter overflows`() {
        var generator = JobIDGenerator()
        let seed = UInt64.random(in: .min ... .max)
        var random = Seeded(state: seed)
        var clock: Int64 = 1_000_000
        var ids: [String] = []
        for step in 0..<20_000 {
            if step % 5000 == 4999 { clock -= 1000 }
            ids.append(generator.next(nowMilliseconds: clock, random: &random))
        }
        #expect(ids == ids.sorted(), "seed \(seed)")
        #expect(Set(ids).count == ids.count, "seed \(seed)")
        #expect(ids.allSatisfy(JobID.isValid), "seed \(seed)")
    }

    @Test func `a time out of range is clamped rather than written over the version`() {
        var generator = JobIDGenerator()
        var random = Seeded(state: 1)
        #expect(generator.next(nowMilliseconds: -5, random: &random).hasPrefix("00000000-0000-7"))
        #expect(generator.next(nowMilliseconds: .max, random: &random).hasPrefix("ffffffff-ffff-7"))
    }

    @Test func `ids of many tasks differ`() async {
        let ids = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 { group.addTask { (0..<500).map { _ in JobID.new() } } }
            return await group.reduce(into: Set<String>()) { $0.formUnion($1) }
        }
        #expect(ids.count == 4000)
    }

    @Test(arguments: ["", "x", "01234567-89ab-4000-8000-000000000000", "01234567-89AB-7000-8000-000000000000"])
    func `other texts are no ids`(text: String) {
        #expect(!JobID.isValid(text))
        #expect(JobID.madeMilliseconds(text) == nil)
    }
}

import Testing

@testable import Ingestion

@Suite struct StageClockTests {
    @Test func `time is added to its stage`() {
        let clock = StageClock()
        clock.add(3_000_000_000, to: .read)
        clock.add(1_000_000_000, to: .read)
        clock.add(2_000_000_000, to: .encode, .compress, fraction: 0.25)
        clock.add(1_000_000_000, to: .convert, .scan, fraction: 2)
        let seconds = clock.seconds
        #expect(seconds[.read] == 4)
        #expect(seconds[.encode] == 1.5)
        #expect(seconds[.compress] == 0.5)
        #expect(seconds[.convert] == 0)
        #expect(seconds[.scan] == 1)
        #expect(seconds[.commit] == 0)
    }

    @Test func `work is timed by the processor and keeps its result`() throws {
        let clock: StageClock? = StageClock()
        let sum = clock.measure(.keys) { (0..<200_000).reduce(0) { ($0 &* 31) &+ $1 } }
        #expect(sum != 0)
        #expect(try #require(clock?.seconds[.keys]) > 0)
        #expect((nil as StageClock?).measure(.keys) { 5 } == 5)
    }
}

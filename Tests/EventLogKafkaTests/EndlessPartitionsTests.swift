import EventLog
import Testing

@testable import EventLogKafka

struct EndlessPartitionsTests {
    private let place = PartitionName(topic: "hires", partition: 0)
    private let start = ContinuousClock.now
    private let silence = Duration.milliseconds(EndlessPartitions.silenceMilliseconds)

    private func began() -> EndlessPartitions {
        var partitions = EndlessPartitions()
        partitions.began(place, now: start)
        return partitions
    }

    @Test func `a partition is asked for after a silence, and again after the next`() {
        var partitions = began()
        #expect(partitions.silent(now: start + silence / 2).isEmpty)
        #expect(partitions.silent(now: start + silence) == [place])
        #expect(partitions.answered(place, 0..<9, now: start + silence) == nil)
        #expect(partitions.silent(now: start + silence * 3 / 2).isEmpty)
        #expect(partitions.silent(now: start + silence * 2) == [place])
    }

    @Test func `the reader's place is the end when the broker counts more than it sends, time and again`() {
        var partitions = began()
        partitions.moved(place, to: 7, now: start)
        #expect(partitions.answered(place, 0..<9, now: start + silence) == nil)
        #expect(partitions.answered(place, 0..<9, now: start + silence * 2) == 7)
        #expect(partitions.silent(now: start + silence * 9).isEmpty, "it is known then")
    }

    @Test func `of a partition that keeps nothing the first offset is the end`() {
        var partitions = began()
        _ = partitions.answered(place, 4..<9, now: start + silence)
        #expect(partitions.answered(place, 4..<9, now: start + silence * 2) == 4)
    }

    @Test func `a message between two answers is a broker that is slow`() {
        var partitions = began()
        #expect(partitions.answered(place, 0..<9, now: start + silence) == nil)
        partitions.moved(place, to: 3, now: start + silence)
        #expect(partitions.answered(place, 0..<9, now: start + silence * 2) == nil)
        #expect(partitions.answered(place, 0..<9, now: start + silence * 3) == 3)
    }

    @Test func `a broker that does not answer tells nothing, nor does one that counts no more than was read`() {
        var partitions = began()
        partitions.moved(place, to: 9, now: start)
        for (round, range) in [Range<Int64>?.none, 0..<9, nil, 0..<9, nil].enumerated() {
            #expect(partitions.answered(place, range, now: start + silence * round) == nil)
        }
        _ = partitions.answered(place, 0..<12, now: start + silence * 6)
        #expect(partitions.answered(place, nil, now: start + silence * 7) == nil)
        #expect(partitions.answered(place, 0..<12, now: start + silence * 8) == nil, "the count begins anew")
    }

    @Test func `an end that was seen ends it, and what comes later is not looked at`() {
        var partitions = began()
        partitions.ended(place)
        partitions.moved(place, to: 3, now: start)
        #expect(partitions.silent(now: start + silence * 2).isEmpty)
        #expect(partitions.answered(place, 0..<9, now: start + silence * 2) == nil)
    }
}

import Testing

@testable import Analytics

@Suite struct GoldScheduleTests {
    private let limits = GoldLimits()
    private var quiet: Int64 { Int64(limits.goldQuietMilliseconds) }
    private var delay: Int64 { Int64(limits.goldDelayMilliseconds) }

    @Test func `a refresh follows a commit after a moment of quiet`() {
        var schedule = GoldSchedule(limits: limits)
        #expect(schedule.dueAt == nil)
        schedule.committed(at: 1_000)
        #expect(schedule.dueAt == 1_000 + quiet)
        schedule.committed(at: 1_000 + quiet - 1)
        #expect(schedule.dueAt == 1_000 + 2 * quiet - 1)
    }

    @Test func `commits that never pause are followed all the same`() {
        var schedule = GoldSchedule(limits: limits)
        for now in stride(from: Int64(0), to: 5 * delay, by: 100) { schedule.committed(at: now) }
        #expect(schedule.dueAt == delay)
    }

    @Test func `a commit during a refresh asks for another one, after a rest`() {
        var schedule = GoldSchedule(limits: limits)
        schedule.committed(at: 0)
        schedule.began()
        schedule.committed(at: 100)
        schedule.ended(at: 2_000, tookMilliseconds: 1_000, failed: false)
        #expect(schedule.dueAt == 2_000 + 1_000 * Int64(limits.goldRestFactor))
    }

    @Test func `without a commit nothing follows a refresh`() {
        var schedule = GoldSchedule(limits: limits)
        schedule.committed(at: 0)
        schedule.began()
        schedule.ended(at: 10, tookMilliseconds: 10, failed: false)
        #expect(schedule.dueAt == nil)
    }

    @Test func `failures are tried again, each time later, up to a limit`() {
        var schedule = GoldSchedule(limits: limits)
        var pauses: [Int64] = []
        for _ in 0..<12 {
            schedule.began()
            schedule.ended(at: 0, tookMilliseconds: 0, failed: true)
            pauses.append(schedule.dueAt ?? -1)
        }
        #expect(pauses.first == GoldLimits.pauseMilliseconds)
        #expect(pauses == pauses.sorted() && pauses.last == GoldLimits.pauseMillisecondsMax)
        schedule.began()
        schedule.ended(at: 0, tookMilliseconds: 0, failed: false)
        schedule.committed(at: 0)
        #expect(schedule.dueAt == quiet)
    }
}

import Testing

@testable import PostgreSQLSupport

@Suite struct PoolStateTests {
    private var state = PoolState<Int>(threadsMax: 2, waitersMax: 3, waitMilliseconds: 100)

    private func number(_ take: PoolState<Int>.Take) -> Int? { if case .run(let job) = take { job } else { nil } }

    @Test func `threads are started up to the limit, then jobs wait in order`() {
        var state = state
        #expect(state.submit(1, id: 1, now: 0) == .start)
        #expect(state.submit(2, id: 2, now: 0) == .start)
        #expect(state.submit(3, id: 3, now: 0) == .queued)
        #expect((0..<3).map { _ in number(state.take(now: 5)) } == [1, 2, 3])
        #expect(state.threads == 2)
    }

    @Test func `a sleeping thread is woken before another one is started`() {
        var state = state
        #expect(state.submit(1, id: 1, now: 0) == .start)
        #expect(number(state.take(now: 0)) == 1)
        guard case .sleep = state.take(now: 0) else { return #expect(Bool(false), "it sleeps") }
        state.fallAsleep()
        #expect(state.submit(2, id: 2, now: 0) == .wake)
        // One sleeper cannot take two jobs at once.
        #expect(state.submit(3, id: 3, now: 0) == .start)
        state.wakeUp()
        #expect(number(state.take(now: 0)) == 2)
    }

    @Test func `more than the queue takes is refused, and so is what waited for too long`() {
        var state = PoolState<Int>(threadsMax: 1, waitersMax: 2, waitMilliseconds: 100)
        #expect(state.submit(1, id: 1, now: 0) == .start)
        #expect(state.submit(2, id: 2, now: 50) == .queued)
        #expect(state.submit(3, id: 3, now: 50) == .refusedFull)
        guard case .refuse(1) = state.take(now: 101) else { return #expect(Bool(false), "the first is late") }
        #expect(number(state.take(now: 101)) == 2)
    }

    @Test func `a job that waits can be cancelled, once`() {
        var state = state
        _ = state.submit(1, id: 7, now: 0)
        #expect(state.cancel(id: 7) == 1)
        #expect(state.cancel(id: 7) == nil)
        #expect(state.waiters == 0)
    }

    @Test func `a closed pool gives its jobs back, takes none and ends its threads`() {
        var state = state
        _ = state.submit(1, id: 1, now: 0)
        #expect(state.close() == [1])
        #expect(state.submit(2, id: 2, now: 0) == .refusedClosed)
        guard case .end = state.take(now: 0) else { return #expect(Bool(false), "the thread ends") }
        state.leave()
        #expect(state.threads == 0)
    }
}

import Foundation
import ObjectStorage
import Synchronization
import Testing

@Suite struct BlockingPoolTests {
    struct Refused: Error {}

    final class Gauge: Sendable {
        let counts = Mutex((now: 0, most: 0))
    }

    @Test func `results and errors come back, and work beyond the threads waits`() async throws {
        let pool = BlockingPool(threadCount: 3)
        let running = Gauge()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<40 {
                group.addTask {
                    try await pool.run {
                        running.counts.withLock { state in
                            state.now += 1
                            state.most = max(state.most, state.now)
                        }
                        Thread.sleep(forTimeInterval: 0.002)
                        running.counts.withLock { $0.now -= 1 }
                        return index
                    }
                }
            }
            let sum = try await group.reduce(0, +)
            #expect(sum == 780)
        }
        #expect(running.counts.withLock { $0.most } == 3)
        await #expect(throws: Refused.self) { try await pool.run { throw Refused() } }
    }

    @Test func `tasks go on while every thread of the pool blocks`() async throws {
        let pool = BlockingPool(threadCount: 2)
        let gate = DispatchSemaphore(value: 0)
        let blocked = (0..<8).map { _ in Task { try await pool.run { gate.wait() } } }
        // Would not come if the eight held the threads that tasks run on.
        await Task.detached {}.value
        for _ in blocked { gate.signal() }
        for task in blocked { try await task.value }
    }
}

import EventLog
import Synchronization
import Testing

@testable import EventLogKafka

struct TopicFollowerTests {
    private final class Clock: Sendable {
        private let passed = Mutex(Duration.zero)
        private let start = ContinuousClock.now

        var now: ContinuousClock.Instant { start + passed.withLock { $0 } }

        func advance(_ duration: Duration) { passed.withLock { $0 += duration } }
    }

    private let clock = Clock()

    private func follower() throws -> TopicFollower<Int> {
        var options = KafkaLogOptions(brokers: "127.0.0.1:1")
        options.requestMilliseconds = 1_000
        let clock = clock
        return TopicFollower("claims", content: 0, options: options, now: { clock.now }) { count, _ in count += 1 }
    }

    private func message(_ offset: Int64) -> FetchedMessage {
        FetchedMessage(offset: offset, timestampMilliseconds: 0, value: [])
    }

    /// Someone who waits for the first sight of the end, and is waiting when this returns.
    private func waiter(_ follower: TopicFollower<Int>) async throws -> Task<Void, any Error> {
        let waiting = Task { try await follower.reach() }
        while follower.waiterCount == 0 { await Task.yield() }
        return waiting
    }

    @Test func `a long topic is read for longer than a request may take, as long as more of it comes`() async throws {
        let follower = try follower()
        let waiting = try await waiter(follower)
        for offset in 0..<20 {
            follower.came(message(Int64(offset)))
            clock.advance(.milliseconds(900))
            follower.expire()
        }
        follower.reachedEnd(20)
        try await waiting.value
        #expect(follower.look { $0 } == 20)
    }

    @Test func `a topic of which nothing more comes is given up`() async throws {
        let follower = try follower()
        follower.came(message(0))
        let waiting = try await waiter(follower)
        clock.advance(.milliseconds(1_000))
        follower.expire()
        let error = try await #require(throws: EventLogError.self) { try await waiting.value }
        #expect(error.code == "log-unreachable")
    }

    @Test func `once the end was seen, who waits for more is told in time`() async throws {
        let follower = try follower()
        follower.came(message(0))
        follower.reachedEnd(1)
        let waiting = Task { try await follower.reach(5) }
        while follower.waiterCount == 0 { await Task.yield() }
        clock.advance(.milliseconds(900))
        follower.came(message(1))
        clock.advance(.milliseconds(100))
        follower.expire()
        await #expect(throws: EventLogError.self) { try await waiting.value }
    }
}

import EventLog
import Testing

@testable import EventLogKafka

struct TopicFollowerTests {
    private func follower() throws -> TopicFollower<Int> {
        var options = KafkaLogOptions(brokers: "127.0.0.1:1")
        options.requestMilliseconds = 400
        return TopicFollower("claims", content: 0, options: options) { count, _ in count += 1 }
    }

    private func message(_ offset: Int64) -> FetchedMessage {
        FetchedMessage(offset: offset, timestampMilliseconds: 0, value: [])
    }

    /// Feeds a message each `milliseconds`, and looks for those whose time is up in between, as the pump does.
    private func feed(_ follower: TopicFollower<Int>, _ count: Int64, everyMilliseconds milliseconds: Int) async throws {
        for offset in 0..<count {
            follower.came(message(offset))
            try await Task.sleep(for: .milliseconds(milliseconds))
            follower.expire()
        }
    }

    @Test func `a long topic is read for longer than a request may take, as long as more of it comes`() async throws {
        let follower = try follower()
        async let reached: Void = follower.reach()
        try await feed(follower, 20, everyMilliseconds: 50)
        follower.reachedEnd(20)
        try await reached
        #expect(follower.look { $0 } == 20)
    }

    @Test func `a topic of which nothing comes is given up in time`() async throws {
        let follower = try follower()
        follower.came(message(0))
        let looking = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: .milliseconds(20))
                follower.expire()
            }
        }
        defer { looking.cancel() }
        let error = try await #require(throws: EventLogError.self) { try await follower.reach() }
        #expect(error.code == "log-unreachable")
    }
}

internal import Synchronization

/// How far the operational store has got in each topic, as its sinks note it, for receipts.
final class OperationalLags: Sendable {
    struct Lag: Sendable {
        /// The next offset that it takes.
        var nextOffset: Int64
        var records: Int64
        /// When the oldest record that it has not was appended, microseconds since 1970 UTC.
        var oldestMicroseconds: Int64?

        var seconds: Double {
            oldestMicroseconds.map { max(0, Double(UTCTime.nowMicroseconds() - $0) / 1_000_000) } ?? 0
        }
    }

    private let topics = Mutex<[String: Lag]>([:])

    func note(_ lag: Lag, of topic: String) { topics.withLock { $0[topic] = lag } }

    /// What a receipt says; `nil` when no sink works on the topic here.
    func view(of topic: String, offset: Int64) -> JobReceipt.Operational? {
        topics.withLock { $0[topic] }.map { lag in
            JobReceipt.Operational(
                state: offset < lag.nextOffset ? .applied : .pending, lagRecords: lag.records, lagSeconds: lag.seconds)
        }
    }
}

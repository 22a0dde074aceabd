internal import Synchronization

/// Counts what is in the log and not yet in the lake, without asking a database.
final class BacklogGauge: Sendable {
    private struct Topic {
        /// The next offset to be appended, and the next to be worked.
        var end: Int64 = 0
        var next: Int64 = 0
    }

    private let topics = Mutex<[String: Topic]>([:])

    func appended(topic: String, offset: Int64) {
        topics.withLock { topics in
            topics[topic, default: Topic()].end = max(topics[topic]?.end ?? 0, offset + 1)
        }
    }

    func worked(topic: String, nextOffset: Int64) {
        topics.withLock { topics in
            topics[topic, default: Topic()].next = max(topics[topic]?.next ?? 0, nextOffset)
            topics[topic, default: Topic()].end = max(topics[topic]?.end ?? 0, nextOffset)
        }
    }

    /// The next offset to be appended, as far as this process knows: a hint to look, never the truth.
    func end(of topic: String) -> Int64 { topics.withLock { $0[topic]?.end ?? 0 } }

    /// Jobs of one topic that wait.
    func waiting(in topic: String) -> Int {
        topics.withLock { topics in topics[topic].map { Int($0.end - $0.next) } ?? 0 }
    }

    /// The topic is worked again from an earlier offset.
    func rewound(topic: String, nextOffset: Int64) { topics.withLock { $0[topic]?.next = nextOffset } }

    /// Jobs that wait, over all topics.
    var total: Int { topics.withLock { $0.values.reduce(0) { $0 + Int($1.end - $1.next) } } }
}

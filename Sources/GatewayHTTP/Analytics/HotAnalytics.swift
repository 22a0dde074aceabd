import Access
import HTTPTypes
import NIOCore
import Synchronization

/// Answers in the very form in which they are sent, for the requests that come again and again: what was asked is not
/// parsed anew, and no header is put together twice. Each counts only while its tag is that of the present.
final class HotAnalytics: Sendable {
    /// What a request asks, as it came.
    struct Key: Hashable {
        var target: String
        var accept: String?
        var reader: Principal
    }

    struct Answer: Sendable {
        var question: AnalyticQuestion
        var tag: String
        var etag: String
        var headers: HTTPFields
        /// Those of a 304.
        var unchangedHeaders: HTTPFields
        var body: ByteBuffer
    }

    /// Requests that are remembered, and bytes of a body: 256 of 64 KiB.
    private static let entriesMax = 256
    private static let bodyBytesMax = 64 << 10

    private let answers = Mutex<[Key: Answer]>([:])

    func answer(_ key: Key) -> Answer? { answers.withLock { $0[key] } }

    func remember(_ key: Key, _ answer: Answer) {
        guard answer.body.readableBytes <= Self.bodyBytesMax else { return }
        answers.withLock { answers in
            if answers[key] == nil, answers.count >= Self.entriesMax { answers.removeAll() }
            answers[key] = answer
        }
    }
}

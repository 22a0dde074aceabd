import ObjectStorageS3
import Synchronization

/// Answers requests by a closure and keeps them.
final class ScriptedTransport: S3Transport {
    private let kept = Mutex<[TransportRequest]>([])
    private let answer: @Sendable (TransportRequest, _ index: Int) throws -> TransportResponse

    init(_ answer: @escaping @Sendable (TransportRequest, _ index: Int) throws -> TransportResponse) {
        self.answer = answer
    }

    var requests: [TransportRequest] { kept.withLock { $0 } }

    func start(_ request: TransportRequest) -> @Sendable () throws -> TransportResponse {
        let index = kept.withLock { kept in
            kept.append(request)
            return kept.count - 1
        }
        return { [answer] in try answer(request, index) }
    }
}

/// A clock that goes only when someone sleeps.
final class ManualClock: Sendable {
    let milliseconds = Mutex<Int64>(0)
    /// Seconds since 1970 at the beginning.
    let start: Int64

    init(start: Int64 = 1_700_000_000) { self.start = start }

    var seconds: Int64 { start + milliseconds.withLock { $0 } / 1_000 }

    func advance(seconds: Int64) { milliseconds.withLock { $0 += seconds * 1_000 } }

    var clock: S3Clock {
        S3Clock(
            wallSeconds: { [self] in seconds }, monotonicMilliseconds: { [self] in milliseconds.withLock { $0 } },
            sleep: { [self] wait in milliseconds.withLock { $0 += Int64(wait) } }, random: { 0.5 })
    }
}

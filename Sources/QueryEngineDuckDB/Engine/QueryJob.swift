import QueryEngine
import Synchronization

/// One request on its way: waiting, running in a worker, or answered. Its caller is resumed exactly once.
final class QueryJob: Sendable {
    enum Work: Sendable {
        case query(QueryRequest)
        case outline(String)

        /// Parsing takes no time; it may wait for its turn as long.
        static let outlineMillisecondsMax = 10_000
    }

    enum Answer: Sendable {
        case result(QueryResult)
        case outline(StatementOutline)
    }

    private struct State {
        enum Phase { case new, waiting, running, answered }

        var phase = Phase.new
        var continuation: CheckedContinuation<Answer, any Error>?
        var isCancelled = false
        /// Ends the process that runs the request.
        var kill: (@Sendable () -> Void)?
        /// Gives the request up when it has waited too long.
        var timer: Task<Void, any Error>?
    }

    let work: Work
    private let state = Mutex(State())

    init(_ work: Work) { self.work = work }

    /// How long it may wait, and then run.
    var timeoutMilliseconds: Int {
        switch work {
        case .query(let request): request.limits.timeoutMilliseconds
        case .outline: Work.outlineMillisecondsMax
        }
    }

    deinit { state.withLock { $0.timer?.cancel() } }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }
    var isWaiting: Bool { state.withLock { $0.phase == .waiting } }

    /// Hands the caller over. Returns whether the request is to be queued: not when it was cancelled before.
    func wait(_ continuation: CheckedContinuation<Answer, any Error>) -> Bool {
        let isQueued = state.withLock { state in
            guard !state.isCancelled else {
                state.phase = .answered
                return false
            }
            state.phase = .waiting
            state.continuation = continuation
            return true
        }
        if !isQueued { continuation.resume(throwing: CancellationError()) }
        return isQueued
    }

    /// Hands over the timer, which is cancelled when the request waits no more.
    func setTimer(_ timer: Task<Void, any Error>) {
        let isWaiting = state.withLock { state in
            state.timer = timer
            return state.phase == .waiting
        }
        if !isWaiting { timer.cancel() }
    }

    /// Takes the request into a worker; false when it was cancelled or gave up waiting.
    func begin(kill: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard state.phase == .waiting else { return false }
            state.phase = .running
            state.kill = kill
            state.timer?.cancel()
            return true
        }
    }

    /// Answers the caller, unless that happened already.
    func answer(_ result: Result<Answer, any Error>) {
        let continuation = state.withLock { state in
            state.phase = .answered
            state.kill = nil
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume(with: result)
    }

    /// Gives a waiting request up; nothing happens to one that runs.
    func giveUp(_ error: QueryError) {
        let continuation = state.withLock { state -> CheckedContinuation<Answer, any Error>? in
            guard state.phase == .waiting else { return nil }
            state.phase = .answered
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume(throwing: error)
    }

    /// Ends the request: a waiting one is answered at once, a running one when its process is gone.
    func cancel() {
        let continuation = state.withLock { state -> CheckedContinuation<Answer, any Error>? in
            state.isCancelled = true
            // Under the lock, so that the process cannot have gone on to another request.
            state.kill?()
            guard state.phase == .waiting else { return nil }
            state.phase = .answered
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume(throwing: CancellationError())
    }
}

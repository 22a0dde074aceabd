import EventLog
import Synchronization

/// A small topic of one partition that is read from its beginning, and what its messages add up to.
final class TopicFollower<Content: Sendable>: TailSink {
    private struct Waiter {
        /// The end offset that is waited for; `nil`: the first sight of the end.
        var offset: Int64?
        var deadline: ContinuousClock.Instant
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct Change {
        var deadline: ContinuousClock.Instant
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var content: Content
        var endOffset: Int64 = 0
        var isCaughtUp = false
        var failure: EventLogError?
        var lastFault: KafkaFault?
        /// When a message came last, on the way to the first sight of the end.
        var cameAt: ContinuousClock.Instant?
        var waiters: [Waiter] = []
        var changes: [Change] = []
    }

    let place: PartitionName
    private let patience: Duration
    private let apply: @Sendable (inout Content, FetchedMessage) -> Void
    private let state: Mutex<State>

    init(
        _ topic: String, content: Content, options: KafkaLogOptions,
        apply: @escaping @Sendable (inout Content, FetchedMessage) -> Void
    ) {
        place = PartitionName(topic: topic, partition: 0)
        patience = .milliseconds(options.requestMilliseconds)
        self.apply = apply
        state = Mutex(State(content: content))
    }

    func began(at first: Int64, end: Int64) -> Int64? { nil }

    func came(_ message: FetchedMessage) {
        wake { state in
            guard message.offset >= state.endOffset else { return }
            state.endOffset = message.offset + 1
            if !state.isCaughtUp { state.cameAt = .now }
            apply(&state.content, message)
        }
    }

    func reachedEnd(_ offset: Int64) {
        wake { state in
            state.isCaughtUp = true
            state.lastFault = nil
            state.endOffset = max(state.endOffset, offset)
        }
    }

    func failed(_ fault: KafkaFault) { state.withLock { $0.lastFault = fault } }

    func lost(_ fault: KafkaFault) {
        wake { state in
            state.failure = EventLogError(
                code: "log-corrupt", message: "the topic \(place.topic) no longer has what was read of it: \(fault)",
                remedy: "see whether the topic was deleted and made anew; restart Dipper to begin with what there is")
        }
    }

    func close() {
        wake { $0.failure = EventLogError(code: "log-closed", message: "the log is closed") }
    }

    /// Tells those whose time is up. What is read for the first time may be long: as long as more of it comes, nobody's is.
    func expire() {
        let now = ContinuousClock.now
        let (late, changes, fault) = state.withLock { state in
            let isReading = state.cameAt.map { now - $0 < patience } ?? false
            let late = state.isCaughtUp || !isReading ? state.waiters.filter { $0.deadline <= now } : []
            let changes = state.changes.filter { $0.deadline <= now }
            if !late.isEmpty { state.waiters.removeAll { $0.deadline <= now } }
            if !changes.isEmpty { state.changes.removeAll { $0.deadline <= now } }
            return (late, changes, state.lastFault)
        }
        for change in changes { change.continuation.resume() }
        guard !late.isEmpty else { return }
        let error = EventLogError(
            code: "log-unreachable",
            message: "the topic \(place.topic) could not be read within \(patience)" + (fault.map { ": \($0)" } ?? ""),
            remedy: "repeat the call after a moment; look at the brokers if it goes on", cause: fault, isRetryable: true
        )
        for waiter in late { waiter.continuation.resume(throwing: error) }
    }

    private func wake(_ change: (inout State) -> Void) {
        let (ready, changes, failure) = state.withLock { state in
            change(&state)
            defer { state.changes = [] }
            if state.failure != nil {
                defer { state.waiters = [] }
                return (state.waiters, state.changes, state.failure)
            }
            let isReady = state.waiters.map { Self.isReady($0.offset, state) }
            defer { state.waiters = zip(state.waiters, isReady).filter { !$0.1 }.map(\.0) }
            return (zip(state.waiters, isReady).filter(\.1).map(\.0), state.changes, nil)
        }
        for change in changes { change.continuation.resume() }
        for waiter in ready {
            if let failure { waiter.continuation.resume(throwing: failure) } else { waiter.continuation.resume() }
        }
    }

    private static func isReady(_ offset: Int64?, _ state: State) -> Bool {
        state.isCaughtUp && state.endOffset >= offset ?? 0
    }

    /// Waits until all before `offset` was read, by default until the end was seen once.
    func reach(_ offset: Int64? = nil) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let outcome: Result<Void, any Error>? = state.withLock { state in
                if let failure = state.failure { return .failure(failure) }
                if Self.isReady(offset, state) { return .success(()) }
                state.waiters.append(
                    Waiter(offset: offset, deadline: .now + patience, continuation: continuation))
                return nil
            }
            if let outcome { continuation.resume(with: outcome) }
        }
    }

    /// Returns when something came that `isWanted` does not hold for any more, or when time is up. It may return early.
    func change(until deadline: ContinuousClock.Instant, while isWaiting: @Sendable (Content) -> Bool) async {
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                guard state.failure == nil, isWaiting(state.content) else { return false }
                state.changes.append(Change(deadline: deadline, continuation: continuation))
                return true
            }
            if !waits { continuation.resume() }
        }
    }

    func look<Value>(_ body: (Content) -> Value) -> Value { state.withLock { body($0.content) } }
}

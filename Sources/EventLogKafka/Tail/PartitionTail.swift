import EventLog
import Synchronization

/// Where a reader of one partition's end stands: fed by ``TailPump``, asked by everyone.
///
/// It answers once it has reached the partition's end for the first time, and never with less than what this process has
/// appended itself: who waits for an offset is woken when it has come, or told that it did not in time.
final class PartitionTail: Sendable {
    private struct Waiter {
        /// The end offset that is waited for; `nil`: the first sight of the end.
        var offset: Int64?
        var deadline: ContinuousClock.Instant
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var recent: RecentRecords?
        /// The first record that the broker kept when the reader began, and what was dropped since.
        var startOffset: Int64 = 0
        /// Messages before this offset are left out: the reader jumps over them.
        var skipBelow: Int64 = 0
        var isCaughtUp = false
        /// The end as own appends tell it.
        var appendedEnd: Int64 = 0
        /// Ids of own records that the reader has not come to.
        var awaited: [String: Int64] = [:]
        var failure: EventLogError?
        var lastFault: KafkaFault?
        /// When a message came last, on the way to the first sight of the end.
        var cameAt: ContinuousClock.Instant?
        var waiters: [Waiter] = []
    }

    let place: PartitionName
    /// The topic as the log's users name it.
    let topic: String
    private let recordsMax: Int
    private let bytesMax: Int
    private let patience: Duration
    private let state = Mutex(State())

    init(_ place: PartitionName, topic: String, options: KafkaLogOptions) {
        self.place = place
        self.topic = topic
        recordsMax = options.lookBackRecords
        bytesMax = options.recentBytes
        patience = .milliseconds(options.requestMilliseconds)
    }

    // MARK: Fed by the pump

    /// Where the reader is to jump when it sees the first offset of the partition and its end.
    func began(at first: Int64, end: Int64) -> Int64? {
        state.withLock { state in
            guard state.recent == nil else { return nil }
            let target = max(first, end - Int64(recordsMax))
            state.startOffset = max(state.startOffset, first)
            state.skipBelow = target
            state.recent = RecentRecords(
                topic: topic, partition: place.partition, from: target, recordsMax: recordsMax, bytesMax: bytesMax)
            return target > first ? target : nil
        }
    }

    func came(_ message: FetchedMessage) {
        wake { state in
            guard message.offset >= state.skipBelow else { return }
            let record = RecordCoding.stored(message, topic: topic, partition: place.partition)
            state.recent?.append(record)
            if !state.isCaughtUp { state.cameAt = .now }
            if !state.awaited.isEmpty { state.awaited[record.record.id] = nil }
        }
    }

    func reachedEnd(_ offset: Int64) {
        wake { state in
            guard offset >= state.skipBelow else { return }
            state.isCaughtUp = true
            state.lastFault = nil
            state.recent?.reachedEnd(offset)
        }
    }

    func failed(_ fault: KafkaFault) { state.withLock { $0.lastFault = fault } }

    /// The broker no longer has what the reader stood at: the topic was made anew, or records were taken away.
    func lost(_ fault: KafkaFault) {
        wake { state in
            state.failure = EventLogError(
                code: "log-corrupt",
                message:
                    "the records of \(place) at offset \(state.recent?.endOffset ?? 0) are gone from the broker: \(fault)",
                remedy:
                    "see whether the topic was deleted and made anew, or its retention changed; then restore log, catalog "
                    + "and lake of the same time, or begin a new log under another prefix")
        }
    }

    /// Tells those whose time is up. On the way to the first sight of the end nobody's is as long as more comes.
    func expire() {
        let now = ContinuousClock.now
        let (late, fault) = state.withLock { state in
            let isReading = state.cameAt.map { now - $0 < patience } ?? false
            let late = state.isCaughtUp || !isReading ? state.waiters.filter { $0.deadline <= now } : []
            if !late.isEmpty { state.waiters.removeAll { $0.deadline <= now } }
            return (late, state.lastFault)
        }
        for waiter in late { waiter.continuation.resume(throwing: silence(fault)) }
    }

    private func silence(_ fault: KafkaFault?) -> EventLogError {
        EventLogError(
            code: "log-unreachable",
            message: "the end of \(place) could not be read within \(patience)" + (fault.map { ": \($0)" } ?? ""),
            remedy: fault?.remedy ?? "repeat the call after a moment; look at the brokers if it goes on", cause: fault,
            isRetryable: true)
    }

    /// Refuses everyone who waits.
    func close() {
        wake { $0.failure = EventLogError(code: "log-closed", message: "the log is closed") }
    }

    private func wake(_ change: (inout State) -> Void) {
        let (ready, failure) = state.withLock { state in
            change(&state)
            if state.failure != nil {
                defer { state.waiters = [] }
                return (state.waiters, state.failure)
            }
            let isReady = state.waiters.map { Self.isReady($0.offset, state) }
            defer { state.waiters = zip(state.waiters, isReady).filter { !$0.1 }.map(\.0) }
            return (zip(state.waiters, isReady).filter(\.1).map(\.0), nil)
        }
        for waiter in ready {
            if let failure { waiter.continuation.resume(throwing: failure) } else { waiter.continuation.resume() }
        }
    }

    private static func isReady(_ offset: Int64?, _ state: State) -> Bool {
        guard state.isCaughtUp, let recent = state.recent else { return false }
        return recent.endOffset >= offset ?? state.appendedEnd
    }

    // MARK: Asked by the log

    /// Own records that a broker has confirmed. They are here at once where they continue what is here, else when the
    /// reader comes to them.
    func appended(_ records: [StoredRecord]) {
        wake { state in
            for record in records {
                state.appendedEnd = max(state.appendedEnd, record.offset + 1)
                if state.isCaughtUp, state.recent?.endOffset == record.offset {
                    state.recent?.append(record)
                } else if record.offset >= state.recent?.endOffset ?? 0 {
                    state.awaited[record.record.id] = record.offset
                }
            }
        }
    }

    /// Waits until the reader has come to `offset`, by default to everything that this process has appended.
    func reach(_ offset: Int64? = nil) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let outcome: Result<Void, any Error>? = state.withLock { state in
                if let failure = state.failure { return .failure(failure) }
                if Self.isReady(offset, state) { return .success(()) }
                let wanted = offset ?? (state.appendedEnd > 0 ? state.appendedEnd : nil)
                state.waiters.append(
                    Waiter(offset: wanted, deadline: .now + patience, continuation: continuation))
                return nil
            }
            if let outcome { continuation.resume(with: outcome) }
        }
    }

    /// Looks at what is here; ``reach(_:)`` comes first.
    func look<Value>(_ body: (RecentRecords, _ startOffset: Int64) throws -> Value) rethrows -> Value {
        try state.withLock { state in
            let none = RecentRecords(
                topic: topic, partition: place.partition, from: 0, recordsMax: recordsMax, bytesMax: bytesMax)
            return try body(state.recent ?? none, state.startOffset)
        }
    }

    /// The first of `ids` that a record has which is here or was appended by this process.
    func taken(_ ids: [String]) -> String? {
        state.withLock { state in
            ids.first { state.awaited[$0] != nil || state.recent?.offset(ofID: $0) != nil }
        }
    }

    /// The end as far as is known without waiting.
    var knownEnd: Int64 { state.withLock { max($0.appendedEnd, $0.recent?.endOffset ?? 0) } }

    /// Records before `offset` are no longer shown.
    func trimmed(before offset: Int64) {
        state.withLock { state in
            guard offset > state.startOffset else { return }
            state.startOffset = offset
            state.recent?.drop(before: offset)
        }
    }
}

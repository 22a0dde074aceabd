package import Logging
import Metrics
import Synchronization

/// Answers computed once: this process's memory in front, a cache that processes share behind it, and one computation for
/// all who ask for the same thing at the same time.
///
/// The shared cache may be away: then answers are computed, and the log says so once a minute.
package final class AnswerCache: Sendable {
    /// After which a shared value goes, used or not: a day. Values are never wrong, but nobody asks for old ones.
    package static let lifetimeSeconds = 86_400
    /// Bytes that the process keeps of answers unless it is told otherwise: 64 MiB.
    package static let bytesMaxDefault = 64 << 20
    /// Values on their way to the shared cache at once; further ones are not sent.
    private static let storesMax = 32
    private static let warningSeconds = 60

    /// What questions are about, for metrics.
    package enum Kind: String, Sendable, CaseIterable { case analytic, query }

    package struct Answer: Sendable, Hashable {
        package var bytes: [UInt8]
        /// Whether nothing was computed for it, by others who asked at the same time neither.
        package var isHit: Bool
    }

    private struct Flight {
        var task: Task<Answer, any Error>
        var waiting: Int
        /// Tells flights of one key apart.
        var number: Int
    }

    private struct State {
        var flights: [CacheKey: Flight] = [:]
        var flightCount = 0
        var stores = 0
        var warned: ContinuousClock.Instant?
    }

    private let first: LRUResultCache
    private let second: (any ResultCache)?
    private let logger: Logger
    private let metrics: [Kind: CacheMetrics]
    private let state = Mutex(State())

    /// - Parameter second: shared by processes; `nil`: there is none.
    package init(bytesMax: Int = bytesMaxDefault, second: (any ResultCache)? = nil, logger: Logger) {
        let first = LRUResultCache(bytesMax: bytesMax)
        self.first = first
        self.second = second
        self.logger = logger
        metrics = Dictionary(uniqueKeysWithValues: Kind.allCases.map { ($0, CacheMetrics(of: $0.rawValue)) })
    }

    /// Counts an answer that whoever asks still had.
    package func countHit(of kind: Kind) { metrics[kind]?.hits.increment() }

    /// Bytes and values held, and evictions so far, for metrics.
    package var usage: (byteCount: Int, count: Int, evictions: Int) { first.usage }

    /// What was computed, and what it is to be known by: a commit may have come while it was, and then it is no answer to
    /// what was asked. `nil`: not to be kept.
    package typealias Computed = (value: [UInt8], key: CacheKey?)

    /// The answer, computed if it is nowhere.
    /// - Throws: what `compute` throws, to everyone who waits for it; nothing is kept then. `CancellationError` to whoever is
    ///   cancelled while others still wait.
    package func answer(
        _ key: CacheKey, of kind: Kind, compute: @escaping @Sendable () async throws -> Computed
    ) async throws -> Answer {
        if let value = first.found(key) {
            metrics[kind]?.hits.increment()
            return Answer(bytes: value, isHit: true)
        }
        let (task, number, isFirst) = join(key, kind, compute)
        if !isFirst { metrics[kind]?.joined.increment() }
        return try await withTaskCancellationHandler {
            // Whoever was cancelled has been taken off the flight already.
            defer { if !Task.isCancelled { leave(key, number) } }
            return try await SharedWait.value(of: task)
        } onCancel: {
            giveUp(key, number)
        }
    }

    private func join(
        _ key: CacheKey, _ kind: Kind, _ compute: @escaping @Sendable () async throws -> Computed
    ) -> (Task<Answer, any Error>, Int, isFirst: Bool) {
        state.withLock { state in
            if let flight = state.flights[key] {
                state.flights[key]?.waiting += 1
                return (flight.task, flight.number, false)
            }
            state.flightCount += 1
            // A task of its own: whoever asked first may go away while others wait.
            let task = Task { try await self.found(key, kind, compute) }
            state.flights[key] = Flight(task: task, waiting: 1, number: state.flightCount)
            return (task, state.flightCount, true)
        }
    }

    /// The flight is over for one of those who wait: it is taken off the board by whoever comes first.
    private func leave(_ key: CacheKey, _ number: Int) {
        state.withLock { state in
            if state.flights[key]?.number == number { state.flights[key] = nil }
        }
    }

    /// When all who waited have gone, nobody needs the answer.
    private func giveUp(_ key: CacheKey, _ number: Int) {
        let abandoned = state.withLock { state -> Task<Answer, any Error>? in
            guard let flight = state.flights[key], flight.number == number else { return nil }
            state.flights[key]?.waiting -= 1
            guard flight.waiting <= 1 else { return nil }
            state.flights[key] = nil
            return flight.task
        }
        abandoned?.cancel()
    }

    private func found(
        _ key: CacheKey, _ kind: Kind, _ compute: @Sendable () async throws -> Computed
    ) async throws -> Answer {
        let metrics = metrics[kind] ?? CacheMetrics(of: kind.rawValue)
        if let value = await shared(key, metrics) {
            metrics.sharedHits.increment()
            first.keep(value, for: key, lifetimeSeconds: Self.lifetimeSeconds)
            return Answer(bytes: value, isHit: true)
        }
        metrics.misses.increment()
        let started = ContinuousClock.now
        let computed = try await compute()
        metrics.computing.record((ContinuousClock.now - started) / .seconds(1))
        if let key = computed.key {
            first.keep(computed.value, for: key, lifetimeSeconds: Self.lifetimeSeconds)
            share(computed.value, key, metrics)
        }
        return Answer(bytes: computed.value, isHit: false)
    }

    private func shared(_ key: CacheKey, _ metrics: CacheMetrics) async -> [UInt8]? {
        guard let second else { return nil }
        let started = ContinuousClock.now
        do {
            let framed = try await second.value(for: key)
            metrics.asking.record((ContinuousClock.now - started) / .seconds(1))
            guard let framed else { return nil }
            // Others may write to a shared cache: what is not whole is not taken.
            guard let value = CacheFrame.value(framed, key) else {
                metrics.failures.increment()
                return nil
            }
            return value
        } catch {
            note(error, metrics)
            return nil
        }
    }

    private func share(_ value: [UInt8], _ key: CacheKey, _ metrics: CacheMetrics) {
        guard let second, value.count <= first.valueBytesMax else { return }
        let mayStore = state.withLock { state in
            guard state.stores < Self.storesMax else { return false }
            state.stores += 1
            return true
        }
        guard mayStore else { return }
        Task {
            do {
                try await second.store(
                    CacheFrame.framed(value, key), for: key, lifetimeSeconds: Self.lifetimeSeconds)
            } catch {
                note(error, metrics)
            }
            state.withLock { $0.stores -= 1 }
        }
    }

    private func note(_ error: any Error, _ metrics: CacheMetrics) {
        metrics.failures.increment()
        let isDue = state.withLock { state in
            let now = ContinuousClock.now
            if let warned = state.warned, now - warned < .seconds(Self.warningSeconds) { return false }
            state.warned = now
            return true
        }
        if isDue { logger.warning("the shared cache is away; answers are computed", metadata: ["cause": "\(error)"]) }
    }
}

import Access
import HTTPTypes
import LakeModel
import Observability
import Synchronization
import TrinoSQL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a statement ended with.
struct TrinoOutcome: Sendable {
    var columns: [TrinoColumn] = []
    /// The rows, cut into pages, each a JSON array.
    var pages: [[UInt8]] = []
    var rowCount = 0
    var updateType: String?
    /// What the client's session changes to.
    var headers: HTTPFields = [:]
}

/// One statement of a client, from its text to the last page of its result.
final class TrinoQuery: Sendable {
    enum Phase: String, Sendable {
        case queued = "QUEUED", running = "RUNNING", finished = "FINISHED", failed = "FAILED"
    }

    struct State: Sendable {
        var phase = Phase.queued
        var outcome = TrinoOutcome()
        var failure: TrinoFailure?
        /// Pages before this one are gone.
        var firstToken = 0
        var bytes = 0
        var lastUse = ContinuousClock.now
        var ended: ContinuousClock.Instant?
        var work: Task<Void, Never>?
        /// Requests that are told of the end, by numbers of their own.
        fileprivate var waiting: [Int: AsyncStream<Never>.Continuation] = [:]
        fileprivate var waitingCount = 0

        var isEnded: Bool { phase == .finished || phase == .failed }
        var errorName: String? { failure?.name }
    }

    let id: String
    /// What the addresses of the query hold besides its id, so that they cannot be guessed.
    let slug = TraceID.random()
    let owner: Principal
    let user: String
    let source: String?
    let text: String
    let isParametric: Bool
    let created = ContinuousClock.now
    let createdText: String
    let state = Mutex(State())

    init(id: String, owner: Principal, session: TrinoSession, text: String, createdText: String) {
        self.id = id
        self.owner = owner
        user = session.user
        source = session.source
        self.text = text
        isParametric = session.isParametric
        self.createdText = createdText
    }

    var summary: State { state.withLock { $0 } }

    func start(_ work: @escaping @Sendable () async throws -> TrinoOutcome) {
        let task = Task {
            state.withLock { if !$0.isEnded { $0.phase = .running } }
            do {
                end(.success(try await work()))
            } catch {
                end(.failure(TrinoFailure(error)))
            }
        }
        state.withLock { $0.work = task }
    }

    func end(_ result: Result<TrinoOutcome, TrinoFailure>) {
        let waiting = state.withLock { state -> [AsyncStream<Never>.Continuation] in
            guard !state.isEnded else { return [] }
            state.ended = .now
            switch result {
            case .success(let outcome):
                state.phase = .finished
                state.outcome = outcome
                state.bytes = outcome.pages.reduce(0) { $0 + $1.count }
            case .failure(let failure):
                state.phase = .failed
                state.failure = failure
            }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.finish() }
    }

    func cancel(_ name: String, _ message: String) {
        end(.failure(TrinoFailure(name, message)))
        state.withLock { state in
            state.work?.cancel()
            state.outcome.pages = []
            state.bytes = 0
        }
    }

    /// Waits until the statement ends, or for so long.
    func wait(milliseconds: Int) async throws {
        let (end, continuation) = AsyncStream.makeStream(of: Never.self)
        let number = state.withLock { state -> Int? in
            guard !state.isEnded else { return nil }
            state.waitingCount += 1
            state.waiting[state.waitingCount] = continuation
            return state.waitingCount
        }
        guard let number else { return }
        let timer = Task {
            try await Task.sleep(for: .milliseconds(milliseconds))
            continuation.finish()
        }
        defer {
            timer.cancel()
            state.withLock { $0.waiting[number] = nil }
        }
        // Nothing comes but the end, or that nobody waits any more.
        for await _ in end {}
        try Task.checkCancellation()
    }
}

/// The statements that clients have under way or whose results they fetch.
final class TrinoQueries: Sendable {
    private struct Kept: Sendable {
        var queries: [String: TrinoQuery] = [:]
        var transactions: [String: ContinuousClock.Instant] = [:]
        /// Queries that a Trino cluster has, by their ids there.
        var forwarded: [String: Forwarded] = [:]
        var count = 0
    }

    private struct Forwarded: Sendable {
        var owner: Principal
        var user: String
        var lastUse = ContinuousClock.now
    }

    private let kept = Mutex(Kept())

    /// - Throws: ``GatewayError`` `overloaded` when too many are kept; clients try again.
    func add(_ text: String, _ session: TrinoSession, owner: Principal) throws -> TrinoQuery {
        sweep()
        return try kept.withLock { kept in
            guard kept.queries.count < TrinoLimits.queriesMax else {
                throw GatewayError(
                    code: "overloaded", message: "\(TrinoLimits.queriesMax) queries are under way already",
                    remedy: "try again after the time that Retry-After names", isRetryable: true)
            }
            kept.count += 1
            let now = UTCText.text(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
            let digits = now.prefix(19).filter(\.isNumber)
            let number = String(kept.count % 100_000)
            let padded = String(repeating: "0", count: 5 - number.count) + number
            let id = "\(digits.prefix(8))_\(digits.suffix(6))_\(padded)_\(TraceID.random().prefix(5))"
            let query = TrinoQuery(id: id, owner: owner, session: session, text: text, createdText: now)
            kept.queries[id] = query
            return query
        }
    }

    /// The query with this id and slug, for who began it.
    /// - Throws: ``GatewayError`` `query-unknown`.
    func find(_ id: String, slug: String?, _ reader: Principal) throws -> TrinoQuery {
        let query = kept.withLock { $0.queries[id] }
        guard let query, query.owner == reader, slug == nil || slug == query.slug else {
            throw Self.unknown
        }
        query.state.withLock { $0.lastUse = .now }
        return query
    }

    /// The queries of one sender.
    func all(of reader: Principal) -> [TrinoQuery] {
        kept.withLock { $0.queries.values.filter { $0.owner == reader } }.sorted { $0.id < $1.id }
    }

    /// Bytes of all results that wait.
    var bytes: Int { kept.withLock { $0.queries.values.reduce(0) { $0 + $1.summary.bytes } } }

    /// Gives up what nobody asked for in a while.
    private func sweep() {
        let now = ContinuousClock.now
        let stale = kept.withLock { kept in
            let stale = kept.queries.values.filter {
                $0.summary.lastUse + .seconds(TrinoLimits.idleSecondsMax) < now
            }
            for query in stale { kept.queries[query.id] = nil }
            kept.forwarded = kept.forwarded.filter {
                $0.value.lastUse + .seconds(TrinoLimits.idleSecondsMax) > now
            }
            kept.transactions = kept.transactions.filter { $0.value + .seconds(TrinoLimits.idleSecondsMax) > now }
            return stale
        }
        for query in stale { query.cancel("ABANDONED_QUERY", "Query was abandoned by its client") }
    }

    // MARK: Queries of a cluster

    func forward(_ id: String, owner: Principal, user: String) {
        sweep()
        kept.withLock { $0.forwarded[id] = Forwarded(owner: owner, user: user) }
    }

    /// The user for whom the cluster has the query; `nil` for a query of this server.
    /// - Throws: ``GatewayError`` `query-unknown` for the query of somebody else.
    func forwardedUser(_ id: String, _ reader: Principal) throws -> String? {
        try kept.withLock { kept in
            guard let query = kept.forwarded[id] else { return nil }
            guard query.owner == reader else { throw Self.unknown }
            kept.forwarded[id]?.lastUse = .now
            return query.user
        }
    }

    private static let unknown = GatewayError(
        code: "query-unknown", message: "there is no such query, or its result is gone",
        remedy: "send the statement again")

    // MARK: Transactions

    /// Statements only read, each the newest snapshots; a transaction holds nothing but its name.
    func beginTransaction() throws -> String {
        try kept.withLock { kept in
            guard kept.transactions.count < TrinoLimits.queriesMax else {
                throw TrinoFailure("QUERY_QUEUE_FULL", "there are too many transactions")
            }
            let id = TraceID.random()
            kept.transactions[id] = .now
            return id
        }
    }

    func useTransaction(_ id: String) throws {
        try kept.withLock { kept in
            guard kept.transactions[id] != nil else {
                throw TrinoFailure("UNKNOWN_TRANSACTION", "Unknown transaction ID: \(id.prefix(64))")
            }
            kept.transactions[id] = .now
        }
    }

    func endTransaction(_ id: String) { kept.withLock { $0.transactions[id] = nil } }
}

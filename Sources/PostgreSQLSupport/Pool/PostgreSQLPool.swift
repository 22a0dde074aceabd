import Foundation

/// Sessions with one server, each on a thread of its own, because libpq blocks: no thread of Swift's cooperative pool ever
/// waits for the database.
///
/// Threads and sessions come when they are needed, up to a limit, and go when they have not been used for a while. A
/// session that broke is replaced at the next call. What waits for a session is limited in number and time.
package final class PostgreSQLPool: Sendable {
    package let options: PostgreSQLOptions
    private let queue: PoolQueue

    package init(_ options: PostgreSQLOptions) {
        self.options = options
        queue = PoolQueue(options)
    }

    deinit { queue.close() }

    /// Refuses what waits and closes the sessions as soon as their work is done.
    package func close() { queue.close() }

    /// Runs `body` on a session's thread.
    /// - Throws: what `body` throws; ``PostgreSQLFailure`` when there is no session to be had; `CancellationError` when
    ///   the task is cancelled while it waits for one.
    package func run<Value: Sendable>(
        _ body: @escaping @Sendable (PostgreSQLConnection) throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let id = queue.makeID()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
                queue.submit(id) { session in
                    continuation.resume(with: Result { try body(try session.get()) })
                }
            }
        } onCancel: {
            queue.cancel(id)
        }
    }

    /// Runs `body` in one transaction (see ``PostgreSQLConnection/transaction(isReadOnly:_:)``).
    package func transaction<Value: Sendable>(
        isReadOnly: Bool = false, _ body: @escaping @Sendable (PostgreSQLConnection) throws -> Value
    ) async throws -> Value {
        try await run { try $0.transaction(isReadOnly: isReadOnly, body) }
    }

    /// Runs reads outside a transaction, once more when the session's plans or the session itself had gone stale.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (PostgreSQLConnection) throws -> Value
    ) async throws -> Value {
        do {
            return try await run(body)
        } catch let failure as PostgreSQLFailure where ["plan-stale", "connection-lost"].contains(failure.code) {
            return try await run(body)
        }
    }
}

/// The threads of a pool.
///
/// `@unchecked Sendable`: `state` is only touched under `condition`; everything else never changes.
private final class PoolQueue: @unchecked Sendable {
    typealias Job = @Sendable (Result<PostgreSQLConnection, any Error>) -> Void

    /// Bytes of stack that a thread gets.
    private static let stackBytes = 1 << 20

    private let options: PostgreSQLOptions
    private let condition = NSCondition()
    private var state: PoolState<Job>

    init(_ options: PostgreSQLOptions) {
        self.options = options
        state = PoolState(
            threadsMax: options.connectionsMax, waitersMax: options.waitersMax,
            waitMilliseconds: Int64(options.queueMilliseconds))
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        condition.lock()
        defer { condition.unlock() }
        return body()
    }

    private static func now() -> Int64 { Int64(ProcessInfo.processInfo.systemUptime * 1_000) }

    func makeID() -> UInt64 { locked { state.makeID() } }

    func submit(_ id: UInt64, _ job: @escaping Job) {
        switch locked({ state.submit(job, id: id, now: Self.now()) }) {
        case .wake: condition.signal()
        case .queued: break
        case .start: startThread()
        case .refusedFull: job(.failure(PostgreSQLFailure.busy("too many calls wait for PostgreSQL")))
        case .refusedClosed: job(.failure(PostgreSQLFailure.busy("the connections to PostgreSQL are closed")))
        }
    }

    func cancel(_ id: UInt64) { locked { state.cancel(id: id) }?(.failure(CancellationError())) }

    func close() {
        let left = locked { state.close() }
        condition.broadcast()
        for job in left { job(.failure(PostgreSQLFailure.busy("the connections to PostgreSQL are closed"))) }
    }

    private func startThread() {
        let thread = Thread { [self] in work() }
        thread.name = "postgresql"
        thread.stackSize = Self.stackBytes
        thread.start()
    }

    /// One thread's life: a session, and one job after another on it.
    private func work() {
        var session: PostgreSQLConnection?
        while let (job, isLate) = next() {
            if isLate {
                job(.failure(PostgreSQLFailure.busy("no connection to PostgreSQL became free in time")))
                continue
            }
            if session?.isAlive != true { session = nil }
            do {
                let open = try session ?? PostgreSQLConnection(options)
                session = open
                job(.success(open))
            } catch {
                job(.failure(error))
            }
        }
    }

    /// The next job; `nil` when there is none for long, or when the pool is closed.
    private func next() -> (job: Job, isLate: Bool)? {
        condition.lock()
        defer { condition.unlock() }
        let end = Date(timeIntervalSinceNow: Double(options.idleSeconds))
        var isAwake = true
        while true {
            switch state.take(now: Self.now()) {
            case .run(let job): return (job, false)
            case .refuse(let job): return (job, true)
            case .end:
                state.leave()
                return nil
            case .sleep:
                guard isAwake else {
                    state.leave()
                    return nil
                }
                state.fallAsleep()
                isAwake = condition.wait(until: end)
                state.wakeUp()
            }
        }
    }
}

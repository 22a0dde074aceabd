import Foundation
package import Logging
package import QueryEngine
import Synchronization

/// SQL by DuckDB, in child processes that are watched, limited and replaced.
///
/// Requests wait in a bounded queue and run one at a time in each of ``DuckDBConfiguration/workers`` processes. A query
/// that passes its time limit, and one whose task is cancelled, ends with its process, and so does everything else that
/// the engine may get into; the next request gets a fresh one. Processes start with the first request.
///
/// Call ``shutdown()`` at the end.
package final class DuckDBEngine: QueryEngine {
    /// The engine recurses into nested SQL results; threads get this much stack, bytes.
    private static let threadStackBytes = 2 << 20

    private let configuration: DuckDBConfiguration
    private let logger: Logger
    private let queue: JobQueue
    private let threads = ThreadCount()
    private let processes = ProcessList()
    private let outlines = OutlineCache()

    package init(configuration: DuckDBConfiguration, logger: Logger = Logger(label: "dipper.query")) {
        self.configuration = configuration
        self.logger = logger
        queue = JobQueue(countMax: configuration.queuedRequestsMax)
    }

    deinit { Self.turnAway(queue.close()) }

    package func execute(_ request: QueryRequest) async throws -> QueryResult {
        guard case .result(let result) = try await answer(.query(request)) else {
            preconditionFailure("a query was answered with an outline")
        }
        return result
    }

    /// Answers are kept: one text is asked for again and again.
    package func outline(of sql: String) async throws -> StatementOutline {
        if let known = outlines[sql] { return known }
        guard case .outline(let outline) = try await answer(.outline(sql)) else {
            preconditionFailure("an outline was answered with a result")
        }
        outlines.keep(outline, of: sql)
        return outline
    }

    private func answer(_ work: QueryJob.Work) async throws -> QueryJob.Answer {
        startThreads()
        let job = QueryJob(work)
        var isUrgent = false
        if case .outline = work { isUrgent = true }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard job.wait(continuation) else { return }
                switch queue.push(job, isUrgent: isUrgent) {
                case .queued: giveUpLater(job)
                case .full:
                    job.giveUp(
                        Self.overloaded("\(configuration.queuedRequestsMax) queries are waiting already"))
                case .closed: Self.turnAway([job])
                }
            }
        } onCancel: {
            job.cancel()
        }
    }

    /// The processes that run at the moment, for operators and tests.
    package var workerProcessIDs: [Int32] { processes.all }

    /// Takes no more requests, lets the running ones end, and waits until all processes are gone.
    package func shutdown() async {
        Self.turnAway(queue.close())
        await threads.stopped()
    }

    private func startThreads() {
        guard threads.start(configuration.workers) else { return }
        removeStaleFolders()
        for index in 0..<configuration.workers {
            let slot = Handover(
                value: WorkerSlot(configuration: configuration, queue: queue, processes: processes, logger: logger))
            let thread = Thread { [threads] in
                slot.value.run()
                threads.ended()
            }
            thread.name = "query-\(index)"
            thread.stackSize = Self.threadStackBytes
            thread.start()
        }
    }

    /// What workers of a server that was killed left behind.
    private func removeStaleFolders() {
        let folder = configuration.temporaryFolder
        // No folder yet means nothing to remove; what cannot be removed only takes room, and is logged.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasPrefix(WorkerSlot.folderPrefix) {
            do {
                try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            } catch {
                logger.warning("stale folder stays", metadata: ["folder": "\(name)", "error": "\(error)"])
            }
        }
    }

    /// A request waits at most as long as it may run.
    private func giveUpLater(_ job: QueryJob) {
        guard job.isWaiting else { return }
        let milliseconds = job.timeoutMilliseconds
        job.setTimer(
            Task { [weak job] in
                try await Task.sleep(for: .milliseconds(milliseconds))
                job?.giveUp(Self.overloaded("the query waited \(milliseconds) ms for its turn"))
            })
    }

    private static func overloaded(_ message: String) -> QueryError {
        QueryError(code: "overloaded", message: message, remedy: "run the query again later", isRetryable: true)
    }

    private static func turnAway(_ jobs: [QueryJob]) {
        for job in jobs { job.giveUp(overloaded("the query engine is shutting down")) }
    }
}

/// Carries a value to the one thread that will use it.
private struct Handover<Value>: @unchecked Sendable {
    // Unchecked: the creating thread lets go of the value when it starts the other.
    let value: Value
}

/// Counts the pool's threads and tells when the last one ended.
private final class ThreadCount: Sendable {
    private struct State {
        var running = 0
        var areStarted = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Whether the caller is the first, and so to start the threads.
    func start(_ count: Int) -> Bool {
        state.withLock { state in
            guard !state.areStarted else { return false }
            state.areStarted = true
            state.running = count
            return true
        }
    }

    func ended() {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.running -= 1
            guard state.running == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func stopped() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                guard state.running > 0 else { return true }
                state.waiting.append(continuation)
                return false
            }
            if isDone { continuation.resume() }
        }
    }
}

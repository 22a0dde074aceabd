/// Who waits for a connection and who works: the decisions of the pool, without threads, clocks or sockets.
struct PoolState<Job> {
    struct Waiting {
        let id: UInt64
        let job: Job
        /// Milliseconds of the caller's clock.
        let since: Int64
    }

    enum Submission: Equatable {
        /// A thread is to be started.
        case start
        /// A thread that sleeps is to be woken.
        case wake
        /// All threads work: one of them takes the job later.
        case queued
        case refusedFull
        case refusedClosed
    }

    enum Take {
        case run(Job)
        /// The job waited for too long and is to be refused.
        case refuse(Job)
        case sleep
        /// The pool is closed: the thread ends.
        case end
    }

    let threadsMax: Int
    let waitersMax: Int
    let waitMilliseconds: Int64
    private(set) var threads = 0
    private(set) var sleeping = 0
    private(set) var isClosed = false
    private var waiting: [Waiting] = []
    private var nextID: UInt64 = 0

    init(threadsMax: Int, waitersMax: Int, waitMilliseconds: Int64) {
        precondition(threadsMax > 0)
        self.threadsMax = threadsMax
        self.waitersMax = waitersMax
        self.waitMilliseconds = waitMilliseconds
    }

    var waiters: Int { waiting.count }

    mutating func makeID() -> UInt64 {
        nextID += 1
        return nextID
    }

    mutating func submit(_ job: Job, id: UInt64, now: Int64) -> Submission {
        if isClosed { return .refusedClosed }
        if waiting.count >= waitersMax { return .refusedFull }
        waiting.append(Waiting(id: id, job: job, since: now))
        if sleeping >= waiting.count { return .wake }
        if threads < threadsMax {
            threads += 1
            return .start
        }
        return .queued
    }

    /// Takes a job out that still waits.
    /// - Complexity: O(waiting jobs).
    mutating func cancel(id: UInt64) -> Job? {
        waiting.firstIndex { $0.id == id }.map { waiting.remove(at: $0).job }
    }

    /// What a thread does next. First come, first served.
    mutating func take(now: Int64) -> Take {
        guard !waiting.isEmpty else { return isClosed ? .end : .sleep }
        let first = waiting.removeFirst()
        return now - first.since > waitMilliseconds ? .refuse(first.job) : .run(first.job)
    }

    mutating func fallAsleep() { sleeping += 1 }
    mutating func wakeUp() { sleeping -= 1 }

    /// A thread ends.
    mutating func leave() { threads -= 1 }

    /// No job comes in any more; those that wait are given back to be refused.
    mutating func close() -> [Job] {
        isClosed = true
        defer { waiting.removeAll() }
        return waiting.map(\.job)
    }
}

internal import Foundation

/// Threads of our own for work that computes for long, so that it never sits on Swift's cooperative pool, where it would
/// hold up the answers to requests.
///
/// Jobs run first in, first out. The threads end when the executor is no longer used.
final class ThreadExecutor: TaskExecutor {
    private let queue: JobQueue
    /// Who runs the jobs in the place of own threads.
    private let other: (any TaskExecutor)?

    /// - Parameters:
    ///   - name: shown by debuggers and `top -H`.
    ///   - threadCount: at least 1.
    init(name: String, threadCount: Int) {
        precondition(threadCount > 0)
        let queue = JobQueue()
        self.queue = queue
        other = nil
        for index in 0..<threadCount {
            let thread = Thread { queue.work() }
            thread.name = "\(name)-\(index)"
            thread.stackSize = Self.stackBytes
            thread.start()
        }
    }

    /// Has no threads: every job goes to another executor, such as a simulation's, which decides about their order.
    init(handingTo other: any TaskExecutor) {
        queue = JobQueue()
        self.other = other
    }

    deinit { queue.close() }

    /// Bytes of stack a thread gets.
    private static let stackBytes = 4 << 20

    func enqueue(_ job: consuming ExecutorJob) {
        if let other { return other.enqueue(job) }
        let job = UnownedJob(job)
        let executor = unsafe asUnownedTaskExecutor()
        queue.push { unsafe job.runSynchronously(on: executor) }
    }
}

/// A queue whose readers sleep while it is empty.
///
/// `@unchecked Sendable`: every access to the stored properties happens under `condition`.
private final class JobQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [@Sendable () -> Void] = []
    private var head = 0
    private var isClosed = false

    func push(_ job: @escaping @Sendable () -> Void) {
        condition.lock()
        jobs.append(job)
        condition.signal()
        condition.unlock()
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }

    /// Runs jobs until the queue is closed and empty.
    func work() {
        while let job = next() { job() }
    }

    private func next() -> (@Sendable () -> Void)? {
        condition.lock()
        defer { condition.unlock() }
        while head == jobs.count {
            if isClosed { return nil }
            condition.wait()
        }
        let job = jobs[head]
        head += 1
        if head == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            head = 0
        }
        return job
    }
}

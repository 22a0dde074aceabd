import Foundation

/// A bounded queue from callers, which never block, to the workers' threads, which block for work.
final class JobQueue: @unchecked Sendable {
    // Every property below is touched with the condition's lock held.
    private let condition = NSCondition()
    private var jobs: [QueryJob] = []
    private var isClosed = false
    private let countMax: Int

    enum Entry { case queued, full, closed }

    init(countMax: Int) { self.countMax = countMax }

    /// - Parameter isUrgent: whether it goes before all others: parsing keeps nobody waiting.
    /// - Complexity: O(queue's length) when it is full of given-up requests or the request is urgent, else O(1).
    func push(_ job: QueryJob, isUrgent: Bool = false) -> Entry {
        condition.lock()
        defer { condition.unlock() }
        guard !isClosed else { return .closed }
        if jobs.count >= countMax { jobs.removeAll { !$0.isWaiting } }
        guard jobs.count < countMax else { return .full }
        jobs.insert(job, at: isUrgent ? 0 : jobs.count)
        condition.signal()
        return .queued
    }

    /// The next request, or `nil` once the queue is closed. Blocks the thread: never call it from a task.
    func pop() -> QueryJob? {
        condition.lock()
        defer { condition.unlock() }
        while jobs.isEmpty, !isClosed { condition.wait() }
        return isClosed || jobs.isEmpty ? nil : jobs.removeFirst()
    }

    /// Takes no more requests, wakes all threads, and returns what was waiting.
    func close() -> [QueryJob] {
        condition.lock()
        defer { condition.unlock() }
        isClosed = true
        defer { jobs = [] }
        condition.broadcast()
        return jobs
    }
}

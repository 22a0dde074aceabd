import Foundation
import Synchronization

/// A few threads for calls that block (file writes, fsync), so that they never hold up Swift's cooperative pool.
///
/// Work waits in one queue, first in, first out. The threads live as long as the pool.
package final class BlockingPool: Sendable {
    /// Threads of the shared pool: enough to keep a disk's queue busy while one of them waits for an fsync.
    package static let sharedThreadCount = 8
    package static let shared = BlockingPool(threadCount: sharedThreadCount)

    private let queue: WorkQueue

    package init(threadCount: Int) {
        precondition(threadCount > 0)
        let queue = WorkQueue()
        self.queue = queue
        for index in 0..<threadCount {
            let thread = Thread { queue.work() }
            thread.name = "blocking-\(index)"
            thread.start()
        }
    }

    deinit { queue.close() }

    /// Runs `work` on one of the threads and waits for it without blocking the caller's.
    package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.push { continuation.resume(with: Result(catching: work)) }
        }
    }

    /// Lets one of the threads do `work`, which nobody waits for.
    package func start(_ work: @escaping @Sendable () -> Void) { queue.push(work) }
}

/// Closures under a condition variable.
private final class WorkQueue: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        /// Index of the first element of `waiting` that was not taken; the taken ones are dropped in bulk.
        var head = 0
        var isClosed = false
    }

    private let condition = NSCondition()
    private let state = Mutex(State())

    func push(_ work: @escaping @Sendable () -> Void) {
        condition.lock()
        defer { condition.unlock() }
        state.withLock { $0.waiting.append(work) }
        condition.signal()
    }

    func close() {
        condition.lock()
        defer { condition.unlock() }
        state.withLock { $0.isClosed = true }
        condition.broadcast()
    }

    /// The loop of one thread: ends when the queue is closed and empty.
    func work() {
        while let next = take() { next() }
    }

    private func take() -> (@Sendable () -> Void)? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            let (next, isClosed) = state.withLock { state -> ((@Sendable () -> Void)?, Bool) in
                guard state.head < state.waiting.count else { return (nil, state.isClosed) }
                let next = state.waiting[state.head]
                state.head += 1
                if state.head == state.waiting.count {
                    state.waiting.removeAll(keepingCapacity: true)
                    state.head = 0
                } else if state.head > 1024 {
                    state.waiting.removeFirst(state.head)
                    state.head = 0
                }
                return (next, state.isClosed)
            }
            if let next { return next }
            if isClosed { return nil }
            condition.wait()
        }
    }
}

import Foundation

/// A thread for calls that block, so that none of Swift's own threads ever waits for a broker.
///
/// Jobs run one after the other with the value that the thread made when it began. It ends when nobody uses it any more.
final class BlockingThread<Value>: Sendable {
    private let jobs = ThreadJobs<Value>()

    /// Bytes of stack that a thread gets.
    private static var stackBytes: Int { 1 << 20 }

    /// - Parameter make: runs on the thread at its first job, and again until it succeeds.
    init(name: String, _ make: @escaping @Sendable () throws -> Value) {
        let jobs = jobs
        let thread = Thread {
            var value: Value?
            while let job = jobs.next() {
                do {
                    let made = try value ?? make()
                    value = made
                    job(.success(made))
                } catch {
                    job(.failure(error))
                }
            }
        }
        thread.name = name
        thread.stackSize = Self.stackBytes
        thread.start()
    }

    deinit { jobs.close() }

    /// Jobs that wait or run.
    var jobCount: Int { jobs.count }

    func close() { jobs.close() }

    /// Runs `body` on the thread.
    func run<Result: Sendable>(_ body: @escaping @Sendable (Value) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = jobs.push { value in
                continuation.resume(with: Swift.Result { try body(try value.get()) })
            }
            if !isTaken { continuation.resume(throwing: CancellationError()) }
        }
    }
}

/// Jobs in the order in which they came.
///
/// `@unchecked Sendable`: every access to the stored properties happens under `condition`.
private final class ThreadJobs<Value>: @unchecked Sendable {
    typealias Job = @Sendable (Result<Value, any Error>) -> Void

    private let condition = NSCondition()
    private var waiting: [Job] = []
    private var isRunning = false
    private var isClosed = false

    private func locked<Outcome>(_ body: () -> Outcome) -> Outcome {
        condition.lock()
        defer { condition.unlock() }
        return body()
    }

    var count: Int { locked { waiting.count + (isRunning ? 1 : 0) } }

    func push(_ job: @escaping Job) -> Bool {
        locked {
            if isClosed { return false }
            waiting.append(job)
            condition.signal()
            return true
        }
    }

    /// What waits is still done.
    func close() {
        locked {
            isClosed = true
            condition.broadcast()
        }
    }

    func next() -> Job? {
        locked {
            isRunning = false
            while waiting.isEmpty {
                if isClosed { return nil }
                condition.wait()
            }
            isRunning = true
            return waiting.removeFirst()
        }
    }
}

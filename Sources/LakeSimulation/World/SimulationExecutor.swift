internal import Foundation
package import LakeTesting

/// Runs every job of a simulation on one thread, in an order that the seed decides.
///
/// Jobs that are ready and tasks that gave up their turn lie in one pool, out of which the next is drawn.
///
/// `@unchecked Sendable`: the pool is used under `condition` alone.
package final class SimulationExecutor: TaskExecutor, @unchecked Sendable {
    private enum Ready {
        case job(UnownedJob)
        case turn(CheckedContinuation<Void, Never>)
    }

    private let condition = NSCondition()
    private var ready: [Ready] = []
    private var random: SeededRandom

    /// Seconds without a job after which a run is stuck: something waits for what never comes, or left this thread.
    private static let stallSeconds = 30.0

    package init(random: SeededRandom) { self.random = random }

    package func enqueue(_ job: consuming ExecutorJob) { push(.job(UnownedJob(job))) }

    /// Lets other tasks go first.
    func turn() async {
        await withCheckedContinuation { continuation in push(.turn(continuation)) }
    }

    private func push(_ next: Ready) {
        condition.lock()
        ready.append(next)
        condition.signal()
        condition.unlock()
    }

    /// Works until `body` has ended.
    package func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        let result = Result<Value>()
        Task(executorPreference: self) {
            let value = await body()
            result.value = value
        }
        while true {
            // Tasks that nobody waits for end too, so that nothing of this run outlives it.
            if let value = result.value, isEmpty { return value }
            switch next() {
            case .job(let job): unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            case .turn(let continuation): continuation.resume()
            }
        }
    }

    private var isEmpty: Bool {
        condition.lock()
        defer { condition.unlock() }
        return ready.isEmpty
    }

    private func next() -> Ready {
        condition.lock()
        defer { condition.unlock() }
        while ready.isEmpty {
            guard condition.wait(until: Date(timeIntervalSinceNow: Self.stallSeconds)) else {
                preconditionFailure("a simulation stalled: nothing is ready, and it has not ended")
            }
        }
        let index = Int(random.next() % UInt64(ready.count))
        ready.swapAt(index, ready.count - 1)
        return ready.removeLast()
    }

    /// `@unchecked Sendable`: set and read on the executor's thread.
    private final class Result<Value: Sendable>: @unchecked Sendable {
        var value: Value?
    }
}

import Synchronization

/// Waits for work that others wait for as well.
enum SharedWait {
    private enum State<Value: Sendable>: Sendable {
        case new
        case waiting(CheckedContinuation<Value, any Error>)
        case over(Result<Value, any Error>)
    }

    private final class Gate<Value: Sendable>: Sendable {
        private let state = Mutex(State<Value>.new)

        func wait(_ continuation: CheckedContinuation<Value, any Error>) {
            let result = state.withLock { state -> Result<Value, any Error>? in
                if case .over(let result) = state { return result }
                state = .waiting(continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }

        func end(_ result: Result<Value, any Error>) {
            let continuation = state.withLock { state -> CheckedContinuation<Value, any Error>? in
                switch state {
                case .over: return nil
                case .new:
                    state = .over(result)
                    return nil
                case .waiting(let continuation):
                    state = .over(result)
                    return continuation
                }
            }
            continuation?.resume(with: result)
        }
    }

    /// The task's value; `CancellationError` as soon as the caller is cancelled, while the task goes on.
    static func value<Value: Sendable>(of task: Task<Value, any Error>) async throws -> Value {
        let gate = Gate<Value>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                gate.wait(continuation)
                Task { gate.end(await task.result) }
            }
        } onCancel: {
            gate.end(.failure(CancellationError()))
        }
    }
}

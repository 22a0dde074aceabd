internal import Synchronization

/// One look for all who ask at the same time. A look that is under way already may have seen what was before the question:
/// whoever comes then waits for the next one, which all who come meanwhile share.
final class Rounds<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Round {
        let number: UInt64
        let task: Task<Value, any Error>
    }

    private struct Line {
        var running: Round?
        var next: Round?
    }

    private struct State {
        var lines: [Key: Line] = [:]
        var count: UInt64 = 0
    }

    private let state = Mutex(State())

    /// - Throws: what `body` throws, to all who share the round.
    func join(_ key: Key, _ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = state.withLock { state in
            if let next = state.lines[key]?.next { return next.task }
            state.count += 1
            let number = state.count
            let previous = state.lines[key]?.running?.task
            let task = Task {
                _ = await previous?.result
                self.begin(key, number)
                defer { self.end(key, number) }
                return try await body()
            }
            state.lines[key, default: Line()].next = Round(number: number, task: task)
            return task
        }
        return try await task.value
    }

    private func begin(_ key: Key, _ number: UInt64) {
        state.withLock { state in
            guard let next = state.lines[key]?.next, next.number == number else { return }
            state.lines[key]?.running = next
            state.lines[key]?.next = nil
        }
    }

    private func end(_ key: Key, _ number: UInt64) {
        state.withLock { state in
            if state.lines[key]?.running?.number == number { state.lines[key]?.running = nil }
            if state.lines[key]?.running == nil, state.lines[key]?.next == nil { state.lines[key] = nil }
        }
    }
}

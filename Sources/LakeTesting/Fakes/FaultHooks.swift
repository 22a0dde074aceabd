import Synchronization

/// Where a fake can be made to fail: hooks that tests set and change while it runs.
///
/// A hook that throws before the change makes the call fail with nothing done; one that throws after it makes the
/// answer get lost, which is what a caller sees as an unknown state.
package final class FaultHooks: Sendable {
    package typealias Hook = @Sendable (_ call: String) async throws -> Void

    private struct State {
        var before: Hook?
        var after: Hook?
        var calls: [String: Int] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Runs before each changing call does anything.
    package func setBefore(_ hook: Hook?) { state.withLock { $0.before = hook } }

    /// Runs after each changing call has done its work, before it answers.
    package func setAfter(_ hook: Hook?) { state.withLock { $0.after = hook } }

    /// How often a call was made.
    package func count(of call: String) -> Int { state.withLock { $0.calls[call] ?? 0 } }

    func before(_ call: String) async throws {
        let hook = state.withLock { state in
            state.calls[call, default: 0] += 1
            return state.before
        }
        try await hook?(call)
    }

    func after(_ call: String) async throws { try await state.withLock { $0.after }?(call) }
}

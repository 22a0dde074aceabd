import Synchronization
import Testing

@testable import CatalogService

struct JoinedReadsTests {
    /// Reads that end when the test says so.
    private final class Source: Sendable {
        private struct State {
            var begun = 0
            var asked = 0
            var held: [CheckedContinuation<Void, Never>] = []
            var isOpen = false
        }

        private let state = Mutex(State())

        var begun: Int { state.withLock { $0.begun } }
        var asked: Int { state.withLock { $0.asked } }

        func ask() { state.withLock { $0.asked += 1 } }

        func read() async -> Int {
            let number = state.withLock { state in
                state.begun += 1
                return state.begun
            }
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if !state.isOpen { state.held.append(continuation) }
                    return state.isOpen
                }
                if goesOn { continuation.resume() }
            }
            return number
        }

        func open() {
            let held = state.withLock { state in
                state.isOpen = true
                defer { state.held = [] }
                return state.held
            }
            for continuation in held { continuation.resume() }
        }
    }

    private func wait(until condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test func `who asks during a read gets the next one, together with all others who do`() async throws {
        let reads = JoinedReads<String, Int>()
        let source = Source()
        async let first = reads.value(of: "a") { await source.read() }
        await wait { source.begun == 1 }
        let values = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    source.ask()
                    return try await reads.value(of: "a") { await source.read() }
                }
            }
            await wait { source.asked == 16 }
            source.open()
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(try await first == 1)
        #expect(values.allSatisfy { $0 > 1 }, "nobody gets what was read before they asked")
        #expect(source.begun == (values.max() ?? 0) && source.begun <= 17)
        // Afterwards every read is one of its own again.
        let next = source.begun + 1
        #expect(try await reads.value(of: "a") { await source.read() } == next)
        #expect(try await reads.value(of: "b") { await source.read() } == next + 1)
    }

    @Test func `a failure is everybody's, and the next read is not spoilt by it`() async throws {
        struct Failure: Error {}
        let reads = JoinedReads<Int, Int>()
        await #expect(throws: Failure.self) { try await reads.value(of: 1) { throw Failure() } }
        await #expect(throws: CancellationError.self) { try await reads.value(of: 1) { throw CancellationError() } }
        #expect(try await reads.value(of: 1) { 7 } == 7)
    }
}

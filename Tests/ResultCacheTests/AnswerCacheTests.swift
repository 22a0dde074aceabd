import LakeTesting
import Logging
import Synchronization
import Testing

@testable import ResultCache

@Suite struct AnswerCacheTests {
    private struct Broken: Error {}

    private let key = CacheKey(["question"])
    private let other = CacheKey(["another question"])
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private final class Count: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func increment() { count.withLock { $0 += 1 } }
    }

    @Test func `an answer is computed once`() async throws {
        let cache = AnswerCache(logger: logger)
        let computed = Count()
        for _ in 0..<3 {
            let answer = try await cache.answer(key) {
                computed.increment()
                return ([1, 2], key)
            }
            #expect(answer == [1, 2])
        }
        #expect(computed.value == 1)
    }

    @Test func `those who ask at the same time share one computation`() async throws {
        let cache = AnswerCache(logger: logger)
        let computed = Count()
        let asked = Count()
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<50 {
                group.addTask {
                    asked.increment()
                    return try await cache.answer(key) {
                        computed.increment()
                        // Until all have asked.
                        while asked.value < 50 { await Task.yield() }
                        return ([7], key)
                    }
                }
            }
            for try await answer in group { #expect(answer == [7]) }
        }
        #expect(computed.value == 1)
    }

    @Test func `a failure reaches all who wait and is not kept`() async throws {
        let cache = AnswerCache(logger: logger)
        await #expect(throws: Broken.self) { _ = try await cache.answer(key) { throw Broken() } }
        #expect(try await cache.answer(key) { ([1], key) } == [1])
    }

    @Test func `an answer is kept under what it was computed from`() async throws {
        let cache = AnswerCache(logger: logger)
        #expect(try await cache.answer(key) { ([2], other) } == [2])
        #expect(try await cache.answer(key) { ([1], nil) } == [1])
        #expect(try await cache.answer(other) { ([3], other) } == [2])
    }

    @Test func `when the first who asked goes away the others get their answer`() async throws {
        let cache = AnswerCache(logger: logger)
        let started = Count()
        let mayEnd = Count()
        let compute: @Sendable () async throws -> AnswerCache.Computed = {
            started.increment()
            while mayEnd.value == 0 {
                try Task.checkCancellation()
                await Task.yield()
            }
            return ([5], key)
        }
        let first = Task { try await cache.answer(key, compute: compute) }
        while started.value == 0 { await Task.yield() }
        let joined = Count()
        let second = Task {
            joined.increment()
            return try await cache.answer(key, compute: compute)
        }
        while joined.value == 0 { await Task.yield() }
        for _ in 0..<100 { await Task.yield() }
        first.cancel()
        mayEnd.increment()
        #expect(try await second.value == [5])
    }

    @Test func `a computation that nobody waits for any more is cancelled`() async throws {
        let cache = AnswerCache(logger: logger)
        let started = Count()
        let task = Task {
            try await cache.answer(key) {
                started.increment()
                try await Task.sleep(for: .seconds(600))
                return ([1], key)
            }
        }
        while started.value == 0 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        #expect(try await cache.answer(key) { ([2], key) } == [2])
    }

    @Test func `what another process computed is taken from the shared cache`() async throws {
        let shared = MemoryResultCache()
        let one = AnswerCache(second: shared, logger: logger)
        let another = AnswerCache(second: shared, logger: logger)
        #expect(try await one.answer(key) { ([1, 2, 3], key) } == [1, 2, 3])
        while shared.all.isEmpty { await Task.yield() }
        #expect(try await another.answer(key) { throw Broken() } == [1, 2, 3])
    }

    @Test(arguments: [[], [1], Array("dipper1\n".utf8), [UInt8](repeating: 0, count: 100)])
    func `what is no whole answer in the shared cache is not taken`(garbage: [UInt8]) async throws {
        let shared = MemoryResultCache()
        try await shared.store(garbage, for: key, lifetimeSeconds: 60)
        let cache = AnswerCache(second: shared, logger: logger)
        #expect(try await cache.answer(key) { ([9], key) } == [9])
    }

    @Test func `an answer stored under another key in the shared cache is not taken`() async throws {
        let shared = MemoryResultCache()
        try await shared.store(CacheFrame.framed([1], other), for: key, lifetimeSeconds: 60)
        let cache = AnswerCache(second: shared, logger: logger)
        #expect(try await cache.answer(key) { ([9], key) } == [9])
    }

    @Test func `without the shared cache answers are computed`() async throws {
        let shared = MemoryResultCache()
        shared.hooks.setBefore { _ in throw CacheError.unavailable("it is away") }
        let cache = AnswerCache(second: shared, logger: logger)
        #expect(try await cache.answer(key) { ([4], key) } == [4])
        #expect(try await cache.answer(key) { throw Broken() } == [4])
        #expect(try await cache.answer(other) { ([5], other) } == [5])
    }

    @Test func `one of many who wait is cancelled at once, and the others get their answer`() async throws {
        let cache = AnswerCache(logger: logger)
        let started = Count()
        let mayEnd = Count()
        let compute: @Sendable () async throws -> AnswerCache.Computed = {
            started.increment()
            while mayEnd.value == 0 {
                try Task.checkCancellation()
                await Task.yield()
            }
            return ([5], key)
        }
        let first = Task { try await cache.answer(key, compute: compute) }
        while started.value == 0 { await Task.yield() }
        let second = Task { try await cache.answer(key, compute: compute) }
        for _ in 0..<100 { await Task.yield() }
        second.cancel()
        // The computation has not ended, and does not before this has.
        await #expect(throws: CancellationError.self) { _ = try await second.value }
        let third = Task { try await cache.answer(key, compute: compute) }
        for _ in 0..<100 { await Task.yield() }
        mayEnd.increment()
        let found = [try await first.value, try await third.value]
        #expect(found == [[5], [5]])
        #expect(started.value == 1)
    }

    @Test func `an answer tells whether it was there already`() async throws {
        let shared = MemoryResultCache()
        let cache = AnswerCache(second: shared, logger: logger)
        let another = AnswerCache(second: shared, logger: logger)
        #expect(try await cache.answer(key, of: .query) { ([1], key) } == .init(bytes: [1], isHit: false))
        #expect(try await cache.answer(key, of: .query) { throw Broken() } == .init(bytes: [1], isHit: true))
        while shared.all.isEmpty { await Task.yield() }
        #expect(try await another.answer(key, of: .query) { throw Broken() } == .init(bytes: [1], isHit: true))
    }
}

extension AnswerCache {
    fileprivate func answer(
        _ key: CacheKey, compute: @escaping @Sendable () async throws -> Computed
    ) async throws -> [UInt8] { try await answer(key, of: .analytic, compute: compute).bytes }
}

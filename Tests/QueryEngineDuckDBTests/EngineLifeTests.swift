import Foundation
import Glibc
import LakeModel
import QueryEngine
import Testing

@testable import QueryEngineDuckDB

/// Queries that never end by themselves.
private let endless = "SELECT count(*) FROM range(1000000000) a(x), range(1000000000) b(y) WHERE x * y % 7 = 3"

extension DuckDBTests {
    @Suite struct EngineLifeTests {
        private func isZombie(_ pid: pid_t) -> Bool {
            let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ") Z"
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
            // The pipe is closed when the last thread is gone, not with the first.
            return threads.count <= 1 && text.split(separator: ")").last?.hasPrefix(" Z") ?? true
        }

        private func milliseconds(_ body: () async throws -> Void) async rethrows -> Int {
            let start = ContinuousClock.now
            try await body()
            return Int((ContinuousClock.now - start) / .milliseconds(1))
        }

        @Test func `a query past its time limit is killed on time, and the next one works`() async throws {
            try await Lab.run({ $0.workers = 1 }) { lab in
                _ = try await lab.rows("SELECT 1")
                let time = try await milliseconds {
                    let error = try await lab.error(endless, limits: QueryLimits(timeoutMilliseconds: 300))
                    #expect(error.code == "query-timeout")
                    #expect(!error.isRetryable)
                }
                // Left alone it never ends; tests beside it may take the processors for long.
                #expect((300..<60_000).contains(time))
                let after = try await lab.rows("SELECT 2")
                #expect(after == [[.integer(2)]])
            }
        }

        @Test func `a cancelled task ends its query at once`() async throws {
            try await Lab.run({ $0.workers = 1 }) { lab in
                _ = try await lab.rows("SELECT 1")
                let before = lab.engine.workerProcessIDs
                let task = Task { try await lab.rows(endless) }
                try await Task.sleep(for: .milliseconds(300))
                let time = await milliseconds {
                    task.cancel()
                    await #expect(throws: CancellationError.self) { try await task.value }
                }
                #expect(time < 3000)
                let after = try await lab.rows("SELECT 2")
                #expect(after == [[.integer(2)]])
                #expect(lab.engine.workerProcessIDs != before)
            }
        }

        @Test func `a task cancelled in the queue never runs`() async throws {
            try await Lab.run({ $0.workers = 1 }) { lab in
                let running = Task { try await lab.rows(endless, limits: QueryLimits(timeoutMilliseconds: 1500)) }
                try await Task.sleep(for: .milliseconds(400))
                let waiting = Task { try await lab.rows("SELECT 1") }
                try await Task.sleep(for: .milliseconds(100))
                waiting.cancel()
                await #expect(throws: CancellationError.self) { try await waiting.value }
                await #expect(throws: QueryError.self) { try await running.value }
            }
        }

        @Test func `a worker killed in the middle of a query is an engine-crashed, and the next query works`()
            async throws
        {
            try await Lab.run({ $0.workers = 1 }) { lab in
                _ = try await lab.rows("SELECT 1")
                let task = Task { try await lab.error(endless) }
                try await Task.sleep(for: .milliseconds(300))
                let pid = try #require(lab.engine.workerProcessIDs.first)
                #expect(kill(pid, SIGKILL) == 0)
                let error = try await task.value
                #expect(error.code == "engine-crashed")
                #expect(error.isRetryable)
                let after = try await lab.rows("SELECT 2")
                #expect(after == [[.integer(2)]])
                #expect(kill(pid, 0) == -1, "the dead worker was waited for")
            }
        }

        @Test func `a worker that dies idle costs no query`() async throws {
            try await Lab.run({ $0.workers = 1 }) { lab in
                for _ in 0..<8 {
                    _ = try await lab.rows("SELECT 1")
                    let pid = try #require(lab.engine.workerProcessIDs.first)
                    #expect(kill(pid, SIGKILL) == 0)
                    while !isZombie(pid) { try await Task.sleep(for: .milliseconds(5)) }
                }
            }
        }

        @Test func `too little memory is query-memory or a crash, and the next query works`() async throws {
            try await Lab.run({
                $0.workers = 1
                $0.memoryBytesMax = 64 << 20
                $0.temporaryBytesMax = 32 << 20
            }) { lab in
                let greedy = "SELECT count(*) FROM (SELECT DISTINCT x, hash(x) FROM range(50000000) t(x))"
                let error = try await lab.error(greedy)
                #expect(error.code == "query-memory")
                let text = try await lab.error("SELECT length(string_agg(repeat('x', 1000000), '')) FROM range(4000)")
                #expect(["query-memory", "sql-invalid", "engine-crashed"].contains(text.code), "\(text)")
                let after = try await lab.rows("SELECT 2")
                #expect(after == [[.integer(2)]])
            }
        }

        @Test func `more requests than the queue holds are overloaded`() async throws {
            try await Lab.run({
                $0.workers = 1
                $0.queuedRequestsMax = 2
            }) { lab in
                let limits = QueryLimits(timeoutMilliseconds: 1000)
                let running = Task { try await lab.error(endless, limits: limits) }
                try await Task.sleep(for: .milliseconds(400))
                let waiting = (0..<2).map { _ in Task { try await lab.rows("SELECT 1") } }
                try await Task.sleep(for: .milliseconds(100))
                let error = try await lab.error("SELECT 1")
                #expect(error.code == "overloaded")
                #expect(error.isRetryable)
                for task in waiting {
                    let rows = try await task.value
                    #expect(rows == [[.integer(1)]])
                }
                let ended = try await running.value
                #expect(ended.code == "query-timeout")
            }
        }

        @Test func `a request waits no longer than it may run`() async throws {
            try await Lab.run({ $0.workers = 1 }) { lab in
                let running = Task { try await lab.error(endless, limits: QueryLimits(timeoutMilliseconds: 2000)) }
                try await Task.sleep(for: .milliseconds(300))
                let time = try await milliseconds {
                    let error = try await lab.error("SELECT 1", limits: QueryLimits(timeoutMilliseconds: 200))
                    #expect(error.code == "overloaded")
                }
                #expect(time < 1500)
                _ = try await running.value
            }
        }

        @Test func `a missing library says how to get it`() async throws {
            try await Lab.run({
                $0.environment["DIPPER_LIBDUCKDB"] = "/nowhere/libduckdb.so"
            }) { lab in
                let error = try await lab.error("SELECT 1")
                #expect(error.code == "engine-missing")
                #expect(error.remedy?.contains("bin/up") == true)
            }
            try await Lab.run({
                $0.environment["DIPPER_LIBDUCKDB"] = "/etc/hostname"
            }) { lab in
                let error = try await lab.error("SELECT 1")
                #expect(error.code == "engine-missing")
            }
        }

        @Test func `a worker that cannot be started is an engine-crashed and pauses after some tries`() async throws {
            try await Lab.run({
                $0.workers = 1
                $0.workerCommand = ["/bin/false"]
            }) { lab in
                for _ in 0..<RestartBackoff.freeFailures {
                    let error = try await lab.error("SELECT 1")
                    #expect(error.code == "engine-crashed")
                }
                let paused = try await lab.error("SELECT 1")
                #expect(paused.message.contains("in a row"))
            }
        }

        @Test func `workers inherit no descriptor and no environment`() async throws {
            let leaked = unsafe open("/etc/hostname", O_RDONLY)
            defer { close(leaked) }
            try await Lab.run({ $0.environment["DIPPER_SECRET"] = "x" }) { lab in
                _ = try await lab.rows("SELECT 1")
                let pid = try #require(lab.engine.workerProcessIDs.first)
                let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")
                let targets = try descriptors.map {
                    try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\($0)")
                }
                #expect(!targets.contains("/etc/hostname"))
                // The pipe twice; 0 is /dev/null; 1 and 2 are our standard error.
                #expect(targets.filter { $0.hasPrefix("socket:") }.count == 2)
                let environment = try #require(FileManager.default.contents(atPath: "/proc/\(pid)/environ"))
                let names = String(decoding: environment, as: UTF8.self).split(separator: "\u{0}").map {
                    $0.prefix { $0 != "=" }
                }
                #expect(Set(names).isSubset(of: ["PATH", "LD_LIBRARY_PATH", "TZ", "LC_ALL"]))
            }
        }

        @Test func `shutting down ends all workers and leaves no zombie`() async throws {
            let lab = try Lab()
            async let one = lab.rows("SELECT 1")
            async let two = lab.rows("SELECT count(*) FROM range(100000000) WHERE range % 3 = 1")
            _ = try await (one, two)
            let pids = lab.engine.workerProcessIDs
            #expect(!pids.isEmpty)
            await lab.engine.shutdown()
            for pid in pids { #expect(kill(pid, 0) == -1) }
            let error = try await lab.error("SELECT 1")
            #expect(error.code == "overloaded")
            try FileManager.default.removeItem(atPath: lab.folder)
        }

        @Test func `a trivial query is answered by a process that runs already`() async throws {
            try await Lab.run({ $0.workers = 1 }) { lab in
                _ = try await lab.rows("SELECT 1")
                var times: [Double] = []
                for _ in 0..<200 {
                    let start = ContinuousClock.now
                    _ = try await lab.rows("SELECT 1")
                    times.append((ContinuousClock.now - start) / .milliseconds(1))
                }
                times.sort()
                print("trivial query, ms: median \(times[100]), 99th percentile \(times[198])")
                #expect(times[100] < 50)
            }
        }

        @Test func `many requests at once each get their own answer`() async throws {
            try await Lab.run { lab in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<60 {
                        group.addTask {
                            let rows = try await lab.rows(
                                "SELECT $n, count(*) FROM range(100000) WHERE range < $n",
                                .named(["n": .integer(Int64(number))]))
                            return rows == [[.integer(Int64(number)), .integer(Int64(number))]]
                        }
                    }
                    for try await isRight in group { #expect(isRight) }
                }
            }
        }

        @Test func `cancelling at random moments loses and mixes up nothing`() async throws {
            let seed = UInt64.random(in: 0...UInt64.max)
            var random = SplitMix(state: seed)
            try await Lab.run { lab in
                for round in 0..<40 {
                    let delay = Int(random.next() % 20)
                    let task = Task {
                        try await lab.rows("SELECT \(round), count(*) FROM range(3000000) WHERE range % 7 = 1")
                    }
                    try await Task.sleep(for: .milliseconds(delay))
                    task.cancel()
                    do {
                        let rows = try await task.value
                        #expect(rows.first?.first == .integer(Int64(round)), "seed \(seed)")
                    } catch {
                        #expect(error is CancellationError, "seed \(seed): \(error)")
                    }
                    let rows = try await lab.rows("SELECT \(round)")
                    #expect(rows == [[.integer(Int64(round))]], "seed \(seed)")
                }
            }
        }
    }
}

private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

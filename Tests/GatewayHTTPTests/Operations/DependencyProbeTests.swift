import Foundation
import GatewayHTTP
import Logging
import Observability
import Synchronization
import Testing

struct DependencyProbeTests {
    private final class Gate: Sendable {
        private struct State {
            var calls = 0
            var waiting: [CheckedContinuation<Void, Never>] = []
            var isOpen = false
        }

        private let state = Mutex(State())

        var calls: Int { state.withLock(\.calls) }

        func pass() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    state.calls += 1
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                state.isOpen = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    private let registry = PrometheusRegistry()
    private let log = MemoryLogSink()

    private func probe(_ checks: [ReadinessCheck], answerMilliseconds: Int = 60_000) -> DependencyProbe {
        let log = log
        return DependencyProbe(
            checks, registry: registry, logger: Logger(label: "test") { JSONLogHandler(label: $0, sink: log) },
            answerMilliseconds: answerMilliseconds)
    }

    private var text: String { String(decoding: registry.exposition(), as: UTF8.self) }

    @Test func `what is away is told by its code, in the order of the checks`() async throws {
        let probe = probe([
            ReadinessCheck(name: "log") { throw GatewayError(code: "log-unreachable", message: "10.0.0.1") },
            ReadinessCheck(name: "catalog") {},
            ReadinessCheck(name: "cache", isRequired: false) { throw CocoaError(.fileNoSuchFile) },
        ])
        let answers = await probe.ask()
        #expect(answers.map(\.name) == ["log", "catalog", "cache"])
        #expect(answers.map(\.isRequired) == [true, true, false])
        #expect(answers.map { $0.failure == nil } == [false, true, false])
        #expect(text.contains(#"dipper_dependency_up{dependency="log"} 0"#))
        #expect(text.contains(#"dipper_dependency_up{dependency="catalog"} 1"#))
        #expect(text.contains(#"dipper_dependency_failures_total{code="log-unreachable",dependency="log"} 1"#))
        #expect(text.contains(#"dipper_dependency_failures_total{code="failed",dependency="cache"} 1"#))
    }

    @Test func `one that hangs is given up, asked once, and found again when it answers`() async throws {
        let gate = Gate()
        let probe = probe(
            [ReadinessCheck(name: "store") { await gate.pass() }], answerMilliseconds: 50)
        for _ in 0..<3 {
            #expect((await probe.ask()[0].failure as? GatewayError)?.code == "no-answer")
        }
        #expect(gate.calls == 1, "the question under way is joined")
        #expect(text.contains(#"dipper_dependency_up{dependency="store"} 0"#))
        gate.open()
        while await probe.ask()[0].failure != nil {}
        #expect(text.contains(#"dipper_dependency_up{dependency="store"} 1"#))
        #expect(log.lines.count { $0.contains("dependency away") } == 1)
        #expect(log.lines.count { $0.contains("dependency back") } == 1)
    }

    @Test func `it looks by itself until it is cancelled`() async throws {
        let calls = Mutex(0)
        let reached = AsyncStream<Void>.makeStream()
        let probe = probe([
            ReadinessCheck(name: "log") {
                if calls.withLock({
                    $0 += 1; return $0
                }) == 3 {
                    reached.continuation.finish()
                }
            }
        ])
        let task = Task { await probe.run(everyMilliseconds: 1) }
        for await _ in reached.stream {}
        task.cancel()
        await task.value
        #expect(text.contains(#"dipper_dependency_up{dependency="log"} 1"#))
    }
}

import LakeModel
package import Logging
import Metrics
package import Observability
import Synchronization

/// Asks the systems that this process depends on how they are, and notes the answers as metrics.
///
/// All are asked at once, and each is waited for up to a limit: a server that accepts connections and says nothing else must
/// not hold up those who ask. A question under way is joined, not asked again, so that one that hangs takes one connection.
package final class DependencyProbe: Sendable {
    /// Milliseconds that an answer is waited for.
    package static let answerMillisecondsDefault = 3_000
    /// Milliseconds between two looks for the metrics.
    package static let intervalMillisecondsDefault = 5_000

    package struct Answer: Sendable {
        package var name: String
        package var isRequired: Bool
        /// `nil`: it is well.
        package var failure: (any Error)?
    }

    private struct State {
        var flights: [String: Task<Void, any Error>] = [:]
        /// What was heard last.
        var isUp: [String: Bool] = [:]
    }

    private let checks: [ReadinessCheck]
    private let registry: PrometheusRegistry
    private let logger: Logger
    private let answerMilliseconds: Int
    private let state = Mutex(State())

    /// - Parameter registry: gets `dipper_dependency_up` and `dipper_dependency_failures_total`.
    package init(
        _ checks: [ReadinessCheck], registry: PrometheusRegistry, logger: Logger,
        answerMilliseconds: Int = answerMillisecondsDefault
    ) {
        self.checks = checks
        self.registry = registry
        self.logger = logger
        self.answerMilliseconds = answerMilliseconds
        registry.describe(
            "dipper_dependency_up", help: "Whether a system that this process depends on answers, by dependency.")
        registry.describe(
            "dipper_dependency_failures_total",
            help: "Looks at a dependency that found it away, by dependency and code.")
    }

    /// Looks every so often until cancelled.
    package func run(everyMilliseconds: Int = intervalMillisecondsDefault) async {
        while !Task.isCancelled {
            _ = await ask()
            do {
                try await Task.sleep(for: .milliseconds(everyMilliseconds))
            } catch {
                return
            }
        }
    }

    /// How each is now, in the order of the checks.
    package func ask() async -> [Answer] {
        await withTaskGroup(of: (index: Int, answer: Answer).self) { group in
            for (index, check) in checks.enumerated() {
                group.addTask { (index, await self.answer(of: check)) }
            }
            var answers = [Answer?](repeating: nil, count: checks.count)
            for await (index, answer) in group { answers[index] = answer }
            return answers.compactMap(\.self)
        }
    }

    private func answer(of check: ReadinessCheck) async -> Answer {
        let flight = flight(of: check)
        let limit = answerMilliseconds
        let failure = await withCheckedContinuation { (continuation: CheckedContinuation<(any Error)?, Never>) in
            let first = FirstOfTwo(continuation)
            let limiter = Task {
                // Cut short when the answer is there.
                guard (try? await Task.sleep(for: .milliseconds(limit))) != nil else { return }
                first.tell(Self.silent(check, milliseconds: limit))
            }
            Task {
                switch await flight.result {
                case .success: first.tell(nil)
                case .failure(let error): first.tell(error)
                }
                limiter.cancel()
            }
        }
        note(check, failure)
        return Answer(name: check.name, isRequired: check.isRequired, failure: failure)
    }

    private func flight(of check: ReadinessCheck) -> Task<Void, any Error> {
        state.withLock { state in
            if let flight = state.flights[check.name] { return flight }
            let flight = Task {
                defer { self.state.withLock { $0.flights[check.name] = nil } }
                try await check.check()
            }
            state.flights[check.name] = flight
            return flight
        }
    }

    private static func silent(_ check: ReadinessCheck, milliseconds: Int) -> GatewayError {
        GatewayError(
            code: "no-answer", message: "\(check.name) did not answer within \(milliseconds) ms",
            remedy: "look whether it runs and can be reached", isRetryable: true)
    }

    private func note(_ check: ReadinessCheck, _ failure: (any Error)?) {
        Meter(label: "dipper_dependency_up", dimensions: [("dependency", check.name)], factory: registry)
            .set(failure == nil ? 1 : 0)
        if let failure {
            Counter(
                label: "dipper_dependency_failures_total",
                dimensions: [("dependency", check.name), ("code", Self.code(of: failure))], factory: registry
            ).increment()
        }
        let was = state.withLock { state in
            defer { state.isUp[check.name] = failure == nil }
            return state.isUp[check.name]
        }
        if let failure, was != false {
            logger.warning("dependency away", metadata: ["dependency": "\(check.name)", "cause": "\(failure)"])
        } else if failure == nil, was == false {
            logger.notice("dependency back", metadata: ["dependency": "\(check.name)"])
        }
    }

    /// The code alone: the text may name paths or hosts.
    static func code(of failure: any Error) -> String { (failure as? any LakeError)?.code ?? "failed" }
}

/// Resumes a continuation with the first of two answers.
private final class FirstOfTwo: Sendable {
    private let continuation: Mutex<CheckedContinuation<(any Error)?, Never>?>

    init(_ continuation: CheckedContinuation<(any Error)?, Never>) { self.continuation = Mutex(continuation) }

    func tell(_ failure: (any Error)?) {
        continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }?.resume(returning: failure)
    }
}

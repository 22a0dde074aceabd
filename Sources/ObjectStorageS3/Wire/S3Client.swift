import Crypto
import Foundation
import Metrics
import S3Protocol
import Synchronization

/// Time and chance, handed in for tests.
package struct S3Clock: Sendable {
    /// Seconds since 1970 UTC, for signatures and the end of keys.
    package var wallSeconds: @Sendable () -> Int64
    package var monotonicMilliseconds: @Sendable () -> Int64
    /// Blocks the thread.
    package var sleep: @Sendable (_ milliseconds: Int) -> Void
    /// From 0 up to 1.
    package var random: @Sendable () -> Double

    package init(
        wallSeconds: @escaping @Sendable () -> Int64, monotonicMilliseconds: @escaping @Sendable () -> Int64,
        sleep: @escaping @Sendable (_ milliseconds: Int) -> Void, random: @escaping @Sendable () -> Double
    ) {
        self.wallSeconds = wallSeconds
        self.monotonicMilliseconds = monotonicMilliseconds
        self.sleep = sleep
        self.random = random
    }

    package static let system = S3Clock(
        wallSeconds: { Int64(Date().timeIntervalSince1970) },
        monotonicMilliseconds: { Int64(ProcessInfo.processInfo.systemUptime * 1_000) },
        sleep: { Thread.sleep(forTimeInterval: Double($0) / 1_000) }, random: { Double.random(in: 0..<1) })
}

/// Signs and sends requests to one bucket, and repeats those that fail for a passing reason. Calls block their thread.
final class S3Client: Sendable {
    let configuration: S3StoreConfiguration
    private let signer: RequestSigner
    private let credentials: CredentialCache
    private let transport: any S3Transport
    private let clock: S3Clock
    private let budget = Mutex(RetryBudget())

    init(
        _ configuration: S3StoreConfiguration, credentials: CredentialCache, transport: any S3Transport, clock: S3Clock
    ) {
        self.configuration = configuration
        signer = RequestSigner(configuration: configuration)
        self.credentials = credentials
        self.transport = transport
        self.clock = clock
    }

    var nowSeconds: Int64 { clock.wallSeconds() }

    /// - Parameters:
    ///   - policy: `nil`: as configured.
    ///   - check: looks at an answer of success; what it throws counts as a failed attempt.
    /// - Returns: an answer with a status from 200 to 299 and no error in it.
    /// - Throws: ``StoreFailure``; `credentials-missing`.
    func send(
        _ request: StoreRequest, policy: RetryPolicy? = nil,
        check: (TransportResponse) throws(StoreFailure) -> Void = { _ throws(StoreFailure) in }
    ) throws -> TransportResponse {
        let hash = request.bodyHash ?? SignatureV4.hash(request.body)
        var machine = RetryMachine(
            policy ?? configuration.limits.retry, nowMilliseconds: clock.monotonicMilliseconds())
        var mayHaveBeenDone = false
        while true {
            let key = try credentials.current()
            Counter(label: "dipper_s3_requests_total", dimensions: [("method", request.method)]).increment()
            var failure: StoreFailure
            do throws(StoreFailure) {
                let answer = try attempt(signer.signed(request, payloadHash: hash, key, seconds: clock.wallSeconds()))
                try check(answer)
                budget.withLock { machine.succeeded(budget: &$0) }
                return answer
            } catch {
                failure = error
            }
            failure.mayHaveBeenDone = mayHaveBeenDone
            failure.attempts = machine.attempts + 1
            mayHaveBeenDone = mayHaveBeenDone || failure.isOutcomeUnknown
            if failure.refusesKey {
                credentials.refused(key)
                if machine.attempts == 0 { failure.kind = .transient }
            }
            let (random, now) = (clock.random(), clock.monotonicMilliseconds())
            let action = budget.withLock {
                machine.failed(
                    failure.kind, retryAfterMilliseconds: failure.retryAfterMilliseconds, nowMilliseconds: now,
                    random: random, budget: &$0)
            }
            switch action {
            case .giveUp:
                if failure.kind != .permanent {
                    Counter(label: "dipper_s3_failures_total", dimensions: [("reason", "\(failure.kind)")]).increment()
                }
                throw failure
            case .retry(let milliseconds):
                Counter(label: "dipper_s3_retries_total", dimensions: [("reason", "\(failure.kind)")]).increment()
                clock.sleep(milliseconds)
            }
        }
    }

    private func attempt(_ request: TransportRequest) throws(StoreFailure) -> TransportResponse {
        let answer: TransportResponse
        do {
            answer = try transport.send(request)
        } catch let failure as TransportFailure {
            throw StoreFailure(failure)
        } catch {
            throw StoreFailure(TransportFailure(.broken, "\(error)"))
        }
        guard (200..<300).contains(answer.status) else { throw StoreFailure(answer) }
        return answer
    }

    /// Sends a request once, at once, for an answer that is wanted later.
    /// - Returns: what waits for it; `nil` when it did not go well, whatever the reason.
    func start(_ request: StoreRequest) throws -> @Sendable () -> TransportResponse? {
        let key = try credentials.current()
        let wait = transport.start(
            signer.signed(
                request, payloadHash: SignatureV4.hash(request.body), key, seconds: clock.wallSeconds()))
        Counter(label: "dipper_s3_requests_total", dimensions: [("method", request.method)]).increment()
        return {
            // The read is made again by the ordinary way, which tells what is wrong.
            guard let answer = try? wait(), (200..<300).contains(answer.status) else { return nil }
            return answer
        }
    }
}

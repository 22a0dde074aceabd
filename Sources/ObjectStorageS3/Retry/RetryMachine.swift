/// How often and how long a request is repeated.
package struct RetryPolicy: Sendable, Hashable {
    package var attemptsMax = 8
    package var delayMillisecondsFirst = 100
    package var delayMillisecondsMax = 5_000
    /// From the first attempt to the last one's begin.
    package var totalMillisecondsMax = 20_000

    package init() {}

    /// For questions whose answer is wanted at once or not at all.
    package static var once: RetryPolicy {
        var policy = RetryPolicy()
        policy.attemptsMax = 1
        return policy
    }
}

/// Why an attempt failed, as far as repeating it goes.
package enum AttemptFailure: Sendable, Hashable {
    /// The same request fails again.
    case permanent
    /// The store asks for fewer requests.
    case throttled
    /// An error of the store, or a connection that broke.
    case transient
    /// No answer in time.
    case timeout
}

/// Decides after each failed attempt of one request whether and when the next one is made: exponential delays with full jitter,
/// up to a number of attempts, a time, and the store's common budget.
///
/// Plain values in, an action out: the clock and the randomness are handed in.
package struct RetryMachine: Sendable, Hashable {
    package enum Action: Sendable, Hashable {
        case retry(afterMilliseconds: Int)
        case giveUp
    }

    private let policy: RetryPolicy
    private let startMilliseconds: Int64
    package private(set) var attempts = 0
    private var tokensTaken = 0

    package init(_ policy: RetryPolicy, nowMilliseconds: Int64) {
        self.policy = policy
        startMilliseconds = nowMilliseconds
    }

    /// - Parameters:
    ///   - retryAfterMilliseconds: what the store asked to wait, if it did.
    ///   - random: from 0 up to 1.
    package mutating func failed(
        _ failure: AttemptFailure, retryAfterMilliseconds: Int? = nil, nowMilliseconds: Int64, random: Double,
        budget: inout RetryBudget
    ) -> Action {
        attempts += 1
        guard failure != .permanent, attempts < policy.attemptsMax else { return .giveUp }
        // 2^20 times the first delay is past any maximum.
        let ceiling = min(policy.delayMillisecondsMax, policy.delayMillisecondsFirst << min(attempts - 1, 20))
        var delay = Int(Double(ceiling) * min(max(0, random), 1))
        if failure == .throttled { delay = max(delay, ceiling / 2) }
        if let asked = retryAfterMilliseconds { delay = max(delay, min(asked, policy.delayMillisecondsMax)) }
        guard nowMilliseconds - startMilliseconds + Int64(delay) <= Int64(policy.totalMillisecondsMax) else {
            return .giveUp
        }
        let cost = failure == .timeout ? RetryBudget.timeoutCost : RetryBudget.errorCost
        guard budget.take(cost) else { return .giveUp }
        tokensTaken = cost
        return .retry(afterMilliseconds: delay)
    }

    package mutating func succeeded(budget: inout RetryBudget) {
        attempts += 1
        budget.give(tokensTaken > 0 ? tokensTaken : RetryBudget.successGain)
        tokensTaken = 0
    }
}

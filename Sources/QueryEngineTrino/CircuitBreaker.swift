/// Keeps requests from a server that does not answer.
///
/// 1. Closed: requests go through. So many failures in a row open it.
/// 2. Open: requests are refused at once, for a while.
/// 3. Then one request goes through to try. Its success closes the breaker, its failure opens it again.
package struct CircuitBreaker: Sendable {
    /// Failures in a row after which the breaker opens.
    package static let failuresMax = 3
    package static let openSeconds: Int64 = 10

    private enum State: Sendable {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant)
        case trying
    }

    /// As metrics tell it.
    package enum Level: Int, Sendable { case closed = 0, halfOpen = 1, open = 2 }

    private var state = State.closed(failures: 0)

    package init() {}

    /// Whether a request may go out now. Each that may must be followed by ``succeeded()``,
    /// ``failed(at:)`` or ``abandoned(at:)``.
    package mutating func admits(at now: ContinuousClock.Instant) -> Bool {
        switch state {
        case .closed: return true
        case .trying: return false
        case .open(let until):
            guard now >= until else { return false }
            state = .trying
            return true
        }
    }

    package var level: Level {
        switch state {
        case .closed: .closed
        case .open: .open
        case .trying: .halfOpen
        }
    }

    /// Whoever sent the request did not wait for its end: that says nothing about the server.
    package mutating func abandoned(at now: ContinuousClock.Instant) {
        if case .trying = state { state = .open(until: now) }
    }

    package mutating func succeeded() { state = .closed(failures: 0) }

    package mutating func failed(at now: ContinuousClock.Instant) {
        if case .closed(let failures) = state, failures + 1 < Self.failuresMax {
            state = .closed(failures: failures + 1)
        } else {
            state = .open(until: now + .seconds(Self.openSeconds))
        }
    }
}

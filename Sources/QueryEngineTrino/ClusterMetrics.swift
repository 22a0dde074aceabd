import Metrics

/// What `/metrics` tells of a Trino cluster.
struct ClusterMetrics: Sendable {
    /// How a request to the cluster ended.
    enum Outcome: String, CaseIterable {
        case answered, busy, failed
        /// Not sent: the breaker is open.
        case refused
    }

    private let requests: [Outcome: Counter]
    private let breaker = Gauge(label: "dipper_trino_breaker_state")

    init() {
        requests = Dictionary(
            uniqueKeysWithValues: Outcome.allCases.map {
                ($0, Counter(label: "dipper_trino_requests_total", dimensions: [("outcome", $0.rawValue)]))
            })
        breaker.record(CircuitBreaker.Level.closed.rawValue)
    }

    func ended(_ outcome: Outcome) { requests[outcome]?.increment() }
    func breaker(is level: CircuitBreaker.Level) { breaker.record(level.rawValue) }
}

import HTTPTypes
import Logging
import Metrics
import Observability
import Synchronization

/// What became of a request.
struct RequestOutcome: Sendable {
    var method: HTTPRequest.Method
    var path: String
    /// The route's template; paths themselves are no label, there are too many.
    var route = "unknown"
    var status = 0
    /// Of the problem, if there was one.
    var code: String?
    var sender: String?
    var responseBytes: Int?
    /// Whether the client went away before the end.
    var isBroken = false

    init(method: HTTPRequest.Method, path: String) {
        self.method = method
        self.path = path
    }
}

/// One request under way.
final class ActiveRequest: Sendable {
    private let active: Meter

    fileprivate init(_ active: Meter) {
        self.active = active
        active.increment()
    }

    deinit { active.decrement() }
}

/// The series that requests have counted in before: to look them up by their labels takes as long as a short answer.
private final class KnownSeries: Sendable {
    struct Key: Hashable {
        var method: String
        var route: String
        var status: Int
    }

    struct Series: Sendable {
        var requests: Counter
        var duration: Metrics.Timer
    }

    /// Series that are kept; routes, methods and statuses are few.
    private static let seriesMax = 4_096

    private let series = Mutex<[Key: Series]>([:])

    func series(_ key: Key, _ factory: PrometheusRegistry) -> Series {
        if let found = series.withLock({ $0[key] }) { return found }
        let labels = [("method", key.method), ("route", key.route), ("status", String(key.status))]
        let made = Series(
            requests: Counter(label: "http_server_requests_total", dimensions: labels, factory: factory),
            duration: Metrics.Timer(
                label: "http_server_request_duration_seconds", dimensions: labels, factory: factory))
        series.withLock { if $0.count < Self.seriesMax { $0[key] = made } }
        return made
    }
}

/// The gateway's own metrics, and the access log.
struct GatewayMetrics: Sendable {
    let factory: PrometheusRegistry
    private let active: Meter
    private let responseBytes: Counter
    private let known = KnownSeries()

    init(factory: PrometheusRegistry) {
        self.factory = factory
        factory.describe(
            "http_server_request_duration_seconds", help: "Time from a request's head to its answer, by route.",
            buckets: .seconds)
        factory.describe("http_server_requests_total", help: "Requests by route, method and status.")
        factory.describe("http_server_active_requests", help: "Requests under way.")
        factory.describe("http_server_response_bytes_total", help: "Bytes of answers whose length was known.")
        factory.describe("dipper_upload_bytes_total", help: "Bytes of uploads that became durable, by table.")
        factory.describe("dipper_batch_bytes_total", help: "Bytes of JSON batches, by table.")
        active = Meter(label: "http_server_active_requests", factory: factory)
        responseBytes = Counter(label: "http_server_response_bytes_total", factory: factory)
    }

    /// Counts a request as under way for as long as somebody holds the token: the body of a stream does so until it is
    /// written, or thrown away because the client left.
    func requestBegan() -> ActiveRequest { ActiveRequest(active) }

    func requestEnded(_ outcome: RequestOutcome, after duration: Duration, logger: Logger) {
        let method = Self.knownMethods.contains(outcome.method) ? outcome.method.rawValue : "other"
        let series = known.series(
            KnownSeries.Key(method: method, route: outcome.route, status: outcome.status), factory)
        series.requests.increment()
        series.duration.recordNanoseconds(duration.nanoseconds)
        if let bytes = outcome.responseBytes { responseBytes.increment(by: bytes) }
        var metadata: Logger.Metadata = [
            "method": .string(outcome.method.rawValue), "route": .string(outcome.route),
            "status": .stringConvertible(outcome.status),
            "milliseconds": .stringConvertible(Double(duration.nanoseconds / 1_000) / 1_000),
        ]
        // The key of a row may be a person's.
        if !outcome.route.contains("{key}") { metadata["path"] = .string(outcome.path) }
        if let code = outcome.code { metadata["code"] = .string(code) }
        if let sender = outcome.sender { metadata["sender"] = .string(sender) }
        if let bytes = outcome.responseBytes { metadata["bytes"] = .stringConvertible(bytes) }
        if outcome.isBroken { metadata["broken"] = .stringConvertible(true) }
        logger.info("request", metadata: metadata)
    }

    private static let knownMethods: Set<HTTPRequest.Method> = [
        .get, .head, .post, .put, .delete, .patch, .options,
    ]
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}

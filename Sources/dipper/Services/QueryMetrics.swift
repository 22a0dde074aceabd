import LakeModel
import Metrics

/// What `/metrics` tells of `POST /query`.
enum QueryMetrics {
    /// - Parameter code: `ok`, or the error's.
    static func ended(after duration: Duration, code: String) {
        Counter(label: "dipper_queries_total", dimensions: [("code", code)]).increment()
        let parts = duration.components
        Recorder(label: "dipper_query_seconds")
            .record(Double(parts.seconds) + Double(parts.attoseconds) * 1e-18)
    }

    static func code(of error: any Error) -> String {
        if error is CancellationError { return "cancelled" }
        return (error as? any LakeError)?.code ?? "other"
    }
}

import Metrics

/// What the cache counts. The series are looked up once: a hit takes a few microseconds.
struct CacheMetrics: Sendable {
    let hits = Self.requests("memory")
    let sharedHits = Self.requests("shared")
    let joined = Self.requests("joined")
    let misses = Self.requests("computed")
    let failures = Counter(label: "dipper_cache_failures_total")
    let computing = Recorder(label: "dipper_cache_compute_seconds")
    let asking = Recorder(label: "dipper_cache_shared_seconds")

    private static func requests(_ source: String) -> Counter {
        Counter(label: "dipper_cache_answers_total", dimensions: [("from", source)])
    }
}

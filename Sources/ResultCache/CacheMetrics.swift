import Metrics

/// What the cache counts of one kind of question. The series are looked up once: a hit takes a few microseconds.
struct CacheMetrics: Sendable {
    let hits: Counter
    let sharedHits: Counter
    let joined: Counter
    let misses: Counter
    let failures = Counter(label: "dipper_cache_failures_total")
    let computing: Recorder
    let asking = Recorder(label: "dipper_cache_shared_seconds")

    /// - Parameter kind: what the questions are.
    init(of kind: String) {
        func requests(_ source: String) -> Counter {
            Counter(label: "dipper_cache_answers_total", dimensions: [("from", source), ("of", kind)])
        }
        hits = requests("memory")
        sharedHits = requests("shared")
        joined = requests("joined")
        misses = requests("computed")
        computing = Recorder(label: "dipper_cache_compute_seconds", dimensions: [("of", kind)])
    }
}

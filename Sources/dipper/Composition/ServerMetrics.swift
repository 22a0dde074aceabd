import Ingestion
import Metrics
import Observability
import ResultCache
import Synchronization

/// Help lines and buckets of the metrics that the server records, and those of the process.
enum ServerMetrics {
    static func describe(on registry: PrometheusRegistry) {
        registry.describe("dipper_rows_accepted_total", help: "Rows that passed validation, by table.")
        registry.describe("dipper_rows_rejected_total", help: "Rows that went to quarantine, by table.")
        registry.describe("dipper_commits_total", help: "Commits of the lake, by table.")
        registry.describe(
            "dipper_commit_seconds", help: "From the first row of a unit of work to its commit, by table.",
            buckets: .seconds)
        registry.describe("dipper_load_failures_total", help: "Loads that broke off and were tried again, by table.")
        registry.describe(
            "dipper_operational_lag_records",
            help: "Log records that the operational store is behind the lake, by table.")
        registry.describe(
            "dipper_maintenance_runs_total", help: "Looks of maintenance at a table, by table, action and outcome.")
        registry.describe(
            "dipper_maintenance_seconds", help: "How long maintenance that did something took, by table and action.",
            buckets: .seconds)
        registry.describe(
            "dipper_maintenance_files_rewritten_total", help: "Data and delete files that were rewritten, by table.")
        registry.describe(
            "dipper_maintenance_files_deleted_total", help: "Files that were deleted from storage, by table and action."
        )
        registry.describe("dipper_maintenance_snapshots_expired_total", help: "Snapshots that were expired, by table.")
        registry.describe(
            "dipper_queries_total", help: "Statements of POST /query, by how they ended: ok or the error's code.")
        registry.describe(
            "dipper_query_seconds", help: "How long statements of POST /query took, planning and waiting included.",
            buckets: .seconds)
        registry.describe(
            "dipper_query_workers_started_total", help: "Processes of the SQL engine that were started, by why.")
        registry.describe(
            "dipper_repeated_records_total", help: "Log records that came twice and counted once, by table.")
        registry.describe("dipper_accepted_published_total", help: "Rows published to the accepted topic, by table.")
        registry.describe("dipper_rejected_published_total", help: "Rows published to the rejected topic, by table.")
        registry.describe("dipper_backlog_records", help: "Log records that the lake has not taken yet, by table.")
        registry.describe("dipper_role_held", help: "Whether this process has a role of the work, by role.")
        registry.describe("dipper_s3_requests_total", help: "Requests to the object store, by method.")
        registry.describe(
            "dipper_s3_retries_total", help: "Requests to the object store that were repeated, by reason.")
        registry.describe(
            "dipper_s3_failures_total", help: "Requests to the object store that were given up, by reason.")
        describeAnswers(on: registry)
        describeTrino(on: registry)
        ProcessMetrics.install(on: registry)
    }

    private static func describeAnswers(on registry: PrometheusRegistry) {
        registry.describe("dipper_gold_refreshes_total", help: "Looks at a gold table, by table and outcome.")
        registry.describe(
            "dipper_gold_refresh_seconds", help: "How long a refresh took that did something, by table.",
            buckets: .seconds)
        registry.describe("dipper_gold_rows", help: "Rows of a gold table.")
        registry.describe("dipper_cache_answers_total", help: "Cached questions, by where the answer came from.")
        registry.describe("dipper_cache_failures_total", help: "Times that the shared cache was away or wrong.")
        registry.describe("dipper_cache_evictions_total", help: "Answers thrown out of memory to make room.")
        registry.describe("dipper_cache_bytes", help: "Bytes of answers in memory.")
        registry.describe("dipper_cache_entries", help: "Answers in memory.")
        registry.describe(
            "dipper_cache_compute_seconds", help: "How long answers took that were in no cache.", buckets: .seconds)
        registry.describe(
            "dipper_cache_shared_seconds", help: "How long the shared cache took to answer.", buckets: .seconds)
    }

    private static func describeTrino(on registry: PrometheusRegistry) {
        registry.describe("dipper_trino_requests_total", help: "Requests to the Trino cluster, by how they ended.")
        registry.describe(
            "dipper_trino_breaker_state",
            help: "Whether the Trino cluster is asked: 0 yes, 1 one request tries, 2 no, for it did not answer.")
        registry.describe(
            "dipper_trino_analytics_total", help: "Analytics put to the Trino cluster: ok or the error's code.")
        registry.describe(
            "dipper_trino_fallbacks_total", help: "Answers of the embedded engine in the Trino cluster's place.")
    }

    /// What waits to be worked, read when it is asked for.
    static func watch(_ ingestion: DipperIngestion, on registry: PrometheusRegistry) {
        registry.addCollector { registry in
            for (table, waiting) in ingestion.backlogs {
                Meter(label: "dipper_backlog_records", dimensions: [("table", table)], factory: registry).set(waiting)
            }
        }
    }

    /// What the cache holds, read when it is asked for.
    static func watch(_ cache: AnswerCache, _ ingestion: DipperIngestion, on registry: PrometheusRegistry) {
        watch(ingestion, on: registry)
        let counted = Mutex(0)
        registry.addCollector { registry in
            let usage = cache.usage
            Meter(label: "dipper_cache_bytes", factory: registry).set(usage.byteCount)
            Meter(label: "dipper_cache_entries", factory: registry).set(usage.count)
            let new = counted.withLock { counted in
                defer { counted = max(counted, usage.evictions) }
                return max(0, usage.evictions - counted)
            }
            Counter(label: "dipper_cache_evictions_total", factory: registry).increment(by: new)
        }
    }
}

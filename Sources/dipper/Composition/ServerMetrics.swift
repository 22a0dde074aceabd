import Observability

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
            "dipper_repeated_records_total", help: "Log records that came twice and counted once, by table.")
        registry.describe("dipper_accepted_published_total", help: "Rows published to the accepted topic, by table.")
        registry.describe("dipper_role_held", help: "Whether this process has a role of the work, by role.")
        ProcessMetrics.install(on: registry)
    }
}

package import Ingestion

/// What the gateway puts on the network. The executable composes it.
package struct GatewayServices: Sendable {
    package var ingestion: any IngestionService
    package var tables: any TableBrowsing
    package var rejects: any RejectBrowsing
    package var rows: any RowReading
    package var analytics: any AnalyticsAnswering
    package var sql: any SQLAnswering
    /// What `/readyz` asks besides the backlog of ingestion.
    package var readiness: [ReadinessCheck]
    /// The Trino cluster that statements in Trino's SQL go to, if there is one.
    package var trinoCluster: (any TrinoForwarding)?

    package init(
        ingestion: any IngestionService, tables: any TableBrowsing, rejects: any RejectBrowsing, rows: any RowReading,
        analytics: any AnalyticsAnswering, sql: any SQLAnswering, readiness: [ReadinessCheck] = []
    ) {
        self.ingestion = ingestion
        self.tables = tables
        self.rejects = rejects
        self.rows = rows
        self.analytics = analytics
        self.sql = sql
        self.readiness = readiness
    }
}

/// One thing that must be well before traffic is sent here.
package struct ReadinessCheck: Sendable {
    package var name: String
    /// Throws when it is not well; the error's text goes to the log, its code to the answer.
    package var check: @Sendable () async throws -> Void

    package init(name: String, check: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.check = check
    }
}

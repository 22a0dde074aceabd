package import Ingestion
package import ResultCache

/// What the gateway puts on the network. The executable composes it.
package struct GatewayServices: Sendable {
    package var ingestion: any IngestionService
    package var tables: any TableBrowsing
    package var rejects: any RejectBrowsing
    package var rows: any RowReading
    package var analytics: any AnalyticsAnswering
    package var sql: any SQLAnswering
    /// `nil`: there are no routes for them.
    package var backups: (any TableBackups)?
    /// Keeps encoded answers of the analytics; `nil`: each is computed.
    package var answers: AnswerCache?
    /// `nil`: there are no gold tables to tell of.
    package var gold: (any GoldBrowsing)?
    /// What `/readyz` asks besides the backlog of ingestion.
    package var readiness: [ReadinessCheck]
    /// The Trino cluster that statements in Trino's SQL go to, if there is one.
    package var trinoCluster: (any TrinoForwarding)?

    package init(
        ingestion: any IngestionService, tables: any TableBrowsing, rejects: any RejectBrowsing, rows: any RowReading,
        analytics: any AnalyticsAnswering, sql: any SQLAnswering, backups: (any TableBackups)? = nil,
        answers: AnswerCache? = nil, gold: (any GoldBrowsing)? = nil, readiness: [ReadinessCheck] = []
    ) {
        self.ingestion = ingestion
        self.tables = tables
        self.rejects = rejects
        self.rows = rows
        self.analytics = analytics
        self.sql = sql
        self.backups = backups
        self.answers = answers
        self.gold = gold
        self.readiness = readiness
    }
}

/// One thing that is to be well when traffic is sent here.
package struct ReadinessCheck: Sendable {
    package var name: String
    /// Whether traffic is kept away without it. What work goes on without is told, and no more.
    package var isRequired: Bool
    /// Throws when it is not well; the error's text goes to the log, its code to the answer.
    package var check: @Sendable () async throws -> Void

    package init(name: String, isRequired: Bool = true, check: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.isRequired = isRequired
        self.check = check
    }
}

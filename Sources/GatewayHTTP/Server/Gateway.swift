package import Hummingbird
package import Logging
package import Observability

/// The product API on HTTP/1.1, over the services that the executable composes.
package struct Gateway: Sendable {
    package let configuration: GatewayConfiguration
    /// Every route, those of other parts included.
    package let routes: [Route]
    /// What `/readyz` asks; run it, so that the metrics are told too.
    package let probe: DependencyProbe
    private let responder: GatewayResponder
    private let logger: Logger

    /// - Parameters:
    ///   - services: what is put on the network.
    ///   - registry: holds the gateway's metrics and is what `/metrics` shows. Bootstrap swift-metrics with it to show
    ///     those of the whole process.
    ///   - additionalRoutes: routes of other parts, such as the Iceberg REST catalog; they get the same log, metrics,
    ///     authentication and problems.
    ///   - additionalProblems: codes of other targets with their status.
    /// - Throws: what ``GatewayConfiguration/validate()`` throws.
    package init(
        configuration: GatewayConfiguration, services: GatewayServices, registry: PrometheusRegistry, logger: Logger,
        additionalRoutes: [Route] = [], additionalProblems: [ProblemKind] = []
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        let limits = configuration.limits
        let catalog = ProblemCatalog(adding: additionalProblems)
        let metrics = GatewayMetrics(factory: registry)
        probe = DependencyProbe(services.readiness, registry: registry, logger: logger)
        var routes =
            UploadRoutes(
                ingestion: services.ingestion, limits: limits, slots: Slots(limits.uploadsMax), metrics: registry
            ).routes
        routes +=
            BatchRoutes(
                ingestion: services.ingestion, limits: limits, slots: Slots(limits.rowStreamsMax), metrics: registry
            ).routes
        routes +=
            JobRoutes(
                ingestion: services.ingestion, limits: limits, eventSlots: Slots(limits.eventStreamsMax)
            ).routes
        routes += AnalyticRoutes(service: services.analytics, limits: limits, answers: services.answers).routes
        if let gold = services.gold { routes += GoldRoutes(service: gold).routes }
        routes +=
            QueryRoutes(
                service: services.sql, limits: limits, catalog: catalog, eventSlots: Slots(limits.eventStreamsMax),
                answers: services.answers
            ).routes
        routes += TrinoRoutes(services: services, limits: limits, version: configuration.version).routes
        routes +=
            OperationRoutes(
                ingestion: services.ingestion, probe: probe, limits: limits, registry: registry
            ).routes
        routes +=
            TableRoutes(tables: services.tables, rows: services.rows, limits: limits).routes
            + RejectRoutes(rejects: services.rejects, limits: limits).routes
        if let backups = services.backups {
            routes +=
                BackupRoutes(
                    backups: backups, ingestion: services.ingestion, limits: limits, slots: Slots(limits.backupsMax)
                ).routes
        }
        routes += additionalRoutes
        routes += PageRoutes.routes(describing: routes, catalog: catalog, configuration: configuration)
        self.routes = routes
        responder = GatewayResponder(
            table: RouteTable(routes), catalog: catalog, authentication: configuration.authentication, limits: limits,
            metrics: metrics)
    }

    /// The server as a service: run it in a `ServiceGroup`, whose graceful shutdown lets requests under way end.
    /// - Parameter onRunning: gets the port once the server listens.
    package func application(
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> Application<GatewayResponder> {
        responder.application(configuration, onRunning: onRunning, logger: logger)
    }
}

package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
package import Observability

/// `/healthz`, `/readyz` and `/metrics` of a process that serves nothing else, under the rules of the gateway: closed by
/// default, metrics for those alone who may read everything.
package struct OperationsServer: Sendable {
    private let configuration: GatewayConfiguration
    private let responder: GatewayResponder
    private let logger: Logger
    /// What `/readyz` asks; run it, so that the metrics are told too.
    package let probe: DependencyProbe

    /// - Parameters:
    ///   - readiness: what is looked at.
    ///   - registry: what `/metrics` shows.
    /// - Throws: what ``GatewayConfiguration/validate()`` throws.
    package init(
        configuration: GatewayConfiguration, readiness: [ReadinessCheck], registry: PrometheusRegistry, logger: Logger,
        additionalProblems: [ProblemKind] = []
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        probe = DependencyProbe(readiness, registry: registry, logger: logger)
        let routes = OperationRoutes(
            ingestion: nil, probe: probe, limits: configuration.limits, registry: registry
        ).routes
        responder = GatewayResponder(
            table: RouteTable(routes), catalog: ProblemCatalog(adding: additionalProblems),
            authentication: configuration.authentication, limits: configuration.limits,
            metrics: GatewayMetrics(factory: registry))
    }

    /// The server as a service.
    /// - Parameter onRunning: gets the port once the server listens.
    package func application(
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> Application<GatewayResponder> {
        responder.application(configuration, onRunning: onRunning, logger: logger)
    }
}

extension GatewayResponder {
    /// HTTP/1.1 with the limits of the configuration.
    func application(
        _ configuration: GatewayConfiguration, onRunning: @escaping @Sendable (_ port: Int) async -> Void,
        logger: Logger
    ) -> Application<GatewayResponder> {
        let limits = configuration.limits
        return Application(
            responder: self,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionHandler(drainBytesMax: limits.drainBytesMax)],
                    idleTimeout: .seconds(Int64(limits.idleSecondsMax)),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: limits.headerBytesMax, maxHeaderListSize: limits.headerBytesMax,
                        maxHeaderFieldCount: limits.headersMax))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "dipper",
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connectionsMax)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) },
            logger: logger)
    }
}

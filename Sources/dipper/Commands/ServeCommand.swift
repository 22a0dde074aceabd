import ArgumentParser
import CatalogService
import Foundation
import GatewayHTTP
import Ingestion
import LakeModel
import Logging
import Metrics
import Observability
import QueryEngineDuckDB
import ServiceLifecycle
import TableMaintenance
import UnixSignals

/// `dipper serve`: gateway, workers and stores in one process.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the API over a data folder and bring what comes in into the lake.")

    @Option(help: "The data folder; created when missing.")
    var dataDir: String

    @Option(help: "HOST:PORT to listen on; port 0 takes a free one.")
    var listen = "127.0.0.1:8080"

    @Option(help: "A YAML file with limits (docs/operations.md lists them).")
    var config: String?

    @Option(help: "A file with a line `name token` for each client; needed to listen on other than loopback.")
    var tokensFile: String?

    @Option(help: "A folder beside the warehouse that clients of the Iceberg catalog may place tables in (repeatable).")
    var catalogLocation: [String] = []

    @Option(help: "The catalog's database, postgresql://… or @FILE with that in it (default: in the data folder).")
    var catalog: String?

    @Option(help: "The operational database, postgresql://… or @FILE with that in it (default: in the data folder).")
    var operational: String?

    @Flag(help: "Leave the operational database alone.")
    var noOperational = false

    @Flag(inversion: .prefixedNo, help: "Compact tables and expire their snapshots while they are written.")
    var maintenance = true

    @Option(help: "Threads that parse and encode (default: one a core).")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    func validate() throws {
        if Logger.Level(rawValue: logLevel) == nil {
            throw ValidationError("--log-level: there is no level \(logLevel)")
        }
        if threads < 1 { throw ValidationError("--threads: at least 1") }
        _ = try address()
    }

    func run() async throws {
        let level = Logger.Level(rawValue: logLevel) ?? .info
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level) }
        let registry = PrometheusRegistry()
        ServerMetrics.describe(on: registry)
        MetricsSystem.bootstrap(registry)
        let logger = Logger(label: "dipper")
        let (host, port) = try address()
        let limits = try config.map { try ServerLimits(file: $0) } ?? ServerLimits()
        let configuration = GatewayConfiguration(
            host: host, port: port, authentication: try authentication(), limits: limits.gateway,
            version: Dipper.version)
        try configuration.validate()

        let folder = try await DataFolder(
            dataDir, limits: limits.ingestion, stores: StoreChoice(catalog: catalog, operational: operational))
        defer { folder.close() }
        let engine = try await folder.engine(operational: !noOperational, threads: threads, logger: logger)
        let lakehouse = try folder.lakehouse(further: catalogLocation)
        let upkeep = MaintenanceService(
            room: folder.maintenanceRoom(lakehouse), policy: MaintenancePolicy(),
            signals: maintenance ? [folder.tables.signals, lakehouse.signals] : [], logger: logger)
        let queries = try folder.queryEngine(logger: logger)
        let gateway = try Gateway(
            configuration: configuration, services: folder.services(queries: queries), registry: registry,
            logger: logger,
            additionalRoutes: IcebergRoutes(
                catalog: lakehouse, authentication: configuration.authentication
            ).routes, additionalProblems: ServerProblems.all)
        let application = gateway.application { port in
            logger.notice("listening", metadata: ["host": "\(host)", "port": "\(port)"])
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: WorkerService { await engine.run() }),
                    .init(service: WorkerService { await upkeep.run() }), .init(service: application),
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        await queries.shutdown()
        logger.notice("stopped")
    }

    private func address() throws -> (host: String, port: Int) {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]) else {
            throw ValidationError("--listen: HOST:PORT is expected, for example 127.0.0.1:8080")
        }
        let host = String(listen[..<colon])
        return (host.isEmpty ? "127.0.0.1" : host, port)
    }

    private func authentication() throws -> (any RequestAuthenticating)? {
        guard let tokensFile else { return nil }
        var tokens: [String: String] = [:]
        for line in try String(contentsOfFile: tokensFile, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words.isEmpty || words[0].hasPrefix("#") { continue }
            guard words.count == 2 else {
                throw ValidationError("--tokens-file: each line is `name token`")
            }
            tokens[words[0]] = words[1]
        }
        return try StaticTokenAuthentication(tokens: tokens)
    }
}

/// Something that works until the group shuts down.
struct WorkerService: Service {
    let body: @Sendable () async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await body() }
    }
}

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

/// `dipper worker`: brings the log into lake and operational store without serving anything.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Do the work behind `dipper serve --no-workers`; start as many as are wanted.",
        discussion: """
            Workers share the tables out among them by leases in the catalog. One that dies is followed by another \
            within seconds; each table has one committer at a time. A model.yaml in the data folder, which is scratch \
            space of this process alone, must be the gateway's.
            """)

    @Option(help: "This process's own folder; created when missing.")
    var dataDir: String

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @OptionGroup(title: "Object store") var store: ObjectStoreOptions

    @Option(help: "The catalog's database, postgresql://… or @FILE with that in it.")
    var catalog: String?

    @Option(help: "The operational database, postgresql://… or @FILE with that in it.")
    var operational: String?

    @Flag(help: "Leave the operational database alone.")
    var noOperational = false

    @Option(
        help:
            "Any of lake, operational, publish, maintenance and gold, with commas between (default: all; gold where DuckDB is)."
    )
    var roles: String?

    @Option(help: "HOST:PORT of /metrics, /healthz and /readyz; nothing is served without.")
    var metricsListen: String?

    @Option(help: "Who may read the metrics (see `dipper token`); needed to listen on other than loopback.")
    var tokensFile: String?

    @Option(help: "A YAML file with limits (docs/operations.md lists them).")
    var config: String?

    @Option(help: "Milliseconds after which the tables of a worker that has died go to others.")
    var leaseMilliseconds = RoleKeeper.leaseMillisecondsDefault

    @Option(help: "Threads that parse and encode, for each table (default: one a core).")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    private static let leaseMillisecondsRange = 1_000...600_000

    func validate() throws {
        if Logger.Level(rawValue: logLevel) == nil {
            throw ValidationError("--log-level: there is no level \(logLevel)")
        }
        if threads < 1 { throw ValidationError("--threads: at least 1") }
        if !Self.leaseMillisecondsRange.contains(leaseMilliseconds) {
            throw ValidationError("--lease-milliseconds: from 1000 to 600000")
        }
        _ = try kinds()
        _ = try metricsListen.map { try ServeCommand.address($0, option: "--metrics-listen") }
    }

    private func kinds() throws -> Set<TableRoles.Role> {
        guard let roles else { return Set(TableRoles.Role.allCases) }
        let names = roles.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let kinds = try names.map { name in
            guard let kind = TableRoles.Role(rawValue: name) else {
                throw ValidationError("--roles: there is no role \(name)")
            }
            return kind
        }
        if kinds.isEmpty { throw ValidationError("--roles: at least one") }
        return Set(kinds)
    }

    /// What this worker can do of what is wanted. Gold needs the SQL engine: who asks for it by name is told when there is none,
    /// who asks for everything works without.
    private func possible(_ kinds: Set<TableRoles.Role>, _ logger: Logger) throws -> Set<TableRoles.Role> {
        guard kinds.contains(.gold) else { return kinds }
        do {
            try DuckDBLibrary.find(folder: EngineExtensions.installedFolder)
            return kinds
        } catch {
            if roles != nil { throw error }
            logger.warning("gold is left to other workers", metadata: ["error": "\(error)"])
            return kinds.subtracting([.gold])
        }
    }

    func run() async throws {
        let level = Logger.Level(rawValue: logLevel) ?? .info
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level) }
        let registry = PrometheusRegistry()
        ServerMetrics.describe(on: registry)
        MetricsSystem.bootstrap(registry)
        let logger = Logger(label: "dipper")
        let limits = try config.map { try ServerLimits(file: $0) } ?? ServerLimits()
        let server = try metricsConfiguration(limits.gateway, logger)
        let kinds = try possible(try kinds(), logger)
        let folder = try await DataFolder(
            dataDir, limits: limits.ingestion, stores: StoreChoice(catalog: catalog, operational: operational),
            log: LogChoice(cluster.log), objects: store.choice, lakeFolder: cluster.lakeDir)
        defer { folder.close() }
        try folder.checkShared(operational: !noOperational)
        guard let leases = folder.leases else { preconditionFailure("it was checked") }
        let lakehouse = try folder.lakehouse(further: [])
        var work = TableRoles(
            ingestion: folder.ingestion, tables: folder.tables,
            operational: noOperational ? nil : folder.operational, threads: threads, logger: logger
        ).all(kinds)
        let queries = kinds.contains(.gold) ? try await engine(folder, limits, logger) : nil
        if let queries {
            work.append(folder.goldRole(queries: queries, lakehouse: lakehouse, limits: limits, logger: logger))
        }
        let keeper = RoleKeeper(store: leases, roles: work, leaseMilliseconds: leaseMilliseconds, logger: logger)
        // A table is maintained where it is committed to, between two units of its work.
        let upkeep = MaintenanceService(
            room: folder.maintenanceRoom(lakehouse), policy: MaintenancePolicy(),
            signals: kinds.contains(.maintenance) ? [folder.tables.signals] : [], logger: logger)
        let watch = folder.backlogWatch(operational: false, logger: logger)
        ServerMetrics.watch(folder.ingestion, on: registry)
        var running: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: WorkerService { await keeper.run() }), .init(service: WorkerService { await upkeep.run() }),
            .init(service: WorkerService { await watch?.run() }),
        ]
        if let server {
            let operations = try OperationsServer(
                configuration: server, readiness: folder.readiness, registry: registry, logger: logger,
                additionalProblems: ServerProblems.all)
            running.append(.init(service: operations.application { Self.metricsListening(on: $0, server, logger) }))
            running.append(.init(service: WorkerService { await operations.probe.run() }))
        }
        logger.notice("working", metadata: ["roles": "\(kinds.map(\.rawValue).sorted().joined(separator: ","))"])
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: running, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        await queries?.shutdown()
        logger.notice("stopped")
    }

    /// The SQL engine for gold tables, without operational rows: gold is computed from the lake.
    private func engine(_ folder: DataFolder, _ limits: ServerLimits, _ logger: Logger) async throws -> LakeQueryEngine
    {
        let files = try await folder.queryFiles(cacheBytesMax: store.queryCacheBytes)
        return try folder.lakeQueries(files, limits.queries, operational: false, logger: logger)
    }

    // MARK: Metrics

    /// - Throws: ``GatewayError`` `authentication-required` for an address other than loopback without tokens.
    private func metricsConfiguration(_ limits: GatewayLimits, _ logger: Logger) throws -> GatewayConfiguration? {
        guard let metricsListen else { return nil }
        let (host, port) = try ServeCommand.address(metricsListen, option: "--metrics-listen")
        let access = try ServeCommand.accessRegistry(tokensFile, logger)
        let configuration = GatewayConfiguration(
            host: host, port: port, authentication: access.map { TokenAuthentication($0) }, limits: limits,
            version: Dipper.version)
        try configuration.validate()
        return configuration
    }

    private static func metricsListening(
        on port: Int, _ configuration: GatewayConfiguration, _ logger: Logger
    ) {
        logger.notice("metrics listening", metadata: ["host": "\(configuration.host)", "port": "\(port)"])
    }
}

import Access
import Analytics
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
import QueryEngineTrino
import S3Door
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

    @Option(help: "The clients and their rights (see `dipper token`); needed to listen on other than loopback.")
    var tokensFile: String?

    @Option(help: "What a new lake's locations begin with: file, or s3://BUCKET for readers on other machines.")
    var location: String?

    @Option(help: "HOST:PORT of the S3-compatible door to the warehouse; there is none without.")
    var s3Listen: String?

    @Option(help: "The door's address as clients are told it (default: the host that they ask, with the door's port).")
    var s3Endpoint: String?

    @OptionGroup(title: "Object store") var store: ObjectStoreOptions

    @Option(help: "A folder beside the warehouse that clients of the Iceberg catalog may place tables in (repeatable).")
    var catalogLocation: [String] = []

    @Option(help: "A character that parts the levels of a namespace in the Iceberg catalog's paths, besides U+001F.")
    var namespaceSeparator: String?

    @Option(help: "The catalog's database, postgresql://… or @FILE with that in it (default: in the data folder).")
    var catalog: String?

    @Option(help: "The operational database, postgresql://… or @FILE with that in it (default: in the data folder).")
    var operational: String?

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @Flag(inversion: .prefixedNo, help: "Bring the log into the lake; without, `dipper worker` processes do.")
    var workers = true

    @Flag(help: "Leave the operational database alone.")
    var noOperational = false

    @Option(help: "A Trino cluster, http://HOST:PORT, that statements of /v1/statement go to.")
    var trino: String?

    @Flag(inversion: .prefixedNo, help: "Answer statements here while the Trino cluster cannot be reached.")
    var trinoFallback = true

    @Flag(inversion: .prefixedNo, help: "Compact tables and expire their snapshots while they are written.")
    var maintenance = true

    @Flag(
        inversion: .prefixedNo,
        help: "Refresh gold tables after commits of their inputs (default: unless --no-workers is given).")
    var gold: Bool?

    @Option(help: "A cache of answers that processes share, redis://…, rediss://… or @FILE with that in it.")
    var cache: String?

    @Option(help: "Threads that parse and encode (default: one a core).")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    func validate() throws {
        if Logger.Level(rawValue: logLevel) == nil {
            throw ValidationError("--log-level: there is no level \(logLevel)")
        }
        if let namespaceSeparator, !IcebergConfiguration.isSeparator(namespaceSeparator) {
            throw ValidationError("--namespace-separator: one of . : ; , ~ | is expected")
        }
        if threads < 1 { throw ValidationError("--threads: at least 1") }
        _ = try address()
        _ = try s3Listen.map { try Self.address($0, option: "--s3-listen") }
    }

    func run() async throws {
        let registry = observe()
        let logger = Logger(label: "dipper")
        let (host, port) = try address()
        let access = try Self.accessRegistry(tokensFile, logger)
        let limits = try config.map { try ServerLimits(file: $0) } ?? ServerLimits()
        let configuration = GatewayConfiguration(
            host: host, port: port, authentication: access.map { TokenAuthentication($0) }, limits: limits.gateway,
            version: Dipper.version)
        try configuration.validate()

        let folder = try await DataFolder(
            dataDir, location: location, limits: limits.ingestion,
            stores: StoreChoice(catalog: catalog, operational: operational), log: LogChoice(cluster.log),
            objects: store.choice, lakeFolder: cluster.lakeDir)
        defer { folder.close() }
        let work = try await folder.work(
            here: workers, operational: !noOperational, threads: threads, logger: logger)
        let lakehouse = try folder.lakehouse(further: catalogLocation)
        let room = folder.maintenanceRoom(lakehouse)
        let upkeep = MaintenanceService(
            room: room, policy: MaintenancePolicy(),
            signals: maintenance ? [folder.tables.signals, lakehouse.signals] : [], logger: logger)
        let files = try await folder.queryFiles(cacheBytesMax: store.queryCacheBytes)
        let queries = try folder.lakeQueries(files, limits.queries, operational: !noOperational, logger: logger)
        let parts = try folder.answerParts(
            queries: queries, lakehouse: lakehouse, refreshes: refreshesGold, limits: limits,
            cacheAddress: try CacheChoice(cache), logger: logger)
        ServerMetrics.watch(parts.cache, folder.ingestion, on: registry)
        let door = try s3Listen.map { try Self.address($0, option: "--s3-listen") }
        let doorAddress = door.map { S3DoorAddress(host: $0.host, port: $0.port, endpoint: s3Endpoint) }
        let iceberg = try icebergConfiguration(folder, doorAddress, access)
        var services = folder.services(parts, room: room)
        let trinoCluster = try trino.map { try TrinoCluster(address: $0) }
        services.trinoCluster = trinoCluster.map { ClusterForwarding(cluster: $0, fallsBack: trinoFallback) }
        let gateway = try Gateway(
            configuration: configuration, services: services, registry: registry, logger: logger,
            additionalRoutes: IcebergRoutes(
                catalog: lakehouse, configuration: iceberg, authentication: configuration.authentication
            ).routes
                + MaintenanceRoutes(
                    service: LakeMaintenance(folder: folder, service: upkeep), limits: limits.gateway
                ).routes, additionalProblems: ServerProblems.all)
        let application = gateway.application { port in
            logger.notice("listening", metadata: ["host": "\(host)", "port": "\(port)"])
        }
        var running: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: WorkerService { await work() }),
            .init(service: WorkerService { await upkeep.run() }), .init(service: application),
            .init(service: WorkerService { await folder.careForObjects(logger) }),
            .init(service: WorkerService { await gateway.probe.run() }),
        ]
        if refreshesGold { running.append(.init(service: WorkerService { await parts.gold.run() })) }
        if let door, let doorAddress {
            let server = try folder.door(host: door.host, port: door.port, registry: access, logger: logger)
            running.append(
                .init(
                    service: server.application { port in
                        doorAddress.listens(on: port)
                        logger.notice("s3 door listening", metadata: ["host": "\(door.host)", "port": "\(port)"])
                    }))
        } else if folder.location.bucket != nil {
            logger.warning("readers on other machines reach this lake's files by --s3-listen, which is not given")
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: running, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        await queries.shutdown()
        logger.notice("stopped")
    }

    /// Where workers do the work, one of them keeps gold.
    private var refreshesGold: Bool { gold ?? workers }

    /// Logs and metrics of the process.
    private func observe() -> PrometheusRegistry {
        let level = Logger.Level(rawValue: logLevel) ?? .info
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level) }
        let registry = PrometheusRegistry()
        ServerMetrics.describe(on: registry)
        MetricsSystem.bootstrap(registry)
        return registry
    }

    /// What clients of the catalog are told: of a bucket, or of the door to this machine's disk.
    private func icebergConfiguration(
        _ folder: DataFolder, _ door: S3DoorAddress?, _ access: AccessRegistry?
    ) throws -> IcebergConfiguration {
        var iceberg = IcebergConfiguration()
        iceberg.defaults = folder.bucketSettings(endpoint: store.s3StoreClientEndpoint)
        iceberg.storage =
            try folder.bucketAccess(
                endpoint: store.s3StoreClientEndpoint, credentialsFile: store.s3StoreClientCredentials)
            ?? door.flatMap { folder.storageAccess($0, registry: access) }
        if let separator = namespaceSeparator?.first { iceberg.namespaceSeparator = separator }
        return iceberg
    }

    private func address() throws -> (host: String, port: Int) { try Self.address(listen, option: "--listen") }

    static func address(_ text: String, option: String) throws -> (host: String, port: Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else {
            throw ValidationError("\(option): HOST:PORT is expected, for example 127.0.0.1:8080")
        }
        let host = String(text[..<colon])
        return (host.isEmpty ? "127.0.0.1" : host, port)
    }

    /// Who is let in, by the tokens file.
    static func accessRegistry(_ tokensFile: String?, _ logger: Logger) throws -> AccessRegistry? {
        guard let tokensFile else { return nil }
        let registry = try AccessRegistry(AccessFile(tokensFile)) { error in
            logger.error("the tokens file can't be read; the former one holds", metadata: ["cause": "\(error)"])
        }
        guard !registry.book.credentials.isEmpty else { throw AccessBook.none }
        for credential in registry.book.credentials where credential.isPlain {
            logger.warning(
                "a token stands in clear in the tokens file and has every right; make a new one with `dipper token create`",
                metadata: ["token": "\(credential.name)"])
        }
        return registry
    }
}

/// Something that works until the group shuts down.
struct WorkerService: Service {
    let body: @Sendable () async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await body() }
    }
}

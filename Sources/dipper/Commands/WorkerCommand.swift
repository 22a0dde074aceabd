import ArgumentParser
import CatalogService
import Foundation
import Ingestion
import LakeModel
import Logging
import Metrics
import Observability
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

    @Option(help: "Any of lake, operational, publish and maintenance, with commas between.")
    var roles = TableRoles.Role.allCases.map(\.rawValue).joined(separator: ",")

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
    }

    private func kinds() throws -> Set<TableRoles.Role> {
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

    func run() async throws {
        let level = Logger.Level(rawValue: logLevel) ?? .info
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level) }
        let registry = PrometheusRegistry()
        ServerMetrics.describe(on: registry)
        MetricsSystem.bootstrap(registry)
        let logger = Logger(label: "dipper")
        let limits = try config.map { try ServerLimits(file: $0) } ?? ServerLimits()
        let folder = try await DataFolder(
            dataDir, limits: limits.ingestion, stores: StoreChoice(catalog: catalog, operational: operational),
            log: LogChoice(cluster.log), objects: store.choice, lakeFolder: cluster.lakeDir)
        defer { folder.close() }
        try folder.checkShared(operational: !noOperational)
        guard let leases = folder.leases else { preconditionFailure("it was checked") }
        let kinds = try kinds()
        let work = TableRoles(
            ingestion: folder.ingestion, tables: folder.tables,
            operational: noOperational ? nil : folder.operational, threads: threads, logger: logger)
        let keeper = RoleKeeper(
            store: leases, roles: work.all(kinds), leaseMilliseconds: leaseMilliseconds, logger: logger)
        // A table is maintained where it is committed to, between two units of its work.
        let upkeep = MaintenanceService(
            room: folder.maintenanceRoom(try folder.lakehouse(further: [])), policy: MaintenancePolicy(),
            signals: kinds.contains(.maintenance) ? [folder.tables.signals] : [], logger: logger)
        let watch = folder.backlogWatch(operational: false, logger: logger)
        logger.notice("working", metadata: ["roles": "\(roles)"])
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: WorkerService { await keeper.run() }),
                    .init(service: WorkerService { await upkeep.run() }),
                    .init(service: WorkerService { await watch?.run() }),
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        logger.notice("stopped")
    }
}

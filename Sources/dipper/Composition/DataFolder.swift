import CatalogPostgreSQL
import CatalogService
import EventLog
import EventLogKafka
import Foundation
import Ingestion
import LakeModel
import Logging
import ObjectStorage
import OperationalStore
import OperationalStorePostgres
import PostgreSQLSupport
import QueryEngineDuckDB

/// A data folder with its embedded stores, held by this process alone.
///
///     dipper.lock       who holds it
///     model.yaml        the tables, if other than the hiring model
///     log.db            the durable log, unless it lies in Kafka
///     log.elsewhere     that the log lies in Kafka
///     catalog.elsewhere that the catalog lies in PostgreSQL
///     catalog.db        table pointers, watermarks, receipts, unless they lie in PostgreSQL
///     operational.db    accepted rows by key, unless they lie in PostgreSQL
///     lake/csv-files    bronze, unless it lies in a bucket
///     lake/warehouse    Iceberg tables, unless they lie in a bucket
///     lake-location     what the tables' locations begin with, if other than a path
///     lake-objects      the bucket that bronze and tables lie in, if any
///     query-cache       files of the bucket that queries have read
///     s3-uploads        parts of objects that come through the S3 door
///     tmp               what queries spill
struct DataFolder: Sendable {
    let path: String
    let model: LakeDeclaration
    let location: LakeLocation
    let lakeObjects: LakeObjects
    let log: any EventLog
    let catalog: any CatalogStore
    /// Counts the changes that this process makes to the catalog.
    let watch = CatalogWatch()
    /// Whether other processes may change the catalog too.
    let isCatalogShared: Bool
    /// Shares roles out among processes; `nil`: the catalog knows no others.
    let leases: (any LeaseStore)?
    let operational: any OperationalStore
    /// Whether other processes reach the operational rows.
    let sharesOperational: Bool
    let tables: LakeTables
    let ingestion: DipperIngestion
    /// Files that queries read at the moment.
    let pins: QueryPins
    let stores: StoreChoice
    private let lock: DataFolderLock
    private let closeLog: @Sendable () -> Void

    /// Opens the folder, creating what is missing.
    /// - Parameters:
    ///   - location: what a new lake's locations begin with: `file` or `s3://BUCKET`.
    ///   - choice: where catalog and operational rows lie; `nil`: as the environment says.
    ///   - log: where the log lies; `nil`: as the environment says.
    ///   - objectChoice: where bronze and tables lie; `nil`: as the environment says, and as the folder remembers.
    ///   - lakeFolder: the folder of bronze and tables on a local disk; `nil`: in the data folder.
    /// - Throws: `data-folder-in-use`, `location-fixed`, `objects-fixed`, model and storage errors.
    init(
        _ path: String, location: String? = nil, limits: IngestionLimits = IngestionLimits(),
        stores choice: StoreChoice? = nil, log logChoice: LogChoice? = nil, objects objectChoice: ObjectChoice? = nil,
        lakeFolder: String? = nil
    ) async throws {
        let root = URL(fileURLWithPath: path).standardizedFileURL.path
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        self.path = root
        lock = try DataFolderLock(folder: root)
        model = try Self.model(in: root)
        let lake = try Self.lake(root, lakeFolder)
        let isNew =
            !FileManager.default.fileExists(atPath: root + "/log.db")
            && !FileManager.default.fileExists(atPath: "\(lake)/\(LakeTables.warehouseFolder)")
        let logChoice = try logChoice ?? LogChoice(nil)
        let logMark = try LogMark(folder: root, choice: logChoice)
        let choice = try choice ?? StoreChoice(catalog: nil, operational: nil)
        self.location = try LakeLocation.settle(
            in: lakeFolder == nil ? root : lake, wanted: location, isNew: isNew)
        lakeObjects = try await LakeObjects.open(
            in: root, lakeFolder: lake,
            choice: objectChoice ?? ObjectChoice(environment: ProcessInfo.processInfo.environment),
            location: self.location, sharesCatalog: choice.catalog != nil, isNew: isNew)
        let objects = lakeObjects.store
        let mark = try CatalogMark(folder: root, choice: choice)
        let store = try await Self.catalog(choice, root)
        leases = store as? any LeaseStore
        catalog = WatchedCatalogStore(store, watch: watch)
        isCatalogShared = choice.catalog != nil
        try mark.leave()
        operational = try await Self.operational(choice, root)
        stores = choice
        sharesOperational = choice.operational != nil
        // Last, because its clients' threads must have ended before the process may.
        (log, closeLog) = try await Self.log(logChoice, root, model)
        try logMark.leave()
        tables = LakeTables(catalog: catalog, objects: objects)
        pins = QueryPins(io: tables.io) { [lakeObjects] location in
            lakeObjects.queryPath(forLocation: location, folder: root)
        }
        ingestion = DipperIngestion(model: model, log: log, objects: objects, catalog: catalog, limits: limits)
    }

    var objects: any ObjectStore { lakeObjects.store }

    private static func lake(_ root: String, _ folder: String?) throws -> String {
        guard let folder else { return root + "/lake" }
        let path = URL(fileURLWithPath: folder).standardizedFileURL.path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// The log, and how it is closed.
    private static func log(
        _ choice: LogChoice, _ root: String, _ model: LakeDeclaration
    ) async throws -> (any EventLog, @Sendable () -> Void) {
        guard let options = choice.kafka else {
            let log = try SQLiteEventLog(path: root + "/log.db")
            return (log, { try? log.close() })
        }
        let log = try await KafkaEventLog(options, logger: Logger(label: "dipper"))
        // The pipeline works one partition of each topic.
        do {
            try await log.prepare(topics: model.tables.map(\.name), partitionsMax: 1)
        } catch {
            log.close()
            throw error
        }
        return (log, { log.close() })
    }

    private static func catalog(_ choice: StoreChoice, _ root: String) async throws -> any CatalogStore {
        guard let address = choice.catalog else { return try SQLiteCatalogStore(path: root + "/catalog.db") }
        return try await PostgreSQLCatalogStore(
            PostgreSQLOptions(connectionString: address, schema: PostgreSQLCatalogStore.schemaDefault))
    }

    private static func operational(_ choice: StoreChoice, _ root: String) async throws -> any OperationalStore {
        guard let address = choice.operational else {
            return try SQLiteOperationalStore(path: root + "/operational.db")
        }
        return try await PostgreSQLOperationalStore(
            PostgreSQLOptions(connectionString: address, schema: PostgreSQLOperationalStore.schemaDefault))
    }

    private static func model(in root: String) throws -> LakeDeclaration {
        let file = root + "/model.yaml"
        guard FileManager.default.fileExists(atPath: file) else { return try HiringModel.declaration() }
        return try ModelFile.parse(String(contentsOfFile: file, encoding: .utf8), source: file)
    }

    /// The workers that bring the log into the lake.
    /// - Parameter stages: where loads add up their processor time, if it is wanted.
    func engine(
        operational feedsOperational: Bool, threads: Int, logger: Logger, stages: StageClock? = nil
    ) async throws -> LakeEngine {
        try await LakeEngine(
            ingestion: ingestion, tables: tables, operational: feedsOperational ? operational : nil, threads: threads,
            logger: logger, stages: stages)
    }

    func close() {
        closeLog()
        lock.release()
    }
}

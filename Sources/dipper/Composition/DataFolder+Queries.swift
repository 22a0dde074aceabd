import Foundation
import Ingestion
import LakeModel
import Logging
import QueryEngine
import QueryEngineDuckDB

/// What queries may use together and each; a configuration file may set them.
struct QueryResources: Sendable, Equatable {
    /// Processes that run SQL of clients, one query each at a time. Statements that name operational tables have one more, and
    /// refreshes of gold another.
    var queryWorkers = DuckDBConfiguration.workersDefault
    /// Queries that wait for a process; one more gets a 503.
    var queryQueueMax = DuckDBConfiguration.queuedRequestsDefault
    /// Threads of each process.
    var queryThreads = ProcessInfo.processInfo.activeProcessorCount
    /// Bytes of memory of each process.
    var queryMemoryBytesMax = DuckDBConfiguration.memoryBytesDefault
    /// Bytes that each process writes to its temporary folder.
    var queryTemporaryBytesMax = DuckDBConfiguration.temporaryBytesDefault
    /// How long a query may run.
    var queryMilliseconds = QueryLimits().timeoutMilliseconds
    /// Rows of a result; what is more is cut off, and the answer says so.
    var queryRowsMax = QueryLimits().rowsMax
    /// Bytes of a result.
    var queryResultBytesMax = QueryLimits().resultBytesMax

    var limits: QueryLimits {
        QueryLimits(timeoutMilliseconds: queryMilliseconds, rowsMax: queryRowsMax, resultBytesMax: queryResultBytesMax)
    }
}

extension DataFolder {
    /// SQL in child processes of this program, which reach table data only.
    private func queryEngine(
        _ files: QueryFiles, _ resources: QueryResources = QueryResources(), logger: Logger
    ) throws -> DuckDBEngine {
        DuckDBEngine(
            configuration: try engineConfiguration(files, resources, temporaryFolder: path + "/tmp"), logger: logger)
    }

    /// The same with the operational database attached, for statements that name its tables. `nil`: the engine's extension for
    /// it is not installed.
    ///
    /// These processes are others than those of plain queries, because an attached SQLite database weakens their lock-down: its
    /// extension opens files by itself. What a statement may name is checked before in both.
    private func operationalQueryEngine(
        _ files: QueryFiles, _ resources: QueryResources = QueryResources(), logger: Logger
    ) throws -> DuckDBEngine? {
        let kind: DuckDBAttachment.Kind = stores.operational == nil ? .sqlite : .postgres
        guard let extensionPath = EngineExtensions.path(of: "\(kind.rawValue)_scanner") else { return nil }
        var configuration = try engineConfiguration(files, resources, temporaryFolder: path + "/tmp/operational")
        configuration.attachment = DuckDBAttachment(
            kind: kind, address: stores.operational ?? path + "/operational.db", extensionPath: extensionPath)
        configuration.workers = 1
        return DuckDBEngine(configuration: configuration, logger: logger)
    }

    /// Both kinds of processes behind one engine.
    /// - Parameter operational: whether SQL may name operational tables.
    func lakeQueries(
        _ files: QueryFiles, _ resources: QueryResources = QueryResources(), operational: Bool = true, logger: Logger
    ) throws -> LakeQueryEngine {
        LakeQueryEngine(
            files: files, plain: try queryEngine(files, resources, logger: logger),
            operational: operational ? try operationalQueryEngine(files, resources, logger: logger) : nil)
    }

    /// One process more, for refreshes of gold.
    func goldQueries(
        _ files: QueryFiles, _ resources: QueryResources, logger: Logger
    ) throws -> LakeQueryEngine {
        var configuration = try engineConfiguration(files, resources, temporaryFolder: path + "/tmp/gold")
        configuration.workers = 1
        return LakeQueryEngine(
            files: files, plain: DuckDBEngine(configuration: configuration, logger: logger), operational: nil)
    }

    func plans(_ engine: LakeQueryEngine) -> TablePlans {
        TablePlans(tables: tables, engine: engine, operational: operationalTables, files: engine.files, pins: pins)
    }

    private var operationalTables: OperationalTables {
        OperationalTables(model: model, store: stores.operational == nil ? .sqlite : .postgresql)
    }

    private func engineConfiguration(
        _ files: QueryFiles, _ resources: QueryResources, temporaryFolder: String
    ) throws -> DuckDBConfiguration {
        let warehouse = files.root + LakeTables.warehouseFolder
        try FileManager.default.createDirectory(atPath: warehouse, withIntermediateDirectories: true)
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return DuckDBConfiguration(
            workerCommand: [executable, Dipper.workerArgument], dataFolders: [warehouse],
            temporaryFolder: temporaryFolder, libraryFolder: EngineExtensions.installedFolder,
            workers: resources.queryWorkers, queuedRequestsMax: resources.queryQueueMax,
            threadsPerWorker: resources.queryThreads, memoryBytesMax: resources.queryMemoryBytesMax,
            temporaryBytesMax: resources.queryTemporaryBytesMax)
    }
}

/// Where the engine and its extensions are installed.
enum EngineExtensions {
    /// `bin/up` and `bin/test` install it here.
    static var installedFolder: String? {
        let installed = FileManager.default.currentDirectoryPath + "/.deps/duckdb"
        return FileManager.default.fileExists(atPath: installed) ? installed : nil
    }

    /// The file of an extension: beside the engine's library, in a folder `extensions`.
    static func path(of name: String) -> String? {
        var folders: [String] = []
        if let library = ProcessInfo.processInfo.environment[DuckDBLibrary.environmentName], !library.isEmpty {
            folders.append(URL(fileURLWithPath: library).deletingLastPathComponent().path)
        }
        if let installedFolder { folders.append(installedFolder) }
        return folders.map { "\($0)/extensions/\(name).duckdb_extension" }
            .first { FileManager.default.fileExists(atPath: $0) }
    }
}

import Foundation

/// A database that the workers have attached, read-only, beside the tables of each request.
package struct DuckDBAttachment: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable { case sqlite, postgres }

    /// What it is called in SQL of our own. Statements cannot name it: they name no catalogs.
    package static let catalog = "operational"

    package var kind: Kind
    /// A path, or a connection string of libpq.
    package var address: String
    /// The extension that reads it.
    package var extensionPath: String

    package init(kind: Kind, address: String, extensionPath: String) {
        self.kind = kind
        self.address = address
        self.extensionPath = extensionPath
    }
}

/// How the embedded engine is run.
package struct DuckDBConfiguration: Sendable {
    package static let workersDefault = 2
    package static let queuedRequestsDefault = 64
    package static let memoryBytesDefault = 1 << 30
    package static let temporaryBytesDefault = 4 << 30
    package static let startTimeoutMillisecondsDefault = 20_000

    /// The program and arguments that run ``DuckDBWorker``, for example `["/usr/bin/dipper", "query-worker"]`.
    package var workerCommand: [String]
    /// The only folders that SQL can reach for tables that do not name their own: the warehouse. Absolute paths.
    package var dataFolders: [String]
    /// Each worker gets a folder of its own below, for what does not fit into memory; removed when the worker ends.
    /// No other server may use it.
    package var temporaryFolder: String
    /// A folder with `libduckdb.so` or with DuckDB's unpacked Python wheel; see ``DuckDBLibrary``.
    package var libraryFolder: String?
    /// Attached in each worker before it is locked. `nil`: nothing.
    package var attachment: DuckDBAttachment?
    /// Processes, each running one query at a time.
    package var workers: Int
    /// Requests that wait at most; one more gets `overloaded`.
    package var queuedRequestsMax: Int
    /// Threads of the engine in each worker.
    package var threadsPerWorker: Int
    /// The engine's memory limit in each worker, bytes.
    package var memoryBytesMax: Int
    /// The most that a worker writes to its temporary folder, bytes.
    package var temporaryBytesMax: Int
    /// How long a worker may take to load the engine, milliseconds.
    package var startTimeoutMilliseconds: Int
    /// Where library paths are looked up, and where workers get `PATH` and `LD_LIBRARY_PATH` from; nothing else of it
    /// reaches them.
    package var environment: [String: String]

    package init(
        workerCommand: [String], dataFolders: [String], temporaryFolder: String, libraryFolder: String? = nil,
        workers: Int = workersDefault, queuedRequestsMax: Int = queuedRequestsDefault,
        threadsPerWorker: Int = ProcessInfo.processInfo.activeProcessorCount,
        memoryBytesMax: Int = memoryBytesDefault, temporaryBytesMax: Int = temporaryBytesDefault,
        startTimeoutMilliseconds: Int = startTimeoutMillisecondsDefault,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        precondition(!workerCommand.isEmpty, "a worker needs a program")
        precondition(workers > 0 && queuedRequestsMax > 0 && threadsPerWorker > 0, "limits are positive")
        self.workerCommand = workerCommand
        self.dataFolders = dataFolders
        self.temporaryFolder = temporaryFolder
        self.libraryFolder = libraryFolder
        self.workers = workers
        self.queuedRequestsMax = queuedRequestsMax
        self.threadsPerWorker = threadsPerWorker
        self.memoryBytesMax = memoryBytesMax
        self.temporaryBytesMax = temporaryBytesMax
        self.startTimeoutMilliseconds = startTimeoutMilliseconds
        self.environment = environment
    }
}

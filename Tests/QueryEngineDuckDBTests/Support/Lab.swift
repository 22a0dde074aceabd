import Foundation
import LakeModel
import Logging
import QueryEngine
import Testing

@testable import QueryEngineDuckDB

/// A folder with table data and an engine over it, for one test.
final class Lab: Sendable {
    let folder: String
    let dataFolder: String
    let engine: DuckDBEngine

    /// - Parameter change: what the test wants otherwise in the configuration.
    init(_ change: (inout DuckDBConfiguration) -> Void = { _ in }) throws {
        folder = NSTemporaryDirectory() + "dipper-query-\(UUID().uuidString)"
        dataFolder = folder + "/warehouse"
        try FileManager.default.createDirectory(atPath: dataFolder, withIntermediateDirectories: true)
        var configuration = DuckDBConfiguration(
            workerCommand: try #require(Lab.workerCommand), dataFolders: [dataFolder],
            temporaryFolder: folder + "/tmp", libraryFolder: Lab.libraryFolder)
        change(&configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .error
        engine = DuckDBEngine(configuration: configuration, logger: logger)
    }

    /// Runs a test's body and ends the engine whatever came of it.
    static func run(
        _ change: (inout DuckDBConfiguration) -> Void = { _ in }, _ body: (Lab) async throws -> Void
    ) async throws {
        let lab = try Lab(change)
        do {
            try await body(lab)
        } catch {
            await lab.end()
            throw error
        }
        await lab.end()
    }

    private func end() async {
        await engine.shutdown()
        let left = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/tmp")) ?? []
        #expect(left == [], "temporary folders are removed with their workers")
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Writes a data file and returns its path.
    func write(_ name: String, _ columns: [TinyParquet.Column]) throws -> String {
        let path = dataFolder + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(TinyParquet.file(columns)).write(to: URL(fileURLWithPath: path))
        return path
    }

    func rows(
        _ sql: String, _ parameters: QueryParameters = .positional([]), tables: [QueryTable] = [],
        limits: QueryLimits = QueryLimits()
    ) async throws -> [[QueryValue]] {
        try await engine.execute(QueryRequest(sql: sql, parameters: parameters, tables: tables, limits: limits)).rows
    }

    /// The error that a statement ends with.
    func error(
        _ sql: String, _ parameters: QueryParameters = .positional([]), tables: [QueryTable] = [],
        limits: QueryLimits = QueryLimits()
    ) async throws -> QueryError {
        do {
            let result = try await rows(sql, parameters, tables: tables, limits: limits)
            Issue.record("no error, but \(result.prefix(3)), from: \(sql)")
            return QueryError(code: "none", message: "")
        } catch let error as QueryError {
            return error
        }
    }

    /// The program that runs a worker: the one that `DIPPER_EXECUTABLE` names, else what was built next to the tests.
    static let workerCommand: [String]? = {
        let files = FileManager.default
        if let path = ProcessInfo.processInfo.environment["DIPPER_EXECUTABLE"] { return [path, "query-worker"] }
        guard let tests = try? files.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
        var folders = [(tests as NSString).deletingLastPathComponent]
        // `swift test` may run the bundle by a helper of the toolchain.
        folders += CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
            .map { ($0 as NSString).deletingLastPathComponent }
        for folder in folders {
            if files.isExecutableFile(atPath: folder + "/dipper") { return [folder + "/dipper", "query-worker"] }
        }
        return nil
    }()

    /// The checkout's `.deps/duckdb`.
    static let libraryFolder: String? = {
        var path = #filePath
        for _ in 0..<4 { path = (path as NSString).deletingLastPathComponent }
        return path + "/.deps/duckdb"
    }()

    /// Whether there is a DuckDB to test with.
    static let hasEngine: Bool = {
        if ProcessInfo.processInfo.environment[DuckDBLibrary.environmentName] != nil { return true }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: libraryFolder ?? "")) ?? []
        return names.contains { $0.hasSuffix(".so") }
    }()
}

extension QueryTable {
    /// A table for a test; `fields` of flat types by name and id.
    init(
        _ name: String, _ fields: [(Int, String, PrimitiveType)], files: [String], deletedFrom: [String] = [],
        deletes: [String] = [], scheme: String = "file://", version: String = UUID().uuidString
    ) {
        self.init(
            namespace: "silver", name: name,
            fields: fields.map { SchemaField(id: $0.0, name: $0.1, type: $0.2, required: false) }, plainFiles: files,
            deletedFromFiles: deletedFrom, deleteFiles: deletes, locationScheme: scheme, version: version)
    }
}

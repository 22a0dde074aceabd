import ArgumentParser
import Foundation
import Ingestion
import LakeModel
import Logging

/// `dipper load`: CSV files into a table, through a server or straight into a data folder.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Load CSV files (plain, gzip or zstd) into a table; ends when the rows are committed.")

    @Argument(help: "The table's name in the model, for example hired_employees.")
    var table: String

    @Argument(help: "The files.")
    var files: [String]

    @OptionGroup var target: TargetOptions

    @Option(help: "upsert, append (tables without a key) or overwrite.")
    var mode = "upsert"

    @Option(help: "quarantine (take the good rows) or fail (take nothing when a row is bad).")
    var onError = "quarantine"

    @Option(help: "The delimiter, one character or `tab`; sniffed when not given.")
    var delimiter: String?

    @Flag(inversion: .prefixedNo, help: "Whether the first row is a header; sniffed when not given.")
    var header: Bool?

    @Flag(inversion: .prefixedNo, help: "With --data-dir: feed the operational database too.")
    var operational = true

    @Option(help: "With --data-dir: threads that parse and encode (default: one a core).")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Print each receipt as a JSON object.")
    var json = false

    @Flag(help: "End with code 2 when rows were rejected.")
    var failOnRejects = false

    func validate() throws {
        if UploadRequest.Mode(rawValue: mode) == nil { throw ValidationError("--mode: upsert, append or overwrite") }
        if UploadRequest.OnError(rawValue: onError) == nil { throw ValidationError("--on-error: quarantine or fail") }
        if files.isEmpty { throw ValidationError("give at least one file") }
        if delimiter != nil, delimiterByte == nil { throw ValidationError("--delimiter: one ASCII character, or tab") }
        if threads < 1 { throw ValidationError("--threads: at least 1") }
    }

    private var delimiterByte: UInt8? {
        if delimiter == "tab" || delimiter == "\\t" { return 9 }
        guard let delimiter, delimiter.utf8.count == 1 else { return nil }
        return delimiter.utf8.first
    }

    func run() async throws {
        let reports =
            if let server = target.server {
                try await load(through: ServerClient(base: server, token: target.token))
            } else {
                try await load(into: target.dataDir ?? "")
            }
        if reports.contains(where: { $0.receipt.state == .failed }) { throw ExitCode(1) }
        if failOnRejects, reports.contains(where: { $0.receipt.rows.rejected > 0 }) { throw ExitCode(2) }
    }

    private func load(through client: ServerClient) async throws -> [LoadReport] {
        var reports: [LoadReport] = []
        for file in files {
            let meter = LoadMeter(file)
            var receipt = try await client.upload(file, table: table, query: query) { meter.uploaded($0) }
            while receipt.state == .accepted || receipt.state == .running {
                meter.show(receipt.progress)
                try await Task.sleep(for: .milliseconds(LoadMeter.stepMilliseconds))
                receipt = try await client.job(receipt.id)
            }
            reports.append(try meter.end(receipt, json: json))
        }
        return reports
    }

    private var query: String {
        var parts = ["mode=\(mode)", "onError=\(onError)"]
        if let byte = delimiterByte { parts.append("delimiter=\(ServerClient.encoded(String(UnicodeScalar(byte))))") }
        if let header { parts.append("header=\(header)") }
        return parts.joined(separator: "&")
    }

    private func load(into path: String) async throws -> [LoadReport] {
        let folder = try await DataFolder(path)
        defer { folder.close() }
        var logger = Logger(label: "dipper") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let engine = try await folder.engine(operational: operational, threads: threads, logger: logger)
        var reports: [LoadReport] = []
        for file in files {
            let meter = LoadMeter(file)
            let before = try await folder.snapshots(of: table)
            let id = try await upload(file, folder.ingestion, meter)
            meter.uploadEnded()
            let watch = Task { try await show(id, folder.ingestion, meter) }
            defer { watch.cancel() }
            try await engine.drain(operational: false)
            guard let receipt = try await folder.ingestion.job(id: id) else { continue }
            meter.committed()
            if operational { try await engine.drain(operational: true) }
            let outputBytes = try await folder.outputBytes(of: table, since: before)
            reports.append(try meter.end(receipt, outputBytes: outputBytes, json: json))
        }
        return reports
    }

    /// Draws the progress of a job until it has ended, or the load has failed and this task is cancelled.
    private func show(_ id: String, _ ingestion: DipperIngestion, _ meter: LoadMeter) async throws {
        while !Task.isCancelled, let receipt = try await ingestion.job(id: id),
            receipt.state == .accepted || receipt.state == .running
        {
            meter.show(receipt.progress)
            _ = try await ingestion.waitForJob(id: id, seconds: Double(LoadMeter.stepMilliseconds) / 1_000)
        }
    }

    private func upload(_ file: String, _ ingestion: DipperIngestion, _ meter: LoadMeter) async throws -> String {
        let source = try SourceFile(file)
        defer { source.close() }
        var request = UploadRequest(table: table)
        request.fileName = URL(fileURLWithPath: file).lastPathComponent
        request.mode = UploadRequest.Mode(rawValue: mode) ?? .upsert
        request.onError = UploadRequest.OnError(rawValue: onError) ?? .quarantine
        request.delimiter = delimiterByte
        request.header = header
        let session = try await ingestion.beginUpload(request)
        do {
            while let data = try source.next() {
                try await session.write(Array(data))
                meter.uploaded(data.count)
            }
        } catch {
            await session.abort()
            throw error
        }
        return try await session.finish().id
    }
}

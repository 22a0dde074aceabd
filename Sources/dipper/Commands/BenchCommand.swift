import ArgumentParser
import Foundation
import Ingestion
import LakeModel
import Logging

/// `dipper bench`: a load into an empty data folder, with the processor time of each stage.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Load a file into a new, temporary data folder and tell what each stage costs.",
        discussion: """
            Measured from the durable upload to the commit. Without FILE a hiring sample is made for it. Stages are \
            timed by chunk, row group and file; together with `other` they make the load's processor time.
            """)

    @Argument(help: "A CSV file (default: a sample).")
    var file: String?

    @Option(help: "Rows of the sample.")
    var rows = 2_000_000

    @Option(help: "Keys of the sample: ordered, shuffled, wide-ids or string-keys.")
    var variant = BenchVariant.ordered

    @Option(help: "Chooses the sample's data.")
    var seed: UInt64 = 1

    @Flag(help: "A sample without missing fields.")
    var clean = false

    @Option(help: "Make every N-th row of the sample malformed.")
    var badEvery: Int?

    @Option(help: "A model file for FILE (default: the hiring model).")
    var model: String?

    @Option(help: "The table that FILE is for.")
    var table = "hired_employees"

    @Option(help: "Threads that parse and encode (default: one a core).")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "Where the temporary folder is made.")
    var folder = FileManager.default.temporaryDirectory.path

    @Flag(help: "Print the figures as a JSON object.")
    var json = false

    func validate() throws {
        if threads < 1 { throw ValidationError("--threads: at least 1") }
        if rows < 1 { throw ValidationError("--rows: at least 1") }
        if file == nil, model != nil { throw ValidationError("--model is for a FILE; samples have their own") }
    }

    func run() async throws {
        let work = URL(fileURLWithPath: folder).appendingPathComponent("dipper-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: work) }
        let csv = try file ?? sample(in: work)
        let data = work + "/data"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        let yaml = try model.map { try String(contentsOfFile: $0, encoding: .utf8) } ?? variant.model
        try yaml.write(toFile: data + "/model.yaml", atomically: true, encoding: .utf8)
        let report = try await measure(csv, in: data)
        if json { try Console.json(report) } else { report.print() }
    }

    private func sample(in work: String) throws -> String {
        var options = SampleOptions(rows: rows, seed: seed)
        variant.apply(to: &options)
        options.clean = clean
        options.badEvery = badEvery
        _ = try SampleGenerator(options: options).write(to: work)
        return work + "/hired_employees.csv"
    }

    private func measure(_ csv: String, in data: String) async throws -> BenchReport {
        let folder = try await DataFolder(data, stores: .embedded, log: .embedded, objects: ObjectChoice.none)
        defer { folder.close() }
        var logger = Logger(label: "dipper")
        logger.logLevel = .warning
        let stages = StageClock()
        let engine = try await folder.engine(operational: false, threads: threads, logger: logger, stages: stages)
        let before = try await folder.snapshots(of: table)
        let (id, byteCount) = try await upload(csv, folder.ingestion)
        let start = ContinuousClock.now
        let startCPU = ProcessUsage.cpuSeconds()
        try await engine.drain(operational: false)
        let cpu = ProcessUsage.cpuSeconds() - startCPU
        let wall = (ContinuousClock.now - start) / .seconds(1)
        guard let receipt = try await folder.ingestion.job(id: id), receipt.error == nil else {
            throw ClientError(
                code: "bench-load-failed", message: "the load of \(csv) failed",
                remedy: "load it with `dipper load`, which tells why")
        }
        var report = BenchReport(
            file: csv, csvBytes: byteCount, rows: receipt.rows, wallSeconds: wall, cpuSeconds: cpu,
            rowsPerCPUSecond: cpu > 0 ? Double(receipt.rows.read) / cpu : 0,
            peakResidentBytes: ProcessUsage.peakResidentBytes(),
            outputBytes: try await folder.outputBytes(of: table, since: before), stages: [])
        report.setStages(stages.seconds)
        return report
    }

    private func upload(_ csv: String, _ ingestion: DipperIngestion) async throws -> (id: String, byteCount: Int) {
        guard let handle = FileHandle(forReadingAtPath: csv) else {
            throw ClientError(
                code: "file-unreadable", message: "\(csv) cannot be read", remedy: "check the path and its rights")
        }
        defer { try? handle.close() }
        let session = try await ingestion.beginUpload(UploadRequest(table: table))
        var byteCount = 0
        do {
            while let block = try handle.read(upToCount: Self.blockBytes), !block.isEmpty {
                try await session.write(Array(block))
                byteCount += block.count
            }
        } catch {
            await session.abort()
            throw error
        }
        return (try await session.finish().id, byteCount)
    }

    private static let blockBytes = 1 << 20
}

import Foundation
import Ingestion
import Synchronization

/// What one file's load cost, as `--json` prints it.
struct LoadReport: Encodable {
    var file: String
    var receipt: JobReceipt
    /// From the first byte read to the commit.
    var wallSeconds: Double
    /// Of this process; a server's are not counted.
    var cpuSeconds: Double
    var uploadSeconds: Double
    /// From the durable upload to the commit, with the processor time of that part alone.
    var loadSeconds: Double
    var loadCPUSeconds: Double
    /// What the operational store took after the commit.
    var operationalSeconds: Double
    /// The most memory that this process has had resident.
    var peakResidentBytes: Int
    /// Of the data files and the quarantine that the load has written; `nil` when a server wrote them.
    var outputBytes: Int?
}

/// Measures a load and draws its progress on a terminal.
final class LoadMeter: Sendable {
    static let stepMilliseconds = 100

    private struct State {
        var uploaded = 0
        var uploadEnd: ContinuousClock.Instant?
        var uploadCPU = 0.0
        var commit: ContinuousClock.Instant?
        var commitCPU = 0.0
    }

    private let file: String
    private let byteCount: Int
    private let start = ContinuousClock.now
    private let startCPU = ProcessUsage.cpuSeconds()
    private let state = Mutex(State())

    init(_ file: String) {
        self.file = file
        let attributes = try? FileManager.default.attributesOfItem(atPath: file)
        byteCount = (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }

    func uploaded(_ count: Int) {
        let done = state.withLock { state in
            state.uploaded += count
            return state.uploaded
        }
        draw("uploading", done: done, tail: "")
    }

    func uploadEnded() {
        state.withLock { state in
            state.uploadEnd = .now
            state.uploadCPU = ProcessUsage.cpuSeconds()
        }
    }

    func committed() {
        state.withLock { state in
            state.commit = .now
            state.commitCPU = ProcessUsage.cpuSeconds()
        }
    }

    func show(_ progress: JobReceipt.Progress?) {
        if state.withLock({ $0.uploadEnd == nil }) { uploadEnded() }
        guard let progress else { return }
        let left = progress.secondsLeft.map { ", \(Int($0.rounded(.up))) s left" } ?? ""
        draw(
            "loading", done: progress.bytesDone,
            tail: "\(progress.rowsDone) rows, \(Int(progress.rowsPerSecond)) rows/s\(left)")
    }

    /// Prints what became of the file.
    /// - Parameter outputBytes: what the load has written, if it is known.
    func end(_ receipt: JobReceipt, outputBytes: Int? = nil, json: Bool) throws -> LoadReport {
        if Console.isTerminal { Console.status("\r\u{1B}[K") }
        let state = state.withLock { $0 }
        let end = ContinuousClock.now
        let commit = state.commit ?? end
        let commitCPU = state.commit == nil ? ProcessUsage.cpuSeconds() : state.commitCPU
        let uploadEnd = state.uploadEnd ?? end
        let report = LoadReport(
            file: file, receipt: receipt, wallSeconds: (commit - start) / .seconds(1),
            cpuSeconds: commitCPU - startCPU, uploadSeconds: (uploadEnd - start) / .seconds(1),
            loadSeconds: (commit - uploadEnd) / .seconds(1),
            loadCPUSeconds: commitCPU - (state.uploadEnd == nil ? startCPU : state.uploadCPU),
            operationalSeconds: (end - commit) / .seconds(1), peakResidentBytes: ProcessUsage.peakResidentBytes(),
            outputBytes: outputBytes)
        if json {
            try Console.json(report)
        } else {
            describe(report)
        }
        return report
    }

    private func describe(_ report: LoadReport) {
        let rows = report.receipt.rows
        if let error = report.receipt.error {
            Console.fail("\(file): \(error.code): \(error.message)\n  try: \(error.remedy ?? "see the job")")
            return
        }
        let seconds = String(format: "%.2f", report.wallSeconds)
        Console.line(
            "\(file): \(rows.read) rows read in \(seconds) s: \(rows.inserted) inserted, \(rows.updated) updated, "
                + "\(rows.unchanged) unchanged, \(rows.superseded) superseded, \(rows.ignored) ignored, "
                + "\(rows.rejected) rejected, \(rows.blank) blank")
        for warning in report.receipt.warnings { Console.line("  warning: \(warning)") }
        if rows.rejected > 0 {
            Console.line("  rejects: dipper rejects list \(report.receipt.table) --job \(report.receipt.id)")
        }
    }

    private func draw(_ what: String, done: Int, tail: String) {
        guard Console.isTerminal, byteCount > 0 else { return }
        let width = 30
        let filled = min(width, done * width / byteCount)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        Console.status("\r\u{1B}[K\(what) \(bar) \(min(100, done * 100 / byteCount)) % \(tail)")
    }
}

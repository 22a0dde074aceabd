import Foundation
import Ingestion

/// What a load cost and where its processor time went, as `dipper bench --json` prints it.
struct BenchReport: Encodable {
    struct Stage: Encodable {
        var name: String
        var cpuSeconds: Double
        /// Of the load's processor time, 0 to 1.
        var share: Double
    }

    var file: String
    var csvBytes: Int
    var rows: JobReceipt.Rows
    /// From the durable upload to the commit.
    var wallSeconds: Double
    var cpuSeconds: Double
    var rowsPerCPUSecond: Double
    var peakResidentBytes: Int
    /// Of data files and quarantine.
    var outputBytes: Int
    /// They add up to ``cpuSeconds``: what no stage accounts for is the last, `other`.
    var stages: [Stage]

    /// - Parameter spent: processor time by stage, seconds.
    mutating func setStages(_ spent: [LoadStage: Double]) {
        let measured = LoadStage.allCases.map { ($0.name, spent[$0] ?? 0) }
        let other = cpuSeconds - measured.reduce(0) { $0 + $1.1 }
        stages = (measured + [("other", other)]).map { name, seconds in
            Stage(name: name, cpuSeconds: seconds, share: cpuSeconds > 0 ? seconds / cpuSeconds : 0)
        }
    }

    func print() {
        Console.line(
            "\(file): \(rows.read) rows, \(csvBytes / 1_000_000) MB; wall \(Self.text(wallSeconds)) s, CPU "
                + "\(Self.text(cpuSeconds)) s, \(Int(rowsPerCPUSecond)) rows per CPU second, peak "
                + "\(peakResidentBytes / 1_000_000) MB, output \(outputBytes / 1_000_000) MB, "
                + "\(rows.rejected) rows rejected")
        Console.table(
            ["stage", "CPU s", "share"],
            stages.map { [$0.name, Self.text($0.cpuSeconds), "\(Int(($0.share * 100).rounded())) %"] })
    }

    private static func text(_ seconds: Double) -> String { String(format: "%.3f", seconds) }
}

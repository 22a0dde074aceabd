import ArgumentParser
import Foundation
import LakeModel
import ObjectStorage
import TableMaintenance

/// What the commands of maintenance have in common.
struct MaintenanceOptions: ParsableArguments {
    @Argument(help: "For example hired_employees, quarantine.hired_employees or silver.employees_cleaned.")
    var table: String

    @Option(help: "A data folder that no server holds.")
    var dataDir: String

    @Flag(help: "Only say what would be done.") var dryRun = false
    @Flag(help: "Print JSON.") var json = false

    /// Runs an action on the folder, prints its outcome and keeps it in the table's history.
    func run(_ body: (MaintenanceRoom, DataFolder) async throws -> MaintenanceOutcome) async throws {
        let folder = try await DataFolder(dataDir)
        defer { folder.close() }
        let outcome = try await body(folder.maintenanceRoom(try folder.lakehouse(further: [])), folder)
        if outcome.state != .dryRun {
            let table = try await folder.table(named: table)
            try await MaintenanceHistory(objects: folder.objects).add(outcome, to: table)
        }
        if json { try Console.json(outcome) } else { MaintenanceText.show(outcome) }
    }
}

extension TableCommand {
    struct Compact: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Rewrite small and much deleted files of a table; its rows stay the same.")
        @OptionGroup var options: MaintenanceOptions

        func run() async throws {
            try await options.run { room, folder in
                try await Compaction(room: room, policy: .thorough, pool: BlockingPool.shared)
                    .run(try await folder.table(named: options.table), isDryRun: options.dryRun)
            }
        }
    }

    struct Expire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take old snapshots out of a table and delete the files that only they named.")
        @OptionGroup var options: MaintenanceOptions
        @Option(help: "Expire snapshots older than this, for example 5d, 12h or 30m (default: the table's settings).")
        var olderThan: Age?
        @Option(help: "Keep this many snapshots of each branch at least (default: the table's settings).")
        var keep: Int?

        func validate() throws {
            if let keep, keep < 1 { throw ValidationError("--keep: at least 1") }
        }

        func run() async throws {
            try await options.run { room, folder in
                try await SnapshotExpiry(room: room, policy: .thorough).run(
                    try await folder.table(named: options.table),
                    wish: .init(maxSnapshotAgeMilliseconds: olderThan?.milliseconds, minSnapshotsToKeep: keep),
                    isDryRun: options.dryRun)
            }
        }
    }

    struct Orphans: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete files in a table's folder that nothing names.")
        @OptionGroup var options: MaintenanceOptions
        @Option(help: "Leave younger files alone: other programs may be about to commit them.")
        var olderThan = Age(milliseconds: MaintenancePolicy().orphanAgeMilliseconds)

        func run() async throws {
            try await options.run { room, folder in
                try await OrphanRemoval(room: room, policy: .thorough).run(
                    try await folder.table(named: options.table), ageMilliseconds: olderThan.milliseconds,
                    isDryRun: options.dryRun)
            }
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What maintenance has done to a table, the newest first.")
        @Argument(help: "For example hired_employees or silver.employees_cleaned.") var table: String
        @Option(help: "A data folder that no server holds.") var dataDir: String
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let folder = try await DataFolder(dataDir)
            defer { folder.close() }
            let history = MaintenanceHistory(objects: folder.objects)
            let outcomes = try await history.outcomes(of: try await folder.table(named: table))
            if json { return try Console.json(outcomes) }
            Console.table(
                ["time", "action", "state", "files before", "files after", "snapshots", "deleted", "reason"],
                outcomes.map { outcome in
                    [
                        UTCDate.text(outcome.startedMilliseconds * 1_000), outcome.action.rawValue,
                        outcome.state.rawValue, MaintenanceText.files(outcome.before),
                        MaintenanceText.files(outcome.after), "\(outcome.expiredSnapshots)",
                        "\(outcome.deletedFiles)", outcome.reason ?? "",
                    ]
                })
        }
    }
}

/// Outcomes for people.
enum MaintenanceText {
    static func show(_ outcome: MaintenanceOutcome) {
        Console.line("\(outcome.table): \(outcome.action.rawValue) \(outcome.state.rawValue)")
        if let reason = outcome.reason { Console.line("  \(reason)") }
        if outcome.state == .nothing { return }
        if let before = outcome.before, let after = outcome.after {
            Console.line("  files \(files(before)) -> \(files(after)), bytes \(before.bytes) -> \(after.bytes)")
            Console.line("  snapshots \(before.snapshots) -> \(after.snapshots)")
        }
        if outcome.removedFiles > 0 {
            Console.line("  \(outcome.removedFiles) files rewritten as \(outcome.addedFiles)")
        }
        if outcome.deletedFiles > 0 {
            Console.line("  \(outcome.deletedFiles) files deleted, \(outcome.deletedBytes) bytes")
        }
        if outcome.state == .dryRun { for location in outcome.locations { Console.line("  \(location)") } }
    }

    static func files(_ size: TableSize?) -> String {
        size.map { "\($0.dataFiles) data + \($0.deleteFiles) delete" } ?? "-"
    }
}

/// A time span on the command line: a number with `d`, `h`, `m` or `s`, or 0.
struct Age: ExpressibleByArgument {
    let milliseconds: Int64

    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    init?(argument: String) {
        if argument == "0" {
            milliseconds = 0
            return
        }
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = Int64(argument.dropLast()), count >= 0
        else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        milliseconds = product
    }

    var defaultValueDescription: String {
        milliseconds % 86_400_000 == 0 ? "\(milliseconds / 86_400_000)d" : "\(milliseconds / 1_000)s"
    }
}

import ArgumentParser
import Foundation

/// `dipper sample`: a realistic hiring data set of any size.
struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Write departments.csv, jobs.csv and hired_employees.csv; equal options give equal bytes.")

    @Option(help: "Rows of hired_employees.csv.")
    var rows = 2_000

    @Option(help: "Chooses the data.")
    var seed: UInt64 = 1

    @Argument(help: "The folder to write to.")
    var folder: String

    @Flag(help: "Open the files with a row of column names.")
    var header = false

    @Flag(help: "Employee ids in a random order.")
    var shuffleIds = false

    @Flag(help: "Employee ids of 63 bits.")
    var wideIds = false

    @Flag(help: "Employee ids as text.")
    var stringKeys = false

    @Flag(help: "No missing fields.")
    var clean = false

    @Option(help: "Make every N-th row malformed.")
    var badEvery: Int?

    @Flag(help: "Print a summary as JSON.")
    var json = false

    func run() throws {
        var options = SampleOptions(rows: rows, seed: seed)
        options.header = header
        options.shuffleIDs = shuffleIds
        options.wideIDs = wideIds
        options.stringKeys = stringKeys
        options.clean = clean
        options.badEvery = badEvery
        let summary = try SampleGenerator(options: options).write(to: folder)
        if json { return try Console.json(summary) }
        for file in summary.files { Console.line("\(file.path): \(file.rows) rows, \(file.bytes) bytes") }
    }
}

import ArgumentParser
import CSVFormat
import Foundation
import Ingestion
import LakeModel

/// `dipper rejects`: the refused rows of a table.
struct RejectsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rejects", abstract: "List and export refused rows.", subcommands: [List.self, Export.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List refused rows with the reason of each.")
        @Argument(help: "The table's name in the model.") var table: String
        @OptionGroup var target: TargetOptions
        @Option(help: "Only those of one job.") var job: String?
        @Option(help: "At most so many.") var limit = 100
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            if let server = target.server {
                let filter = job.map { "&job=\(ServerClient.encoded($0))" } ?? ""
                let answer = try await ServerClient(base: server, token: target.token)
                    .get("/api/v2/rejects/\(ServerClient.encoded(table))?size=\(limit)\(filter)")
                return Console.line(String(decoding: answer, as: UTF8.self))
            }
            var rows: [[String]] = []
            try await RejectsCommand.onFolder(target, table, job) { reject in
                rows.append([
                    "\(reject.line)", "\(reject.byteOffset)", reject.column ?? "-", reject.code, reject.message,
                    String(decoding: reject.raw.prefix(120), as: UTF8.self),
                ])
                return rows.count < limit
            }
            let header = ["line", "byte", "column", "code", "message", "row"]
            if json { return try Console.json(rows.map { row in Dictionary(zip(header, row)) { first, _ in first } }) }
            Console.table(header, rows)
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the refused rows as they came, one a line, to mend and load again.")
        @Argument(help: "The table's name in the model.") var table: String
        @Argument(help: "The file to write.") var file: String
        @OptionGroup var target: TargetOptions
        @Option(help: "Only those of one job.") var job: String?

        func run() async throws {
            if let server = target.server {
                let filter = job.map { "?job=\(ServerClient.encoded($0))" } ?? ""
                let answer = try await ServerClient(base: server, token: target.token)
                    .get("/api/v2/rejects/\(ServerClient.encoded(table))\(filter)", accept: "text/csv")
                return try Data(answer).write(to: URL(fileURLWithPath: file), options: .atomic)
            }
            var bytes: [UInt8] = []
            try await RejectsCommand.onFolder(target, table, job) { reject in
                bytes += reject.raw + [0x0A]
                return true
            }
            try Data(bytes).write(to: URL(fileURLWithPath: file), options: .atomic)
        }
    }

    /// Hands the rejects to `body` until it returns false.
    static func onFolder(
        _ target: TargetOptions, _ table: String, _ job: String?, _ body: (StoredReject) -> Bool
    ) async throws {
        let folder = try DataFolder(target.dataDir ?? "")
        defer { folder.close() }
        guard let declaration = folder.model.table(named: table) else {
            throw ClientError(
                code: "unknown-table", message: "there is no table `\(table)`",
                remedy: "use one of: \(folder.model.tables.map(\.name).joined(separator: ", "))")
        }
        let reader = QuarantineReader(declaration, tables: folder.tables)
        for try await reject in try await reader.rejects(QuarantineQuery(jobID: job)) where !body(reject) { return }
    }
}

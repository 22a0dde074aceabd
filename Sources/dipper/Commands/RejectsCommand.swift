import ArgumentParser
import CSVFormat
import Foundation
import Ingestion
import LakeModel

/// `dipper rejects`: the refused rows of a table.
struct RejectsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rejects", abstract: "List and export refused rows, and load them again.",
        subcommands: [List.self, Export.self, Replay.self])

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

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Load the corrected download of a server's rejects (`export --server`) again.")
        @Argument(help: "The table's name in the model.") var table: String
        @Argument(help: "The corrected file: CSV, or JSON when its name ends in .json.") var file: String
        @Option(help: "The server's address.") var server: String
        @Option(help: "The token for the server (default: DIPPER_TOKEN).") var token: String?
        @Flag(help: "Take nothing when a row is refused again.") var atomic = false
        @Flag(help: "Print the receipt as JSON.") var json = false

        func run() async throws {
            let body = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
            let client = ServerClient(base: server, token: token)
            let answer = try await client.post(
                "/api/v2/rejects/\(ServerClient.encoded(table))/replay?atomic=\(atomic)", body,
                type: file.hasSuffix(".json") ? "application/json" : "text/csv")
            if json { return Console.line(String(decoding: answer, as: UTF8.self)) }
            let receipt = try JSONDecoder().decode(JobReceipt.self, from: Data(answer))
            Console.line(
                "\(receipt.rows.accepted) rows taken, \(receipt.rows.rejected) refused again, job \(receipt.id)")
            for verdict in receipt.verdicts {
                Console.line("row \(verdict.index): \(verdict.code): \(verdict.message)")
            }
        }
    }

    /// Hands the rejects to `body` until it returns false.
    static func onFolder(
        _ target: TargetOptions, _ table: String, _ job: String?, _ body: (StoredReject) -> Bool
    ) async throws {
        let folder = try await DataFolder(target.dataDir ?? "")
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

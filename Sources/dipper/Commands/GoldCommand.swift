import ArgumentParser
import Foundation

/// `dipper gold`: what gold tables there are, and whether they are up to date.
struct GoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gold", abstract: "Tell of gold tables, or bring them up to date, on a running server.",
        subcommands: [Status.self, Refresh.self])

    struct Options: ParsableArguments {
        @Option(help: "The server's address, for example http://127.0.0.1:8080.") var server: String
        @Option(help: "The access token (default: DIPPER_TOKEN).") var token: String?
        @Flag(help: "Print JSON.") var json = false

        var client: ServerClient { ServerClient(base: server, token: token) }

        /// - Returns: whether all tables are current.
        @discardableResult
        func show(_ answer: [UInt8]) throws -> Bool {
            let tables = try JSONDecoder().decode([Table].self, from: Data(answer))
            if json {
                Console.line(String(decoding: answer, as: UTF8.self))
            } else {
                Console.table(
                    ["table", "state", "rows", "refreshed", "ms", "snapshot", "failure"],
                    tables.map { table in
                        [
                            table.table, table.current ? "current" : "stale", table.rowCount.map { "\($0)" } ?? "-",
                            table.refreshedAt ?? "-", table.milliseconds.map { "\($0)" } ?? "-",
                            table.snapshotId ?? "-",
                            table.failure?.split(whereSeparator: \.isNewline).first.map { String($0) } ?? "",
                        ]
                    })
            }
            return tables.allSatisfy(\.current)
        }
    }

    private struct Table: Decodable {
        var table: String
        var current: Bool
        var rowCount: Int64?
        var refreshedAt: String?
        var milliseconds: Int64?
        var snapshotId: String?
        var failure: String?
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show each gold table, and whether it reflects its inputs as they are.")
        @OptionGroup var options: Options

        func run() async throws { try options.show(try await options.client.get("/api/v2/gold")) }
    }

    struct Refresh: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring all gold tables up to date now; fails when one could not be.")
        @OptionGroup var options: Options

        func run() async throws {
            let answer = try await options.client.post("/api/v2/gold/refresh", json: [])
            guard try options.show(answer) else {
                throw ClientError(
                    code: "gold-stale", message: "not all gold tables could be brought up to date",
                    remedy: "the column failure says why; inputs may also have changed meanwhile")
            }
        }
    }
}

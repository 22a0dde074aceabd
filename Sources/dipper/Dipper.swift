import ArgumentParser
import Foundation
import LakeModel
import QueryEngineDuckDB

/// The one executable.
@main
struct Dipper: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "dipper",
        abstract: "A lakehouse in one program: CSV and JSON in, Iceberg tables, SQL and answers out.",
        discussion: """
            Exit codes: 0 done; 1 refused or failed, the message says why; 2 some rows were rejected and \
            --fail-on-rejects was given; 64 the command line is wrong.
            """,
        version: version,
        subcommands: [
            ServeCommand.self, WorkerCommand.self, LoadCommand.self, QueryCommand.self, TableCommand.self,
            RejectsCommand.self, BackupCommand.self, RestoreCommand.self, ModelCommand.self, TokenCommand.self,
            SampleCommand.self, BenchCommand.self, GoldCommand.self, EmptyRouteCommand.self,
        ])

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        // The engine's child process: it must not touch anything else of this program.
        if arguments.first == workerArgument {
            Foundation.exit(DuckDBWorker.run(arguments: Array(arguments.dropFirst())))
        }
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as any LakeError {
            Console.fail(error.description)
            Foundation.exit(1)
        } catch {
            exit(withError: error)
        }
    }

    static let workerArgument = "query-worker"
}

import ArgumentParser
import HTTPTypes
import Hummingbird
import Logging

/// `dipper bench-route`: an HTTP server with one empty route and nothing around it, which `bin/bench answers` measures answers
/// against.
struct EmptyRouteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-route", abstract: "Serve an empty answer at / for benchmarks.", shouldDisplay: false)

    @Option(help: "The port on 127.0.0.1.") var port: Int

    func run() async throws {
        let router = Router()
        router.get("/") { _, _ in HTTPResponse.Status.ok }
        var logger = Logger(label: "bench-route")
        logger.logLevel = .critical
        try await Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            logger: logger
        ).runService()
    }
}

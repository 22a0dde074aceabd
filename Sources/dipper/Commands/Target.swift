import ArgumentParser

/// Where a command works: on a running server, or straight on a data folder that no server holds.
struct TargetOptions: ParsableArguments {
    @Option(help: "The address of a running server, for example http://127.0.0.1:8080.")
    var server: String?

    @Option(help: "A data folder that no server holds.")
    var dataDir: String?

    @Option(help: "An access token for --server (default: the variable DIPPER_TOKEN).")
    var token: String?

    func validate() throws {
        if (server == nil) == (dataDir == nil) {
            throw ValidationError("give either --server URL or --data-dir DIR")
        }
    }
}

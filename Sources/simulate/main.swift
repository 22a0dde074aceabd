import Foundation

do {
    exit(SimulationRun(try SimulateOptions(CommandLine.arguments.dropFirst())).run())
} catch {
    print(error)
    print(SimulateOptions.usage)
    exit(EX_USAGE)
}

import Fuzzing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

let commandLine = Array(CommandLine.arguments.dropFirst())
guard let arguments = FuzzArguments(commandLine) else {
    print(FuzzArguments.usage)
    exit(2)
}
// A single iteration is run to see where it goes wrong, which the runtime's own handlers show.
if arguments.iterationsMax > 1 { CrashNote.install() }
for target in arguments.targets {
    let run = FuzzRun(
        seed: arguments.seed, duration: .milliseconds(Int(arguments.seconds * 1000)), first: arguments.first,
        iterationsMax: arguments.iterationsMax)
    do {
        let summary = try FuzzTargets.run(target, run) {
            CrashNote.begin(target, seed: arguments.seed, iteration: $0)
        }
        let seconds = summary.elapsed / .seconds(1)
        print(
            "\(target): \(summary.executions) executions in \((seconds * 10).rounded() / 10) s, seed \(arguments.seed), "
                + "peak memory \(CrashNote.peakMemoryByteCount >> 20) MB")
    } catch {
        print("failed: \(error)")
        exit(1)
    }
}

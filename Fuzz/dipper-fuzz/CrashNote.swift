#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Says which iteration was running when the process is ended by a signal, and bounds what an iteration may take.
///
/// A trap, an access outside memory, a failed allocation and the alarm of an iteration that hangs all end the process;
/// the handler only writes bytes that were made ready before.
@safe enum CrashNote {
    /// Seconds that one iteration may take.
    private static let iterationSecondsMax: UInt32 = 60
    /// Address space of the process, 4 GiB: an allocation that follows a hostile length fails.
    private static let memoryBytesMax: UInt = 4 << 30
    private static let textBytesMax = 256

    /// The text to write, and its length. One thread writes them, and the handler runs on it.
    private nonisolated(unsafe) static let text = UnsafeMutablePointer<UInt8>.allocate(capacity: textBytesMax)
    private nonisolated(unsafe) static var textByteCount = 0

    /// To be called once.
    static func install() {
        var limit = rlimit(rlim_cur: rlim_t(memoryBytesMax), rlim_max: rlim_t(memoryBytesMax))
        // Where the limit can't be set, fuzzing goes on without it.
        #if canImport(Glibc)
            _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        #else
            _ = unsafe setrlimit(RLIMIT_AS, &limit)
        #endif
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGALRM, SIGFPE] {
            _ = signal(number) { number in
                unsafe write(2, CrashNote.text, CrashNote.textByteCount)
                _ = signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// Notes what runs from now on.
    static func begin(_ target: String, seed: UInt64, iteration: Int) {
        let note = "\ndied in: dipper-fuzz \(target) --seed \(seed) --first \(iteration) --count 1\n"
        unsafe textByteCount = 0
        for byte in note.utf8.prefix(textBytesMax) {
            unsafe text[textByteCount] = byte
            unsafe textByteCount += 1
        }
        alarm(iterationSecondsMax)
    }

    /// The most memory that the process has had, in bytes.
    static var peakMemoryByteCount: Int {
        var usage = rusage()
        #if canImport(Glibc)
            _ = unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
            return usage.ru_maxrss << 10
        #elseif canImport(Musl)
            _ = unsafe getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss << 10
        #else
            _ = unsafe getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #endif
    }
}

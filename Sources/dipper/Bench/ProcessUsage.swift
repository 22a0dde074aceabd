import Foundation

/// What this process has used of the machine.
enum ProcessUsage {
    /// User and system time of all threads, seconds.
    static func cpuSeconds() -> Double {
        let usage = usage()
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// The most bytes of memory that were resident at once since the process began.
    static func peakResidentBytes() -> Int { Int(usage().ru_maxrss) * bytesPerUnit }

    /// Linux counts `ru_maxrss` in KiB.
    private static let bytesPerUnit = 1_024

    private static func usage() -> rusage {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage
    }
}

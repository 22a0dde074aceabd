import Metrics
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The processor time that the counter has been told already.
private final class CPUSeconds: Sendable {
    private let last = Mutex(0.0)

    /// What has come since the last call.
    func advance(to seconds: Double) -> Double {
        last.withLock { last in
            defer { last = max(last, seconds) }
            return max(seconds - last, 0)
        }
    }
}

/// The standard `process_*` metrics, read from the kernel at each exposition.
package enum ProcessMetrics {
    /// Adds the collector to `registry`. What the system doesn't tell (`/proc` is Linux's) is left out.
    package static func install(on registry: PrometheusRegistry) {
        registry.describe("process_cpu_seconds_total", help: "Processor time of this process, user and system.")
        registry.describe("process_resident_memory_bytes", help: "Resident memory of this process.")
        registry.describe("process_open_fds", help: "Open file descriptors of this process.")
        registry.describe("process_start_time_seconds", help: "When the metrics of this process began, Unix time.")
        let counted = CPUSeconds()
        let started = Double(UTCText.nowMicroseconds()) / 1e6
        registry.addCollector { registry in
            func set(_ name: String, _ value: Double?) {
                if let value { Meter(label: name, factory: registry).set(value) }
            }
            set("process_start_time_seconds", started)
            if let seconds = cpuSeconds() {
                FloatingPointCounter(label: "process_cpu_seconds_total", factory: registry)
                    .increment(by: counted.advance(to: seconds))
            }
            set("process_resident_memory_bytes", residentBytes())
            set("process_open_fds", openDescriptorCount())
        }
    }

    private static func cpuSeconds() -> Double? {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return nil }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The second field of `/proc/self/statm`, in pages.
    private static func residentBytes() -> Double? {
        let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 256)
        let count = unsafe read(descriptor, &text, text.count)
        guard count > 0 else { return nil }
        let fields = text[..<count].split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Double(String(decoding: fields[1], as: UTF8.self)) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func openDescriptorCount() -> Double? {
        guard let directory = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe _ = closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Not the two entries for the folders, nor the folder that is being read.
        return Double(max(count - 3, 0))
    }
}

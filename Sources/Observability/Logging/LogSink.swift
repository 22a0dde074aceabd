#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

/// Where finished log lines go.
package protocol LogSink: Sendable {
    /// Takes one line with its line feed. A sink never throws: a log that can't be written must not stop the work.
    func write(_ line: [UInt8])
}

/// A file descriptor, by default standard error. Lines of several tasks never mix.
package final class DescriptorLogSink: LogSink {
    package static let standardError = DescriptorLogSink(descriptor: STDERR_FILENO)

    private let descriptor: Int32
    private let lock = Mutex(())

    package init(descriptor: Int32) { self.descriptor = descriptor }

    /// Writes until all is out. A full or closed descriptor drops the rest of the line.
    package func write(_ line: [UInt8]) {
        lock.withLock { _ in
            unsafe line.withUnsafeBytes { bytes in
                var done = 0
                while done < bytes.count {
                    guard let base = bytes.baseAddress else { return }
                    let count = unsafe platformWrite(descriptor, base + done, bytes.count - done)
                    if count > 0 { done += count } else if errno != EINTR { return }
                }
            }
        }
    }
}

private func platformWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    unsafe write(descriptor, bytes, count)
}

/// Lines kept in memory, for tests.
package final class MemoryLogSink: LogSink {
    private let stored = Mutex<[String]>([])

    package init() {}

    package var lines: [String] { stored.withLock { $0 } }

    package func write(_ line: [UInt8]) {
        let text = String(decoding: line, as: UTF8.self)
        stored.withLock { $0.append(text) }
    }
}

internal import Foundation
internal import Synchronization

/// Adds up the processor time of each stage over all threads of a load.
///
/// Stages are timed by chunk, row group and file, never by row: some thousand readings a gigabyte, which cost less than a
/// thousandth of the load. A load without a clock takes none.
package final class StageClock: Sendable {
    /// Nanoseconds by ``LoadStage``.
    private let spent = Mutex([Int](repeating: 0, count: LoadStage.allCases.count))

    package init() {}

    /// Processor time so far, seconds.
    package var seconds: [LoadStage: Double] {
        let spent = spent.withLock { $0 }
        return Dictionary(
            uniqueKeysWithValues: LoadStage.allCases.map { ($0, Double(spent[$0.rawValue]) / 1_000_000_000) })
    }

    func add(_ nanoseconds: Int, to stage: LoadStage) { spent.withLock { $0[stage.rawValue] += nanoseconds } }

    /// Adds a time that two stages shared.
    /// - Parameter fraction: of `second` in it, 0 to 1.
    func add(_ nanoseconds: Int, to first: LoadStage, _ second: LoadStage, fraction: Double) {
        let part = Int(Double(nanoseconds) * min(1, max(0, fraction)))
        spent.withLock {
            $0[first.rawValue] += nanoseconds - part
            $0[second.rawValue] += part
        }
    }

    /// Processor time of the calling thread, nanoseconds.
    static func threadNanoseconds() -> Int { nanoseconds(CLOCK_THREAD_CPUTIME_ID) }

    /// The calling thread.
    static func thread() -> UInt { UInt(pthread_self()) }

    private static func nanoseconds(_ clock: clockid_t) -> Int {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}

extension StageClock? {
    /// Times work that stays on its thread.
    func measure<Result>(_ stage: LoadStage, _ work: () throws -> Result) rethrows -> Result {
        guard let clock = self else { return try work() }
        let start = StageClock.threadNanoseconds()
        defer { clock.add(StageClock.threadNanoseconds() - start, to: stage) }
        return try work()
    }

    /// Times work that waits in between. What it does on another thread than it began on stays untimed, because others use
    /// that too.
    func measureWaiting<Result>(_ stage: LoadStage, _ work: () async throws -> Result) async rethrows -> Result {
        guard let clock = self else { return try await work() }
        let thread = StageClock.thread()
        let start = StageClock.threadNanoseconds()
        let result = try await work()
        if StageClock.thread() == thread { clock.add(StageClock.threadNanoseconds() - start, to: stage) }
        return result
    }
}

/// When a worker that keeps dying may be started again.
///
/// A crash now and then costs nothing: the next request gets a fresh process at once. From ``freeFailures`` in a row
/// on, each failure doubles a pause during which requests are turned away instead of starting processes in a loop.
struct RestartBackoff: Sendable {
    static let freeFailures = 5
    static let firstPauseMilliseconds: Int64 = 200
    static let pauseMillisecondsMax: Int64 = 30_000

    private(set) var failures = 0
    private var pausedUntilMilliseconds: Int64 = 0

    mutating func succeeded() { failures = 0 }

    mutating func failed(nowMilliseconds: Int64) {
        failures += 1
        guard failures >= Self.freeFailures else { return }
        let doublings = min(failures - Self.freeFailures, 20)
        let pause = min(Self.firstPauseMilliseconds << Int64(doublings), Self.pauseMillisecondsMax)
        pausedUntilMilliseconds = nowMilliseconds + pause
    }

    /// How long no process may be started; 0 when one may.
    func pauseMilliseconds(nowMilliseconds: Int64) -> Int64 { max(0, pausedUntilMilliseconds - nowMilliseconds) }
}

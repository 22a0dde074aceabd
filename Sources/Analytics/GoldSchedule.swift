/// Decides when gold tables are looked at: some time after commits of their inputs, and never so often that refreshing
/// takes much of the machine. Times are milliseconds of one clock.
struct GoldSchedule: Sendable {
    private let limits: GoldLimits
    private var firstCommit: Int64?
    private var lastCommit: Int64 = 0
    private var notBefore = Int64.min
    private var failures = 0

    init(limits: GoldLimits) { self.limits = limits }

    /// Takes note of a commit of an input.
    mutating func committed(at now: Int64) {
        firstCommit = firstCommit ?? now
        lastCommit = now
    }

    /// When the next refresh is due; `nil` while there is nothing to do.
    var dueAt: Int64? {
        guard let firstCommit else { return nil }
        let quiet = min(
            lastCommit + Int64(limits.goldQuietMilliseconds), firstCommit + Int64(limits.goldDelayMilliseconds))
        return max(quiet, notBefore)
    }

    /// Commits from here on ask for another refresh.
    mutating func began() { firstCommit = nil }

    /// - Parameter failed: whether a table could not be refreshed; it is tried again by itself.
    mutating func ended(at now: Int64, tookMilliseconds: Int64, failed: Bool) {
        notBefore = now + min(tookMilliseconds * Int64(limits.goldRestFactor), GoldLimits.restMillisecondsMax)
        guard failed else {
            failures = 0
            return
        }
        let pause = min(GoldLimits.pauseMilliseconds << min(failures, 16), GoldLimits.pauseMillisecondsMax)
        failures += 1
        notBefore = max(notBefore, now + pause)
        committed(at: now)
    }
}

/// Holds the commits of batches apart while they keep coming, so that many small writes make few snapshots; the first
/// after a pause goes at once.
struct CommitPace {
    private let interval: Duration
    private let recordsMax: Int
    private var lastStart: ContinuousClock.Instant?
    private var lastTook = Duration.zero

    /// A commit takes no more than this part of the time between two starts, up to ``intervalMax``: what it costs grows
    /// with the table's history.
    private static let restFactor = 2
    private static let intervalMax = Duration.milliseconds(600)

    init(limits: IngestionLimits) {
        interval = .milliseconds(limits.commitIntervalMilliseconds)
        recordsMax = limits.recordsPerCommitMax
    }

    mutating func started(_ now: ContinuousClock.Instant = .now) { lastStart = now }

    mutating func ended(_ now: ContinuousClock.Instant = .now) {
        if let lastStart { lastTook = now - lastStart }
    }

    /// When the next commit may begin; `nil`: now.
    /// - Parameter waiting: records that wait; enough of them for a full commit don't wait longer.
    func next(waiting: Int) -> ContinuousClock.Instant? {
        guard let lastStart, waiting < recordsMax else { return nil }
        return lastStart + max(interval, min(lastTook * Self.restFactor, Self.intervalMax))
    }
}

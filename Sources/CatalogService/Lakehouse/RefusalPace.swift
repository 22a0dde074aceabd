import Synchronization

/// When those who lost a race for a table are told so: one after the other, about as far apart as the table's commits take.
///
/// Whoever lost loads the table and tries again. When all are told at the same time, all but one lose once more, and a table
/// that many write spends its time with refusals. The wait is far below the 100 ms that Iceberg's own clients pause for
/// (`commit.retry.min-wait-ms`), and whoever lost alone does not wait at all.
final class RefusalPace: Sendable {
    /// How long a refusal is kept back at most.
    static let waitMax = Duration.milliseconds(50)
    /// Tables of which the pace is remembered at most.
    private static let tablesMax = 1_024

    private struct Pace {
        /// What the last commit took.
        var step = Duration.zero
        var next: ContinuousClock.Instant
    }

    private let paces = Mutex<[TableIdentifier: Pace]>([:])

    func committed(_ table: TableIdentifier, took step: Duration, now: ContinuousClock.Instant = .now) {
        paces.withLock { paces in
            if paces.count >= Self.tablesMax, paces[table] == nil { paces = paces.filter { $0.value.next > now } }
            paces[table, default: Pace(next: now)].step = step
        }
    }

    /// How long the next refusal waits.
    func wait(_ table: TableIdentifier, now: ContinuousClock.Instant = .now) -> Duration {
        paces.withLock { paces in
            guard var pace = paces[table] else { return .zero }
            let at = min(max(pace.next, now), now + Self.waitMax)
            pace.next = at + pace.step
            paces[table] = pace
            return at - now
        }
    }
}

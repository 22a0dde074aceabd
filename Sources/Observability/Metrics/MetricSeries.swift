import Metrics
import Synchronization

/// What a family of series measures.
enum MetricKind: String, Sendable { case counter, gauge, histogram }

/// A count that only grows, from integers or fractions.
final class CounterSeries: CounterHandler, FloatingPointCounterHandler {
    private let state = Mutex((whole: Int64(0), fraction: 0.0))

    var value: (whole: Int64, fraction: Double) { state.withLock { $0 } }

    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        state.withLock {
            let (sum, overflow) = $0.whole.addingReportingOverflow(amount)
            $0.whole = overflow ? .max : sum
        }
    }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        state.withLock { $0.fraction += amount }
    }

    func reset() { state.withLock { $0 = (0, 0) } }
}

/// A value that goes up and down.
final class GaugeSeries: MeterHandler, RecorderHandler {
    private let state = Mutex(0.0)

    var value: Double { state.withLock { $0 } }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0 = value } }
    func increment(by amount: Double) { state.withLock { $0 += amount } }
    func decrement(by amount: Double) { state.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

/// Observations counted in buckets with fixed bounds. Timers observe seconds.
final class HistogramSeries: RecorderHandler, TimerHandler {
    struct State: Sendable {
        /// One more than there are bounds: the last is everything above.
        var counts: [Int64]
        var sum: Double
    }

    let buckets: HistogramBuckets
    private let state: Mutex<State>

    init(buckets: HistogramBuckets) {
        self.buckets = buckets
        state = Mutex(State(counts: Array(repeating: 0, count: buckets.bounds.count + 1), sum: 0))
    }

    var value: State { state.withLock { $0 } }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let bucket = buckets.bounds.firstIndex { value <= $0 } ?? buckets.bounds.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}

/// Takes what a registry refuses to hold.
final class DroppedSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    func increment(by: Int64) {}
    func increment(by: Double) {}
    func decrement(by: Double) {}
    func reset() {}
    func set(_: Int64) {}
    func set(_: Double) {}
    func record(_: Int64) {}
    func record(_: Double) {}
    func recordNanoseconds(_: Int64) {}
}

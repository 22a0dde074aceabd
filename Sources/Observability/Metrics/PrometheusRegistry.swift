package import Metrics
import Synchronization

/// Metrics of this process, kept in memory and shown in the Prometheus text format.
///
/// It is swift-metrics' factory: `Counter` and `FloatingPointCounter` become counters, `Meter` and a `Recorder` that does
/// not aggregate become gauges, an aggregating `Recorder` and a `Timer` become histograms. A timer's name ends in
/// `_seconds` (added when it is missing) and its unit is seconds. The same name with two kinds keeps the first one; the
/// other is dropped and counted.
package final class PrometheusRegistry: MetricsFactory {
    struct Family: Sendable {
        var kind: MetricKind
        var buckets: HistogramBuckets?
        var series: [MetricLabels: Series] = [:]
    }

    enum Series: Sendable {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)
    }

    struct State: Sendable {
        var families: [String: Family] = [:]
        var helps: [String: String] = [:]
        var buckets: [String: HistogramBuckets] = [:]
        var droppedCount: Int64 = 0
    }

    package let limits: MetricLimits
    private let state = Mutex(State())
    private let collectors = Mutex<[@Sendable (PrometheusRegistry) -> Void]>([])

    package init(limits: MetricLimits = MetricLimits()) { self.limits = limits }

    /// Sets the help line of a family, and the buckets of a histogram. Call it before the first observation: a family
    /// keeps the buckets that it was made with.
    package func describe(_ name: String, help: String, buckets: HistogramBuckets? = nil) {
        let name = MetricName.sanitised(name)
        state.withLock {
            $0.helps[name] = help
            if let buckets { $0.buckets[name] = buckets }
        }
    }

    /// Runs `collect` before each exposition, for values that are read rather than counted.
    package func addCollector(_ collect: @escaping @Sendable (PrometheusRegistry) -> Void) {
        collectors.withLock { $0.append(collect) }
    }

    /// Everything in the Prometheus text format 0.0.4, families and series in sorted order.
    package func exposition() -> [UInt8] {
        for collect in collectors.withLock({ $0 }) { collect(self) }
        return PrometheusText.render(state.withLock { $0 })
    }

    // MARK: MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions) ?? DroppedSeries()
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions) ?? DroppedSeries()
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions) ?? DroppedSeries()
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate { return histogram(label, dimensions, fallback: .sizes) ?? DroppedSeries() }
        return gauge(label, dimensions) ?? DroppedSeries()
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = label.hasSuffix("_seconds") ? label : label + "_seconds"
        return histogram(name, dimensions, fallback: .seconds) ?? DroppedSeries()
    }

    /// Series stay: a scraper would take a counter that vanishes and comes back for a restart.
    package func destroyCounter(_: any CounterHandler) {}
    package func destroyFloatingPointCounter(_: any FloatingPointCounterHandler) {}
    package func destroyMeter(_: any MeterHandler) {}
    package func destroyRecorder(_: any RecorderHandler) {}
    package func destroyTimer(_: any TimerHandler) {}

    // MARK: Series

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterSeries? {
        let found = series(label, dimensions, kind: .counter) { _ in .counter(CounterSeries()) }
        if case .counter(let series)? = found { return series }
        return nil
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries? {
        let found = series(label, dimensions, kind: .gauge) { _ in .gauge(GaugeSeries()) }
        if case .gauge(let series)? = found { return series }
        return nil
    }

    private func histogram(
        _ label: String, _ dimensions: [(String, String)], fallback: HistogramBuckets
    ) -> HistogramSeries? {
        let found = series(label, dimensions, kind: .histogram) {
            .histogram(HistogramSeries(buckets: $0 ?? fallback))
        }
        if case .histogram(let series)? = found { return series }
        return nil
    }

    /// The series of a name and its labels, made when it is new; `nil` when the limits or the family's kind forbid it.
    private func series(
        _ label: String, _ dimensions: [(String, String)], kind: MetricKind, make: (HistogramBuckets?) -> Series
    ) -> Series? {
        let name = MetricName.sanitised(label)
        let labels = MetricLabels(dimensions, limits: limits)
        return state.withLock { state in
            var family = state.families[name]
            if family == nil, state.families.count < limits.familiesMax {
                family = Family(kind: kind, buckets: state.buckets[name])
                state.families[name] = family
            }
            guard let family, family.kind == kind else {
                state.droppedCount += 1
                return nil
            }
            if let series = family.series[labels] { return series }
            let key =
                family.series.count < limits.seriesPerFamilyMax ? labels : .overflow(dimensions, limits: limits)
            if let series = family.series[key] { return series }
            let series = make(family.buckets)
            state.families[name]?.series[key] = series
            return series
        }
    }
}

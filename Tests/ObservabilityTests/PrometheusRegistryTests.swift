import Metrics
import Observability
import Testing

private func text(_ registry: PrometheusRegistry) -> String { String(decoding: registry.exposition(), as: UTF8.self) }

struct PrometheusRegistryTests {
    @Test func `counters, gauges and histograms are shown in their forms`() {
        let registry = PrometheusRegistry()
        registry.describe("rows_total", help: "Rows.\nAll \\ of them")
        registry.describe("wait_seconds", help: "Waits", buckets: HistogramBuckets([0.5, 1]))
        Counter(label: "rows_total", dimensions: [("table", "a\"\\\n")], factory: registry).increment(by: 3)
        Counter(label: "rows_total", dimensions: [("table", "a\"\\\n")], factory: registry).increment()
        Meter(label: "active", factory: registry).increment(by: 2)
        Meter(label: "active", factory: registry).decrement(by: 0.5)
        Timer(label: "wait", factory: registry).recordNanoseconds(500_000_000)
        Timer(label: "wait_seconds", factory: registry).recordNanoseconds(2_000_000_000)
        FloatingPointCounter(label: "cost", factory: registry).increment(by: 0.25)
        Gauge(label: "depth", factory: registry).record(7)
        #expect(
            text(registry) == """
                # TYPE active gauge
                active 1.5
                # TYPE cost counter
                cost 0.25
                # TYPE depth gauge
                depth 7
                # HELP rows_total Rows.\\nAll \\\\ of them
                # TYPE rows_total counter
                rows_total{table="a\\"\\\\\\n"} 4
                # HELP wait_seconds Waits
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.5"} 1
                wait_seconds_bucket{le="1"} 1
                wait_seconds_bucket{le="+Inf"} 2
                wait_seconds_sum 2.5
                wait_seconds_count 2
                # HELP dipper_metrics_dropped_total Metrics refused because of the registry's limits or a name used for two kinds.
                # TYPE dipper_metrics_dropped_total counter
                dipper_metrics_dropped_total 0

                """)
    }

    @Test func `names and labels are made legal and the order of labels means nothing`() {
        let registry = PrometheusRegistry()
        Counter(label: "1.a-b", dimensions: [("x-y", "1"), ("a", "2")], factory: registry).increment()
        Counter(label: "1.a-b", dimensions: [("a", "2"), ("x-y", "1")], factory: registry).increment()
        #expect(text(registry).contains("_1_a_b{a=\"2\",x_y=\"1\"} 2\n"))
    }

    @Test func `labels past the limit share one series`() {
        var limits = MetricLimits()
        limits.seriesPerFamilyMax = 2
        limits.familiesMax = 1
        let registry = PrometheusRegistry(limits: limits)
        for id in 0..<10 { Counter(label: "c", dimensions: [("id", "\(id)")], factory: registry).increment() }
        Counter(label: "d", factory: registry).increment()
        Meter(label: "c", factory: registry).set(1)
        let shown = text(registry)
        #expect(
            shown.contains("c{id=\"0\"} 1\n") && shown.contains("c{id=\"1\"} 1\n")
                && shown.contains("c{id=\"other\"} 8\n"))
        #expect(!shown.contains("id=\"2\"") && !shown.contains("d 1") && shown.contains("dropped_total 2\n"))
    }

    @Test func `counters don't fall and don't overflow`() {
        let registry = PrometheusRegistry()
        let counter = Counter(label: "c", factory: registry)
        counter.increment(by: Int64.max)
        counter.increment(by: 5)
        counter.increment(by: -5)
        #expect(text(registry).contains("c 9223372036854775807\n"))
    }

    @Test func `many tasks lose no count`() async {
        let registry = PrometheusRegistry()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 { Counter(label: "c", dimensions: [("a", "b")], factory: registry).increment() }
                }
            }
        }
        #expect(text(registry).contains("c{a=\"b\"} 8000\n"))
    }

    @Test func `the process tells of itself`() {
        let registry = PrometheusRegistry()
        ProcessMetrics.install(on: registry)
        let shown = text(registry)
        for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"] {
            #expect(shown.contains("\n\(name) "), "\(name)")
        }
    }
}

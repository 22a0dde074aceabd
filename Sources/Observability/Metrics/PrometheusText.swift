/// The text format that Prometheus scrapes, version 0.0.4.
package enum PrometheusText {
    /// The media type of the exposition.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    static func render(_ state: PrometheusRegistry.State) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, family) in state.families.sorted(by: { $0.key < $1.key }) where !family.series.isEmpty {
            if let help = state.helps[name] { line("# HELP \(name) \(escapedHelp(help))", to: &bytes) }
            line("# TYPE \(name) \(family.kind.rawValue)", to: &bytes)
            for (labels, series) in family.series.sorted(by: { $0.key.text < $1.key.text }) {
                render(name, labels, series, to: &bytes)
            }
        }
        let dropped = "dipper_metrics_dropped_total"
        line(
            "# HELP \(dropped) Metrics refused because of the registry's limits or a name used for two kinds.",
            to: &bytes)
        line("# TYPE \(dropped) counter", to: &bytes)
        line("\(dropped) \(state.droppedCount)", to: &bytes)
        return bytes
    }

    private static func render(
        _ name: String, _ labels: MetricLabels, _ series: PrometheusRegistry.Series, to bytes: inout [UInt8]
    ) {
        switch series {
        case .counter(let counter):
            let value = counter.value
            let text = value.fraction == 0 ? String(value.whole) : number(Double(value.whole) + value.fraction)
            line("\(name)\(labels.text) \(text)", to: &bytes)
        case .gauge(let gauge):
            line("\(name)\(labels.text) \(number(gauge.value))", to: &bytes)
        case .histogram(let histogram):
            let value = histogram.value
            var running: Int64 = 0
            for (bound, count) in zip(histogram.buckets.bounds, value.counts) {
                running += count
                line("\(name)_bucket\(labels.adding("le", number(bound))) \(running)", to: &bytes)
            }
            running += value.counts[histogram.buckets.bounds.count]
            line("\(name)_bucket\(labels.adding("le", "+Inf")) \(running)", to: &bytes)
            line("\(name)_sum\(labels.text) \(number(value.sum))", to: &bytes)
            line("\(name)_count\(labels.text) \(running)", to: &bytes)
        }
    }

    private static func line(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func escapedHelp(_ text: String) -> String {
        text.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
            .split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\\n")
    }

    /// Whole numbers without a fraction, the rest as Swift's shortest text that reads back the same.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), value.magnitude < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }
}

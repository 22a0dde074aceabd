/// What the registry holds at most, so that no caller can fill memory or the monitoring system with names.
package struct MetricLimits: Sendable, Hashable {
    /// Families (metric names) a registry holds. Metrics of further names are counted in
    /// `dipper_metrics_dropped_total` and otherwise ignored.
    package var familiesMax = 512
    /// Label combinations of one family. Further ones share one series whose label values are all `other`.
    package var seriesPerFamilyMax = 1_000
    /// Labels of one series; the rest is left out.
    package var labelsMax = 16
    /// Bytes of one label value in UTF-8; the rest is cut off.
    package var labelValueBytesMax = 256

    package init() {}
}

/// Upper bounds of histogram buckets, ascending, `+Inf` not among them.
package struct HistogramBuckets: Sendable, Hashable {
    package let bounds: [Double]

    /// - Precondition: `bounds` is ascending, finite and not empty.
    package init(_ bounds: [Double]) {
        precondition(!bounds.isEmpty && bounds.allSatisfy(\.isFinite))
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
        self.bounds = bounds
    }

    /// Seconds, from a millisecond to two minutes: request and job durations.
    package static let seconds = HistogramBuckets([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
    ])
    /// Counts and sizes, by powers of four up to a billion.
    package static let sizes = HistogramBuckets([
        1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
        268_435_456, 1_073_741_824,
    ])
}

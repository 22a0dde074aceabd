import CatalogService
import Iceberg

/// How far the lake has got in one partition of the log. It stands in three places, set together: the catalog's row, a
/// table property and the snapshot summary. The highest counts, because other engines' snapshots carry none and expiry
/// removes ours.
enum LogWatermark {
    /// Key of the table property and of the summary entry.
    static func key(topic: String, partition: Int) -> String { "dipper.log.\(topic).\(partition)" }

    /// `incarnation:nextOffset`.
    static func text(incarnation: String, nextOffset: Int64) -> String { "\(incarnation):\(nextOffset)" }

    /// The next offset to work on; 0 for a log that nothing of was worked.
    static func effective(
        topic: String, partition: Int, incarnation: String, row: CatalogWatermark?, silver: TableMetadata
    ) -> Int64 {
        let key = key(topic: topic, partition: partition)
        var next: Int64 = 0
        if let row, row.incarnation == incarnation { next = max(next, row.nextOffset) }
        for text in [silver.properties[key], silver.currentSnapshot?.summary[key]] {
            if let text, let offset = parse(text, incarnation) { next = max(next, offset) }
        }
        return next
    }

    private static func parse(_ text: String, _ incarnation: String) -> Int64? {
        guard let colon = text.lastIndex(of: ":"), text[..<colon] == incarnation else { return nil }
        return Int64(text[text.index(after: colon)...])
    }
}

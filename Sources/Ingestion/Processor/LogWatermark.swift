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

    /// Where work goes on; offset 0 for a log that nothing of was worked. Among the places the latest ``LogLife`` counts,
    /// in it the highest offset.
    static func effective(
        topic: String, partition: Int, incarnation: String, row: CatalogWatermark?, silver: TableMetadata
    ) -> CatalogWatermark {
        let key = key(topic: topic, partition: partition)
        var best = CatalogWatermark(topic: topic, partition: partition, incarnation: incarnation, nextOffset: 0)
        var bestLife = LogLife(log: incarnation)
        func consider(_ found: CatalogWatermark) {
            let life = LogLife(found.incarnation)
            guard life.log == incarnation,
                life.replay > bestLife.replay || (life.replay == bestLife.replay && found.isPast(best))
            else { return }
            best = found
            bestLife = life
        }
        if let row { consider(row) }
        for text in [silver.properties[key], silver.currentSnapshot?.summary[key]] {
            guard let text, let colon = text.lastIndex(of: ":"), let offset = Int64(text[text.index(after: colon)...])
            else { continue }
            consider(
                CatalogWatermark(
                    topic: topic, partition: partition, incarnation: String(text[..<colon]), nextOffset: offset))
        }
        return best
    }
}

/// The incarnation of a log, and how often an administrator had it worked again. Each time begins a new life of the
/// watermark, so that it may lie before the one of the former; in text `incarnation~count`.
struct LogLife: Hashable {
    var log: String
    var replay = 0

    init(log: String) { self.log = log }

    init(_ text: String) {
        log = text
        if let mark = text.lastIndex(of: "~"), let count = Int(text[text.index(after: mark)...]) {
            log = String(text[..<mark])
            replay = count
        }
    }

    var text: String { replay == 0 ? log : "\(log)~\(replay)" }
}

extension CatalogWatermark {
    /// All before `offset` is done.
    func advanced(to offset: Int64) -> CatalogWatermark {
        CatalogWatermark(topic: topic, partition: partition, incarnation: incarnation, nextOffset: offset)
    }

    /// A further part of the record at this watermark is done.
    func advanced(ahead: Int64, state: [UInt8]) -> CatalogWatermark {
        var next = self
        next.partial = PartialWork(step: (partial?.step ?? 0) + 1, aheadOffset: ahead, state: state)
        return next
    }

    /// The first offset of which nothing is in the lake.
    var aheadOffset: Int64 { partial?.aheadOffset ?? nextOffset }
}

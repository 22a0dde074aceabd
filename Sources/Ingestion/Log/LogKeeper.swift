import CatalogService
import EventLog
import LakeModel
internal import Logging
internal import Metrics
import OperationalStore

/// Drops log records that every sink has passed, once they are older than is kept or more than is kept.
final class LogKeeper: Sendable {
    private let ingestion: DipperIngestion
    private let tables: LakeTables
    private let operational: (any OperationalStore)?
    private let logger: Logger

    /// Heads that are looked at together.
    private static let headsMax = 1_000

    init(
        ingestion: DipperIngestion, tables: LakeTables, operational: (any OperationalStore)?, logger: Logger
    ) {
        self.ingestion = ingestion
        self.tables = tables
        self.operational = operational
        self.logger = logger
    }

    /// Sweeps from time to time until cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                try await sweep()
            } catch is CancellationError {
                return
            } catch {
                logger.error("log retention failed, it will be tried again", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(ingestion.limits.logSweepSeconds))
        }
    }

    /// Looks at every topic once.
    func sweep() async throws {
        for table in ingestion.model.tables {
            let before = try await droppable(table)
            let count = try await ingestion.log.trim(topic: table.name, partition: 0, before: before)
            let extent = try await ingestion.log.extent(topic: table.name, partition: 0)
            let dimensions = [("table", table.name)]
            Gauge(label: "dipper_log_bytes", dimensions: dimensions).record(extent.byteCount)
            Gauge(label: "dipper_log_records", dimensions: dimensions).record(extent.endOffset - extent.startOffset)
            guard count > 0 else { continue }
            Counter(label: "dipper_log_trimmed_total", dimensions: dimensions).increment(by: count)
            logger.info(
                "log trimmed",
                metadata: ["table": "\(table.name)", "records": "\(count)", "start": "\(extent.startOffset)"])
        }
    }

    /// The first offset that stays.
    private func droppable(_ table: TableDeclaration) async throws -> Int64 {
        let passed = try await passed(table)
        let extent = try await ingestion.log.extent(topic: table.name, partition: 0)
        let oldest = UTCTime.nowMicroseconds() - Int64(ingestion.limits.logKeepSeconds) * 1_000_000
        var offset = try await ingestion.log.offset(topic: table.name, partition: 0, appendedSince: oldest)
        var surplus = extent.byteCount - Int64(ingestion.limits.logKeepBytes)
        var next = extent.startOffset
        while surplus > 0, next < passed {
            let heads = try await ingestion.log.heads(
                topic: table.name, partition: 0, from: next, recordsMax: Self.headsMax)
            guard let last = heads.last else { break }
            for head in heads where surplus > 0 {
                surplus -= Int64(head.byteCount)
                offset = max(offset, head.offset + 1)
            }
            next = last.offset + 1
        }
        return min(offset, passed)
    }

    /// The offset before which every sink is done.
    private func passed(_ table: TableDeclaration) async throws -> Int64 {
        guard let silver = try await tables.metadata(LakeTables.silver(table)) else { return 0 }
        let incarnation = ingestion.log.incarnation
        let row = try await tables.catalog.watermark(topic: table.name, partition: 0)
        let lake = LogWatermark.effective(
            topic: table.name, partition: 0, incarnation: incarnation, row: row, silver: silver
        ).nextOffset
        guard table.operational, let operational else { return lake }
        let mark = try await operational.watermark(topic: table.name, partition: 0)
        guard let mark, mark.incarnation == incarnation else { return 0 }
        return min(lake, mark.nextOffset)
    }
}

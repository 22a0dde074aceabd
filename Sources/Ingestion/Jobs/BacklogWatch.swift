import CatalogService
import EventLog
import LakeModel
package import Logging
package import OperationalStore

/// Keeps what this process knows of the backlog true while other processes append to the log and work it.
///
/// How far the log goes is looked at often, for it costs nothing; how far the lake and the operational store are, which the
/// databases are asked for, now and then.
package final class BacklogWatch: Sendable {
    private let ingestion: DipperIngestion
    private let operational: (any OperationalStore)?
    private let logger: Logger

    private static let stepMilliseconds = 50
    /// Steps between two questions to the databases.
    private static let stepsPerQuestion = 5
    /// Steps between two complaints.
    private static let stepsPerComplaint = 200

    /// - Parameter operational: `nil` when this process does not tell of the operational store.
    package init(ingestion: DipperIngestion, operational: (any OperationalStore)?, logger: Logger) {
        self.ingestion = ingestion
        self.operational = operational
        self.logger = logger
    }

    /// Works until cancelled.
    package func run() async {
        var step = 0
        var complained: Int?
        while !Task.isCancelled {
            do {
                try await look(asksDatabases: step % Self.stepsPerQuestion == 0)
                complained = nil
            } catch is CancellationError {
                return
            } catch {
                if complained.map({ step - $0 >= Self.stepsPerComplaint }) ?? true {
                    logger.warning("the backlog can't be looked at", metadata: ["error": "\(error)"])
                    complained = step
                }
            }
            step += 1
            try? await Task.sleep(for: .milliseconds(Self.stepMilliseconds))
        }
    }

    /// Looks once.
    package func look(asksDatabases: Bool) async throws {
        for table in ingestion.model.tables {
            let end = try await ingestion.log.endOffset(topic: table.name, partition: 0)
            if end > 0 { ingestion.gauge.appended(topic: table.name, offset: end - 1) }
            guard asksDatabases, let mark = try await ingestion.catalog.watermark(topic: table.name, partition: 0),
                LogLife(mark.incarnation).log == ingestion.log.incarnation
            else { continue }
            ingestion.gauge.worked(
                topic: table.name, nextOffset: mark.partial.map { $0.aheadOffset - 1 } ?? mark.nextOffset)
            guard table.operational, let operational else { continue }
            let done = try await operational.watermark(topic: table.name, partition: 0)
            let next = done?.incarnation == ingestion.log.incarnation ? done?.nextOffset ?? 0 : 0
            ingestion.lags.note(
                OperationalLags.Lag(
                    nextOffset: next, records: max(0, mark.nextOffset - next), oldestMicroseconds: nil),
                of: table.name)
        }
    }
}

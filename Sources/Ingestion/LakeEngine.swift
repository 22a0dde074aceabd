import EventLog
import CatalogService
internal import Foundation
import LakeModel
package import Logging
package import OperationalStore

/// Ingestion as a whole: the service that takes writes, and the workers that bring them into the lake and the
/// operational store.
package final class LakeEngine: Sendable {
    package let ingestion: DipperIngestion
    package let tables: LakeTables
    let processors: [TableProcessor]
    private let sinks: [OperationalSink]
    private let coordinators: [ThreadExecutor]
    private let keeper: LogKeeper?
    let publishers: [AcceptedSink]
    let rejectPublishers: [RejectedSink]

    /// What of the work an engine does.
    package struct Parts: OptionSet, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        /// Brings the log into the lake.
        package static let lake = Parts(rawValue: 1)
        /// Feeds the operational store, behind the lake.
        package static let operational = Parts(rawValue: 2)
        /// Drops log records that every sink has passed.
        package static let keeping = Parts(rawValue: 4)
        /// Publishes accepted and refused rows, where the log is one that others read.
        package static let publishing = Parts(rawValue: 8)
        package static let all: Parts = [.lake, .operational, .keeping, .publishing]
    }

    /// The role under which a table is committed to; a newer process fences an older one off.
    package static func fenceRole(of table: String) -> String { "lake/\(table)" }

    /// Creates missing tables and takes the right to commit.
    ///
    /// - Throws: ``IngestionError`` `log-behind-lake` and `log-behind-operational` when the log ends before what was worked
    ///   from it, which a log restored from an older backup does: new writes would get offsets that count as done.
    /// - Parameters:
    ///   - operational: `nil`: there is no operational store.
    ///   - parts: what this engine does of the work; other processes do the rest.
    ///   - only: the tables that it does it for; `nil`: all of the model.
    ///   - threads: that parse and encode; at least 1.
    ///   - executor: runs all work in the place of own threads, for simulations.
    ///   - stages: where loads add up their processor time, if it is wanted.
    package init(
        ingestion: DipperIngestion, tables: LakeTables, operational: (any OperationalStore)?, parts: Parts = .all,
        only names: Set<String>? = nil, threads: Int, executor: (any TaskExecutor)? = nil, logger: Logger,
        stages: StageClock? = nil
    ) async throws {
        self.ingestion = ingestion
        self.tables = tables
        let own = ingestion.model.tables.filter { names?.contains($0.name) ?? true }
        for table in own { try await tables.prepare(table) }
        try await Self.resume(own, ingestion, tables, operational)
        let crew = Self.crew("lake", threads, executor)
        var processors: [TableProcessor] = []
        for table in own where parts.contains(.lake) {
            let role = Self.fenceRole(of: table.name)
            let fence = CatalogCommit.Fence(role: role, token: try await tables.catalog.acquireFence(role: role))
            processors.append(
                TableProcessor(
                    declaration: table, ingestion: ingestion, tables: tables, crew: crew, parallelism: threads,
                    fence: fence, logger: logger, stages: stages))
        }
        self.processors = processors
        var sinks: [OperationalSink] = []
        if let operational, parts.contains(.operational) {
            let declarations = own.filter(\.operational)
            try await operational.prepare(declarations.map(OperationalSink.table))
            sinks = declarations.map {
                OperationalSink(
                    declaration: $0, ingestion: ingestion, tables: tables, store: operational, crew: crew,
                    logger: logger)
            }
        }
        self.sinks = sinks
        publishers =
            parts.contains(.publishing) && ingestion.log.isShared
            ? own.map {
                AcceptedSink(declaration: $0, ingestion: ingestion, tables: tables, crew: crew, logger: logger)
            } : []
        rejectPublishers = publishers.map {
            RejectedSink(declaration: $0.topic.declaration, ingestion: ingestion, tables: tables, logger: logger)
        }
        keeper =
            parts.contains(.keeping)
            ? LogKeeper(ingestion: ingestion, tables: tables, operational: operational, logger: logger) : nil
        coordinators = processors.indices.map { Self.crew("table-\($0)", 1, executor) }
    }

    private static func crew(_ name: String, _ threads: Int, _ executor: (any TaskExecutor)?) -> ThreadExecutor {
        executor.map { ThreadExecutor(handingTo: $0) } ?? ThreadExecutor(name: name, threadCount: threads)
    }

    /// Finds out how far each table has got in the log.
    private static func resume(
        _ own: [TableDeclaration], _ ingestion: DipperIngestion, _ tables: LakeTables,
        _ operational: (any OperationalStore)?
    ) async throws {
        let incarnation = ingestion.log.incarnation
        for table in own {
            guard let silver = try await tables.metadata(LakeTables.silver(table)) else { continue }
            let extent = try await ingestion.log.extent(topic: table.name, partition: 0)
            let end = extent.endOffset
            let row = try await tables.catalog.watermark(topic: table.name, partition: 0)
            let next = LogWatermark.effective(
                topic: table.name, partition: 0, incarnation: incarnation, row: row, silver: silver
            ).nextOffset
            guard next <= end else { throw behind("lake", table.name, end: end, next: next) }
            guard next >= extent.startOffset else {
                throw IngestionError(
                    code: "log-trimmed",
                    message:
                        "the log of \(table.name) begins at offset \(extent.startOffset), but the lake has worked it "
                        + "up to \(next) only",
                    remedy:
                        "restore log, catalog and lake of the same time; the files of the missing records are in bronze"
                )
            }
            if table.operational, let mark = try await operational?.watermark(topic: table.name, partition: 0),
                mark.incarnation == incarnation, mark.nextOffset > end
            {
                throw behind("operational", table.name, end: end, next: mark.nextOffset)
            }
            ingestion.gauge.worked(topic: table.name, nextOffset: next)
            if end > 0 { ingestion.gauge.appended(topic: table.name, offset: end - 1) }
        }
    }

    private static func behind(_ store: String, _ topic: String, end: Int64, next: Int64) -> IngestionError {
        let name = store == "lake" ? "the lake" : "the operational store"
        return IngestionError(
            code: "log-behind-\(store)",
            message: "the log of \(topic) ends at offset \(end), but \(name) has worked it up to \(next)",
            remedy:
                "the log was restored from an older backup: restore log, catalog, lake and operational store of the "
                + "same time, or delete the log so that a new one begins")
    }

    /// Works until cancelled. What is under way when that happens is dropped and worked again from the log.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            for (processor, executor) in zip(processors, coordinators) {
                group.addTask(executorPreference: executor) { await processor.run() }
            }
            for sink in sinks { group.addTask { await sink.run() } }
            for publisher in publishers { group.addTask { await publisher.run() } }
            for publisher in rejectPublishers { group.addTask { await publisher.run() } }
            if let keeper { group.addTask { await keeper.run() } }
        }
    }

    /// Works everything that is in the log now, for the command line.
    /// - Parameter operational: whether the operational store is to catch up too.
    package func drain(operational: Bool) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (processor, executor) in zip(processors, coordinators) {
                group.addTask(executorPreference: executor) { try await processor.drain() }
            }
            try await group.waitForAll()
        }
        guard operational else { return }
        for sink in sinks { try await sink.drain() }
    }

    /// Drops records that every sink has passed and retention does not keep.
    package func trimLog() async throws { try await keeper?.sweep() }
}

import CatalogService
import EventLog
internal import Foundation
import Iceberg
import LakeModel
import ObjectStorage
internal import Logging
internal import Metrics

/// Tails one table's topic and brings its records into the lake, in order, each exactly once.
///
/// Steps of a round: read records behind the watermark; take one file or several batches as a unit; load their rows;
/// commit files, watermark and receipts in one step; go on. A lost race or a failing disk throws the unit away, and
/// it is worked again from the log.
///
/// `@unchecked Sendable`: ``run()`` is the only user of the mutable state.
final class TableProcessor: @unchecked Sendable {
    private let declaration: TableDeclaration
    private let ingestion: DipperIngestion
    private let tables: LakeTables
    private let referenceCache: ReferenceCache
    private let crew: ThreadExecutor
    private let parallelism: Int
    private let fence: CatalogCommit.Fence
    private let logger: Logger
    private let stages: StageClock?
    private var index: KeyIndex?
    /// Objects of the key index that are to be deleted.
    private var supersededObjects: [String] = []

    /// Waits after a failure: the first, and the longest.
    private static let retryMillisecondsFirst = 100
    private static let retryMillisecondsMax = 10_000

    init(
        declaration: TableDeclaration, ingestion: DipperIngestion, tables: LakeTables, crew: ThreadExecutor,
        parallelism: Int, fence: CatalogCommit.Fence, logger: Logger, stages: StageClock?
    ) {
        self.stages = stages
        self.declaration = declaration
        self.ingestion = ingestion
        self.tables = tables
        referenceCache = ReferenceCache(tables: tables)
        self.crew = crew
        self.parallelism = parallelism
        self.fence = fence
        var logger = logger
        logger[metadataKey: "table"] = "\(declaration.name)"
        self.logger = logger
    }

    /// Works until cancelled.
    func run() async {
        var appends = ingestion.log.appends().makeAsyncIterator()
        var retryMilliseconds = Self.retryMillisecondsFirst
        while !Task.isCancelled {
            do {
                if try await workOnce() {
                    retryMilliseconds = Self.retryMillisecondsFirst
                } else {
                    _ = await appends.next(isolation: nil)
                }
            } catch is CancellationError {
                return
            } catch {
                logger.error(
                    "load failed, it will be tried again",
                    metadata: ["error": "\(error)", "retry_ms": "\(retryMilliseconds)"])
                Counter(label: "dipper_load_failures_total", dimensions: [("table", declaration.name)]).increment()
                try? await Task.sleep(for: .milliseconds(retryMilliseconds))
                retryMilliseconds = min(retryMilliseconds * 2, Self.retryMillisecondsMax)
            }
        }
    }

    /// Works everything that is in the log now.
    func drain() async throws {
        while try await workOnce() {}
    }

    /// Works one unit.
    /// - Returns: whether there was one.
    func workOnce() async throws -> Bool {
        let context = try await loadContext()
        let row = try await tables.catalog.watermark(topic: declaration.name, partition: 0)
        let next = LogWatermark.effective(
            topic: declaration.name, partition: 0, incarnation: ingestion.log.incarnation, row: row,
            silver: context.silver)
        ingestion.gauge.worked(topic: declaration.name, nextOffset: next)
        let records = try await ingestion.log.read(
            topic: declaration.name, partition: 0, from: next, recordsMax: ingestion.limits.recordsPerCommitMax,
            bytesMax: ingestion.limits.bytesPerCommitMax)
        guard let first = records.first else { return false }
        let payloads = try records.map { try LogPayload(headers: $0.record.headers, payload: $0.record.payload) }
        var unit = [(first, payloads[0])]
        if case .batch = payloads[0] {
            for (record, payload) in zip(records, payloads).dropFirst() {
                guard case .batch = payload else { break }
                unit.append((record, payload))
            }
        }
        try await work(unit, context)
        return true
    }

    private func loadContext() async throws -> TableContext {
        let silver = try await tables.metadata(LakeTables.silver(declaration))
        let quarantine = try await tables.metadata(LakeTables.quarantine(declaration))
        guard let silver, let quarantine else {
            throw IngestionError(
                code: "table-missing", message: "the lake's table of \(declaration.name) is gone",
                remedy: "restart Dipper to create it anew, or restore the catalog", isRetryable: true)
        }
        return TableContext(
            declaration: declaration, silver: silver, quarantine: quarantine, tables: tables, crew: crew,
            limits: ingestion.limits, stages: stages)
    }

    private func work(_ unit: [(StoredRecord, LogPayload)], _ context: TableContext) async throws {
        let started = ContinuousClock.now
        for (record, _) in unit { await ingestion.board.started(record.record.id) }
        let work = UnitWork(unit: unit, context: context, ingestion: ingestion, fence: fence, parallelism: parallelism)
        do {
            let references = try await References(declaration, model: ingestion.model, cache: referenceCache)
            let index = try await currentIndex(context, replacesAll: work.replacesAll)
            do {
                bind(index, to: try await work.run(index: index, references: references), of: work)
            } catch {
                release(index, after: error, of: work)
                throw error
            }
            await dropSuperseded()
        } catch {
            for (record, _) in unit { await ingestion.board.stopped(record.record.id) }
            throw error
        }
        await ingestion.board.finished(unit.map(\.0.record.id))
        if let last = unit.last { ingestion.gauge.worked(topic: declaration.name, nextOffset: last.0.offset + 1) }
        report(work, unit.count, ContinuousClock.now - started)
    }

    /// The key index for the table's current snapshot; `nil` for a table without a key.
    private func currentIndex(_ context: TableContext, replacesAll: Bool) async throws -> KeyIndex? {
        guard let shape = context.shape else { return nil }
        let store = KeyIndexStore(context: context, shape: shape, logger: logger)
        if replacesAll { return try await store.empty() }
        let current = try await store.current(index)
        index = current
        return current
    }

    /// The unit's commit is known to stand.
    private func bind(_ index: KeyIndex?, to committed: LakeCommitter.Committed, of work: UnitWork) {
        if work.hasFailed {
            // Nothing of the unit was applied; the index of a table that was not replaced after all is still the old one.
            index?.rollback()
        } else {
            supersededObjects += index?.committed(committed.silver.currentSnapshotID) ?? []
            self.index = index
        }
    }

    /// The unit is worked again. When it is not known whether its commit stands, the stored index tells what is.
    private func release(_ index: KeyIndex?, after error: any Error, of work: UnitWork) {
        index?.rollback()
        if (error as? CatalogError)?.code == "commit-state-unknown" { self.index = nil }
    }

    /// Deletes objects of the key index that no piece names any more; one that stays is found at the next start.
    private func dropSuperseded() async {
        for key in supersededObjects {
            do {
                try await tables.objects.delete(key)
            } catch {
                logger.warning(
                    "an old object of the key index stays", metadata: ["key": "\(key)", "error": "\(error)"])
            }
        }
        supersededObjects = []
    }

    private func report(_ work: UnitWork, _ recordCount: Int, _ elapsed: Duration) {
        let dimensions = [("table", declaration.name)]
        let rows = work.totals
        Counter(label: "dipper_rows_accepted_total", dimensions: dimensions).increment(by: rows.accepted)
        Counter(label: "dipper_rows_rejected_total", dimensions: dimensions).increment(by: rows.rejected)
        Counter(label: "dipper_commits_total", dimensions: dimensions).increment()
        Recorder(label: "dipper_commit_seconds", dimensions: dimensions).record(elapsed / .seconds(1))
        logger.info(
            "committed",
            metadata: [
                "records": "\(recordCount)", "rows": "\(rows.read)", "rejected": "\(rows.rejected)",
                "milliseconds": "\(Int(elapsed / .milliseconds(1)))",
            ])
    }
}

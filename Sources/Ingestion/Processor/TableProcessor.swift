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
/// A long file is one unit while nothing waits behind it. When batches do and the file has run for a while, what is read
/// of it is committed as a slice, then the batches, and the file goes on at its byte. The watermark stays at the file
/// until its end and carries how far file and batches are. The log's order holds all the same: a later row of the file
/// whose key one of those batches wrote is superseded.
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
    /// The file that is in the lake in part.
    private var feed: FileFeed?
    /// Whether the next record behind the open file is known to be none that may go before its end.
    private var isFileAlone = false
    private var pace: CommitPace
    /// Slices of files committed so far, those that ended a file left out.
    private(set) var sliceCount = 0
    /// Objects of the key index that are to be deleted.
    private var supersededObjects: [String] = []

    /// Waits after a failure: the first, and the longest.
    private static let retryMillisecondsFirst = 100
    private static let retryMillisecondsMax = 10_000
    /// Between two looks at the log of a table for which nothing seems to have come.
    private static let idleMilliseconds = 20

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
        pace = CommitPace(limits: ingestion.limits)
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
                if try await workOnce(isPaced: true) {
                    retryMilliseconds = Self.retryMillisecondsFirst
                } else {
                    _ = await appends.next(isolation: nil)
                    // Most appends are for other tables; the answer to one may be on its way to the gauge.
                    if ingestion.gauge.waiting(in: declaration.name) == 0 {
                        try await Task.sleep(for: .milliseconds(Self.idleMilliseconds))
                    }
                }
            } catch is CancellationError {
                break
            } catch {
                logger.error(
                    "load failed, it will be tried again",
                    metadata: ["error": "\(error)", "retry_ms": "\(retryMilliseconds)"])
                Counter(label: "dipper_load_failures_total", dimensions: [("table", declaration.name)]).increment()
                try? await Task.sleep(for: .milliseconds(retryMilliseconds))
                retryMilliseconds = min(retryMilliseconds * 2, Self.retryMillisecondsMax)
            }
        }
        await close()
    }

    /// Works everything that is in the log now.
    func drain() async throws {
        while try await workOnce(isPaced: false) {}
    }

    /// Works one unit.
    /// - Parameter isPaced: whether small commits are held apart.
    /// - Returns: whether there was one.
    func workOnce(isPaced: Bool) async throws -> Bool {
        // Maintenance commits between units, so that none has to be worked again for it.
        let names = [LakeTables.silver(declaration), LakeTables.quarantine(declaration)]
        await tables.turns.enter(names, nowMicroseconds: UTCTime.nowMicroseconds())
        defer { tables.turns.leave(names) }
        do {
            return try await work(isPaced: isPaced)
        } catch {
            if let id = feed?.record.record.id { await ingestion.board.stopped(id) }
            await close()
            throw error
        }
    }

    private func work(isPaced: Bool) async throws -> Bool {
        let context = try await loadContext()
        let mark = try await position(context)
        if let feed {
            if feed.record.offset != mark.nextOffset || feed.step != (mark.partial?.step ?? 0) {
                await close()
            } else if try await letBatchesIn(before: feed, mark, context) {
                return true
            } else {
                try await workFile(feed, mark, context)
                return true
            }
        }
        let head = try await ingestion.log.heads(
            topic: declaration.name, partition: 0, from: mark.nextOffset, recordsMax: 1)
        guard let first = head.first else { return false }
        if ingestion.log.isShared, try await repeats.isRepeat(first, topic: declaration.name) {
            try await skip(first, mark, context)
        } else if first.headers[LogPayload.kindHeader] == LogPayload.fileKind {
            try await openFile(mark, context)
        } else {
            let waiting = ingestion.gauge.waiting(in: declaration.name)
            if isPaced, let next = pace.next(waiting: waiting), next > .now {
                try await Task.sleep(until: next, clock: .continuous)
            }
            let unit = try await batches(from: mark.nextOffset)
            if unit.isEmpty { return false }
            try await work(unit, before: nil, mark, context)
        }
        return true
    }

    /// Where work goes on.
    private func position(_ context: TableContext) async throws -> CatalogWatermark {
        let row = try await tables.catalog.watermark(topic: declaration.name, partition: 0)
        let mark = LogWatermark.effective(
            topic: declaration.name, partition: 0, incarnation: ingestion.log.incarnation, row: row,
            silver: context.silver)
        ingestion.gauge.worked(
            topic: declaration.name, nextOffset: mark.partial.map { $0.aheadOffset - 1 } ?? mark.nextOffset)
        return mark
    }

    /// The batches from `offset` to the next file, one commit of them at most.
    private func batches(from offset: Int64) async throws -> [(record: StoredRecord, batch: BatchLanded)] {
        let records = try await ingestion.log.read(
            topic: declaration.name, partition: 0, from: offset, recordsMax: ingestion.limits.recordsPerCommitMax,
            bytesMax: ingestion.limits.bytesPerCommitMax)
        var unit: [(record: StoredRecord, batch: BatchLanded)] = []
        for record in ingestion.log.isShared ? try await repeats.fresh(records) : records {
            guard
                case .batch(let batch) = try LogPayload(headers: record.record.headers, payload: record.record.payload)
            else { break }
            unit.append((record, batch))
        }
        return unit
    }

    private var repeats: Repeats { Repeats(catalog: tables.catalog) }

    /// Goes past a record that came before.
    private func skip(_ head: RecordHead, _ mark: CatalogWatermark, _ context: TableContext) async throws {
        let work = UnitWork(context: context, ingestion: ingestion, fence: fence, mark: mark)
        try await work.skip(to: head.offset + 1)
        ingestion.gauge.worked(topic: declaration.name, nextOffset: head.offset + 1)
        logger.info("a record that came twice counts once", metadata: ["offset": "\(head.offset)"])
        Counter(label: "dipper_repeated_records_total", dimensions: [("table", declaration.name)]).increment()
    }

    private func close() async {
        await feed?.cancel()
        feed = nil
        isFileAlone = false
    }

    private func loadContext() async throws -> TableContext {
        let silver = try await tables.metadata(LakeTables.silver(declaration))
        let quarantine = try await tables.metadata(LakeTables.quarantine(declaration))
        guard let silver, let quarantine else {
            throw IngestionError(
                code: "table-missing", message: "the lake's table of \(declaration.name) is gone",
                remedy: "restart Dipper to create it anew, or restore the catalog", isRetryable: true)
        }
        return try TableContext(
            declaration: declaration, silver: silver, quarantine: quarantine, tables: tables, crew: crew,
            limits: ingestion.limits, stages: stages)
    }

    private func work(
        _ unit: [(record: StoredRecord, batch: BatchLanded)], before feed: FileFeed?, _ mark: CatalogWatermark,
        _ context: TableContext
    ) async throws {
        let started = ContinuousClock.now
        pace.started()
        let ids = unit.map(\.record.record.id)
        for id in ids { await ingestion.board.started(id) }
        let work = UnitWork(context: context, ingestion: ingestion, fence: fence, mark: mark)
        do {
            let references = try await References(declaration, model: ingestion.model, cache: referenceCache)
            let index = try await currentIndex(context, replacesAll: false)
            do {
                let committed = try await work.batches(unit, before: feed, index: index, references: references)
                bind(index, to: committed, of: work)
            } catch {
                release(index, after: error)
                throw error
            }
            await dropSuperseded()
        } catch {
            for id in ids { await ingestion.board.stopped(id) }
            throw error
        }
        pace.ended()
        if let feed { feed.step += 1 }
        await ingestion.board.finished(ids)
        if let last = unit.last {
            ingestion.gauge.worked(topic: declaration.name, nextOffset: last.record.offset + (feed == nil ? 1 : 0))
        }
        report(work, unit.count, ContinuousClock.now - started)
    }

    // MARK: Files

    /// Opens the file at the watermark and works it, or ends it when its bytes can't be read as one.
    private func openFile(_ mark: CatalogWatermark, _ context: TableContext) async throws {
        let records = try await ingestion.log.read(
            topic: declaration.name, partition: 0, from: mark.nextOffset, recordsMax: 1, bytesMax: .max)
        guard let record = records.first,
            case .file(let file) = try LogPayload(headers: record.record.headers, payload: record.record.payload)
        else { return }
        await ingestion.board.started(record.record.id)
        do {
            let progress = try mark.partial.map { try FileProgress($0.state) }
            let references = try await References(declaration, model: ingestion.model, cache: referenceCache)
            let feed: FileFeed
            do {
                feed = try await FileFeed(
                    file, of: record, context: context, references: references, board: ingestion.board,
                    parallelism: parallelism, resuming: progress)
            } catch let error where mark.partial == nil && UnitWork.isFaultOfFile(error) {
                let work = UnitWork(context: context, ingestion: ingestion, fence: fence, mark: mark)
                _ = try await work.fail(file, record, error)
                return await ended(record, mark.nextOffset + 1)
            }
            self.feed = feed
            feed.step = mark.partial?.step ?? 0
            try await feed.rebuildAhead(
                up: mark.aheadOffset, of: LoggedBatches(declaration: declaration, ingestion: ingestion, tables: tables))
            try await workFile(feed, mark, context)
        } catch {
            await ingestion.board.stopped(record.record.id)
            throw error
        }
    }

    /// Works a file to its end, or to the end of a slice.
    private func workFile(_ feed: FileFeed, _ mark: CatalogWatermark, _ context: TableContext) async throws {
        let started = ContinuousClock.now
        let work = UnitWork(context: context, ingestion: ingestion, fence: fence, mark: mark)
        let replacesAll = feed.file.mode == .overwrite
        let index = try await currentIndex(context, replacesAll: replacesAll)
        let isAtEnd: Bool
        do {
            let done = try await work.file(feed, index: index) {
                guard ContinuousClock.now - started >= .milliseconds(ingestion.limits.sliceMilliseconds) else {
                    return false
                }
                return try await isBatchWaiting(behind: feed, from: max(mark.aheadOffset, feed.record.offset + 1))
            }
            bind(index, to: done.committed, of: work)
            isAtEnd = done.isAtEnd
        } catch {
            release(index, after: error)
            throw error
        }
        await dropSuperseded()
        feed.step += 1
        if isAtEnd {
            await close()
            await ended(feed.record, max(mark.aheadOffset, feed.record.offset + 1))
        } else {
            sliceCount += 1
            Counter(label: "dipper_slices_total", dimensions: [("table", declaration.name)]).increment()
        }
        report(work, isAtEnd ? 1 : 0, ContinuousClock.now - started)
    }

    private func ended(_ record: StoredRecord, _ nextOffset: Int64) async {
        await ingestion.board.finished([record.record.id])
        ingestion.gauge.worked(topic: declaration.name, nextOffset: nextOffset)
    }

    /// Whether batches wait that may go before the end of `feed`'s file. Costs a look at a counter while nothing waits.
    private func isBatchWaiting(behind feed: FileFeed, from offset: Int64) async throws -> Bool {
        guard !isFileAlone, let ahead = feed.ahead, ingestion.gauge.end(of: declaration.name) > offset else {
            return false
        }
        if ahead.count >= ingestion.limits.aheadKeysMax {
            isFileAlone = true
            return false
        }
        let heads = try await ingestion.log.heads(
            topic: declaration.name, partition: 0, from: offset, recordsMax: 1)
        guard let next = heads.first else { return false }
        isFileAlone = next.headers[LogPayload.kindHeader] != LogPayload.batchKind
        return !isFileAlone
    }

    /// Takes batches that wait behind a file of which a slice has just been committed.
    /// - Returns: whether there were any.
    private func letBatchesIn(
        before feed: FileFeed, _ mark: CatalogWatermark, _ context: TableContext
    ) async throws -> Bool {
        guard feed.isTurnOfBatches else { return false }
        feed.isTurnOfBatches = false
        guard try await isBatchWaiting(behind: feed, from: mark.aheadOffset) else { return false }
        let unit = try await batches(from: mark.aheadOffset)
        if unit.isEmpty {
            // A record that came twice is passed over when its turn comes.
            isFileAlone = true
            return false
        }
        try await work(unit, before: feed, mark, context)
        return true
    }

    // MARK: Keys

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

    /// The unit is worked again. Only where the commit is known not to stand is the index in memory what is stored; else
    /// the stored pieces tell.
    private func release(_ index: KeyIndex?, after error: any Error) {
        index?.rollback()
        let isRefused = (error as? CatalogError)?.code == "commit-conflict"
        if !isRefused, !(error is IngestionError), !(error is ObjectStoreError) { self.index = nil }
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

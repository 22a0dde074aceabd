import ObjectStorage
import CatalogService
import EventLog
internal import Foundation
import LakeModel
internal import Logging
internal import Metrics
import OperationalStore

/// Brings one table's accepted rows into the operational store, behind the lake, at its own pace.
///
/// It reads the same log records and bronze bytes again: validation gives the same rows, and what only the lake can
/// know (a job that failed, rows refused for their references) it takes from the job's receipt. Rows that the lake
/// ignores or refuses for their key change nothing here either.
final class OperationalSink: Sendable {
    private let declaration: TableDeclaration
    private let ingestion: DipperIngestion
    private let tables: LakeTables
    private let store: any OperationalStore
    private let crew: ThreadExecutor
    private let logger: Logger

    private static let retryMilliseconds = 1_000
    /// How often it looks whether the lake has moved.
    private static let pollMilliseconds = 100

    init(
        declaration: TableDeclaration, ingestion: DipperIngestion, tables: LakeTables, store: any OperationalStore,
        crew: ThreadExecutor, logger: Logger
    ) {
        self.declaration = declaration
        self.ingestion = ingestion
        self.tables = tables
        self.store = store
        self.crew = crew
        var logger = logger
        logger[metadataKey: "table"] = "\(declaration.name)"
        logger[metadataKey: "sink"] = "operational"
        self.logger = logger
    }

    static func table(_ declaration: TableDeclaration) -> OperationalTable {
        OperationalTable(
            name: declaration.name, columns: Array(declaration.silverSchema.fields.prefix(declaration.columns.count)),
            keyColumns: declaration.keyColumns)
    }

    func run() async {
        while !Task.isCancelled {
            do {
                if try await workOnce() { continue }
                try await Task.sleep(for: .milliseconds(Self.pollMilliseconds))
            } catch is CancellationError {
                return
            } catch {
                logger.error("operational store failed, it will be tried again", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(Self.retryMilliseconds))
            }
        }
    }

    func drain() async throws {
        while try await workOnce() {}
    }

    /// Applies the next file, or several batches, that the lake has taken.
    /// - Returns: whether there was one.
    func workOnce() async throws -> Bool {
        let incarnation = ingestion.log.incarnation
        guard let lake = try await tables.catalog.watermark(topic: declaration.name, partition: 0),
            LogLife(lake.incarnation).log == incarnation
        else { return false }
        let mine = try await store.watermark(topic: declaration.name, partition: 0)
        let next = mine?.incarnation == incarnation ? mine?.nextOffset ?? 0 : 0
        guard next < lake.nextOffset else {
            // Behind its own position too, when an administrator has the lake work the log again.
            note(nextOffset: next, records: 0, oldest: nil)
            return false
        }
        let records = try await ingestion.log.read(
            topic: declaration.name, partition: 0, from: next,
            recordsMax: Int(min(lake.nextOffset - next, Int64(ingestion.limits.recordsPerCommitMax))),
            bytesMax: ingestion.limits.bytesPerCommitMax)
        guard let first = records.first else { return false }
        note(nextOffset: next, records: lake.nextOffset - next, oldest: first.appendedMicroseconds)
        let rowsDone = mine?.incarnation == incarnation ? mine?.rowsDone ?? 0 : 0
        try await apply(records, await batches.outcomes(of: records), rowsDone: rowsDone)
        return true
    }

    private func note(nextOffset: Int64, records: Int64, oldest: Int64?) {
        let lag = OperationalLags.Lag(nextOffset: nextOffset, records: records, oldestMicroseconds: oldest)
        ingestion.lags.note(lag, of: declaration.name)
        let dimensions = [("table", declaration.name)]
        Gauge(label: "dipper_operational_lag_records", dimensions: dimensions).record(records)
        Gauge(label: "dipper_operational_lag_seconds", dimensions: dimensions).record(lag.seconds)
    }

    /// Applies the first of `records` if it is a file, else the batches to the next file, in one transaction.
    private func apply(_ records: [StoredRecord], _ outcomes: RecordOutcomes, rowsDone: Int64) async throws {
        var upserts: [ColumnBatch] = []
        var rowCount = 0
        var last: StoredRecord?
        for record in records where rowCount < ingestion.limits.operationalRowsPerTransaction {
            if outcomes.isRepeat(record) {
                last = record
                continue
            }
            let payload = try LogPayload(headers: record.record.headers, payload: record.record.payload)
            switch payload {
            case .file(let file):
                if last == nil { return try await apply(file, record, outcomes.of(record), rowsDone) }
            case .batch(let batch):
                if let rows = try await batches.rows(batch, outcomes.of(record)) {
                    if let deletes = rows.deletes {
                        // Deletes go before the rows of a change, so rows that came before them are a change of their own.
                        if last != nil { break }
                        var change = change(record, upserts: [], done: nil)
                        change.deletes = declaration.keys(of: deletes)
                        try await store.apply(change)
                        return
                    }
                    rowCount += rows.accepted.rowCount
                    upserts.append(rows.accepted)
                }
                last = record
                continue
            }
            break
        }
        if let last { try await store.apply(change(last, upserts: upserts, done: nil)) }
    }

    private func apply(
        _ file: FileLanded, _ record: StoredRecord, _ outcome: RecordOutcome, _ rowsDone: Int64
    ) async throws {
        if outcome.state == .failed {
            try await store.apply(change(record, upserts: [], done: nil))
        } else {
            try await apply(file, record, rowsDone, without: try await batches.refused(outcome))
        }
    }

    private var batches: LoggedBatches {
        LoggedBatches(declaration: declaration, ingestion: ingestion, tables: tables)
    }

    private func apply(
        _ file: FileLanded, _ record: StoredRecord, _ rowsDone: Int64, without refused: RefusedRows.Offsets
    ) async throws {
        let rows = try await FileRows(
            file, of: declaration, objects: tables.objects, crew: crew, limits: ingestion.limits, without: refused)
        var done: Int64 = 0
        var isFirst = rowsDone == 0
        do {
            while let batch = try await rows.next() {
                done += Int64(batch.rowCount)
                if done <= rowsDone { continue }
                // Slices end with chunks, so a slice is either in or not.
                var slice = change(record, upserts: [batch], done: done)
                slice.truncate = isFirst && file.mode == .overwrite
                isFirst = false
                try await store.apply(slice)
                try Task.checkCancellation()
            }
        } catch {
            await rows.cancel()
            throw error
        }
        var last = change(record, upserts: [], done: nil)
        last.truncate = isFirst && file.mode == .overwrite
        try await store.apply(last)
    }

    /// - Parameter done: rows of the record that are in with this change; `nil`: all.
    private func change(_ record: StoredRecord, upserts: [ColumnBatch], done: Int64?) -> OperationalChange {
        OperationalChange(
            table: declaration.name, topic: record.topic, partition: record.partition,
            watermark: OperationalWatermark(
                incarnation: ingestion.log.incarnation, nextOffset: done == nil ? record.offset + 1 : record.offset,
                rowsDone: done ?? 0),
            upserts: upserts, conflict: declaration.conflict == .replace ? .replace : .ignore)
    }
}

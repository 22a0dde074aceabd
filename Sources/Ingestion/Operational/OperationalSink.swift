import ObjectStorage
import CatalogService
import CSVFormat
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

    /// Applies the next record that the lake has taken.
    /// - Returns: whether there was one.
    func workOnce() async throws -> Bool {
        let incarnation = ingestion.log.incarnation
        guard let lake = try await tables.catalog.watermark(topic: declaration.name, partition: 0),
            lake.incarnation == incarnation
        else { return false }
        let mine = try await store.watermark(topic: declaration.name, partition: 0)
        let next = mine?.incarnation == incarnation ? mine?.nextOffset ?? 0 : 0
        Gauge(label: "dipper_operational_lag_records", dimensions: [("table", declaration.name)])
            .record(lake.nextOffset - next)
        guard next < lake.nextOffset else { return false }
        let records = try await ingestion.log.read(
            topic: declaration.name, partition: 0, from: next, recordsMax: 1,
            bytesMax: ingestion.limits.bytesPerCommitMax)
        guard let record = records.first else { return false }
        let rowsDone = mine?.incarnation == incarnation ? mine?.rowsDone ?? 0 : 0
        try await apply(record, rowsDone: rowsDone)
        return true
    }

    private func apply(_ record: StoredRecord, rowsDone: Int64) async throws {
        guard let row = try await tables.catalog.receipt(id: record.record.id) else {
            throw IngestionError(
                code: "receipt-missing",
                message: "the lake is past offset \(record.offset) of \(record.topic), yet it has no receipt of it",
                remedy: "restore catalog and log from backups of the same time")
        }
        let stored = try JSONDecoder().decode(StoredReceipt.self, from: Data(row.json))
        let refused = try await refusedRows(stored)
        let payload = try LogPayload(headers: record.record.headers, payload: record.record.payload)
        let isFailed = stored.receipt.state == .failed
        switch payload {
        case .file(let file) where !isFailed: try await apply(file, record, rowsDone, without: refused)
        case .batch(let batch) where !isFailed:
            let result = try batch.rows(of: declaration, limits: ingestion.limits).rows
            let rows =
                refused.isEmpty
                ? [] : result.origins.indices.filter { refused.contains(result.origins[$0].place.byteOffset) }
            let accepted = result.accepted.removing(rows.map { Int32($0) })
            var change = change(record, upserts: [accepted], done: nil)
            change.deletes = declaration.keys(of: result.deletes)
            try await store.apply(change)
        default: try await store.apply(change(record, upserts: [], done: nil))
        }
    }

    private func apply(
        _ file: FileLanded, _ record: StoredRecord, _ rowsDone: Int64, without refused: RefusedRows.Offsets
    ) async throws {
        let reader = try BronzeReader(try await tables.objects.open(file.objectKey), limits: ingestion.limits)
        let chunks = try FileChunks(
            reader: reader, table: declaration,
            overrides: CSVOverrides(delimiter: file.delimiter, header: file.header), crew: crew, parallelism: 1
        ) { result, _ in
            if refused.isEmpty { return result.batch }
            let rows = (0..<result.batch.rowCount).filter { refused.contains(result.positions.byteOffset($0)) }
            return result.batch.removing(rows.map { Int32($0) })
        }
        var done: Int64 = 0
        var isFirst = rowsDone == 0
        do {
            while let element = try await chunks.next() {
                let batch = element.prepared
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
            await chunks.cancel()
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

    private func refusedRows(_ stored: StoredReceipt) async throws -> RefusedRows.Offsets {
        guard let key = stored.refusedRowsKey else { return .none }
        return try await RefusedRows.read(key, objects: tables.objects)
    }
}

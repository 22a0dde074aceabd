import CSVFormat
import CatalogService
import EventLog
import LakeModel
internal import Logging
internal import Metrics
import ObjectStorage
internal import Synchronization

/// Publishes one table's accepted rows to the topic `<table>.accepted` for other programs, behind the lake, in the log's order.
///
/// It reads the same log records and bronze bytes again, as the operational sink does. The topic is its own memory
/// (``AcceptedPosition``). A row is published once; after an append whose answer was lost some may come twice, under the
/// same id.
final class AcceptedSink: Sendable {
    private let declaration: TableDeclaration
    private let ingestion: DipperIngestion
    private let tables: LakeTables
    private let crew: ThreadExecutor
    private let encoder: ConnectRow
    private let logger: Logger
    /// Where to go on; `nil`: the topic is asked.
    private let position = Mutex<AcceptedPosition?>(nil)

    /// Messages of one append, and their bytes, about.
    private static let portionRecordsMax = 1_000
    private static let portionBytesMax = 4 << 20
    private static let retryMilliseconds = 1_000
    private static let pollMilliseconds = 100

    init(
        declaration: TableDeclaration, ingestion: DipperIngestion, tables: LakeTables, crew: ThreadExecutor,
        logger: Logger
    ) {
        self.declaration = declaration
        self.ingestion = ingestion
        self.tables = tables
        self.crew = crew
        encoder = ConnectRow(declaration)
        var logger = logger
        logger[metadataKey: "table"] = "\(declaration.name)"
        logger[metadataKey: "sink"] = "accepted"
        self.logger = logger
    }

    /// The topic of a table's accepted rows.
    static func topic(of table: String) -> String { "\(table).accepted" }

    private var topic: String { Self.topic(of: declaration.name) }

    func run() async {
        while !Task.isCancelled {
            do {
                if try await workOnce() { continue }
                try await Task.sleep(for: .milliseconds(Self.pollMilliseconds))
            } catch is CancellationError {
                return
            } catch {
                position.withLock { $0 = nil }
                logger.error("rows could not be published, it will be tried again", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(Self.retryMilliseconds))
            }
        }
    }

    /// Publishes the next file, or several batches, that the lake has taken.
    /// - Returns: whether there was one.
    func workOnce() async throws -> Bool {
        guard let lake = try await tables.catalog.watermark(topic: declaration.name, partition: 0),
            LogLife(lake.incarnation).log == ingestion.log.incarnation
        else { return false }
        let known = position.withLock { $0 }
        let start: AcceptedPosition = if let known { known } else { try await resume() }
        position.withLock { $0 = start }
        guard start.offset < lake.nextOffset else { return false }
        let records = try await ingestion.log.read(
            topic: declaration.name, partition: 0, from: start.offset,
            recordsMax: Int(min(lake.nextOffset - start.offset, Int64(ingestion.limits.recordsPerCommitMax))),
            bytesMax: ingestion.limits.bytesPerCommitMax)
        guard let last = records.last else { return false }
        let outcomes = try await batches.outcomes(of: records)
        var portion: [LogRecord] = []
        for record in records {
            let skipped = record.offset == start.offset ? start.rows : 0
            try await publish(record, outcomes, without: skipped, &portion)
        }
        try await flush(&portion)
        position.withLock {
            $0 = AcceptedPosition(incarnation: ingestion.log.incarnation, offset: last.offset + 1)
        }
        return true
    }

    private var batches: LoggedBatches {
        LoggedBatches(declaration: declaration, ingestion: ingestion, tables: tables)
    }

    /// Where the topic's last message says that publishing is.
    private func resume() async throws -> AcceptedPosition {
        let log = ingestion.log
        let first = try await log.extent(topic: declaration.name, partition: 0).startOffset
        let end = try await log.endOffset(topic: topic, partition: 0)
        let last =
            end > 0 ? try await log.read(topic: topic, partition: 0, from: end - 1, recordsMax: 1, bytesMax: 1) : []
        let found = last.first?.record.headers[AcceptedPosition.header].flatMap { AcceptedPosition($0) }
        guard let found, found.incarnation == log.incarnation else {
            return AcceptedPosition(incarnation: log.incarnation, offset: first)
        }
        guard found.offset < first else { return found }
        logger.warning(
            "rows were dropped from the log before they were published",
            metadata: ["from": "\(found.offset)", "to": "\(first)"])
        return AcceptedPosition(incarnation: log.incarnation, offset: first)
    }

    private func publish(
        _ record: StoredRecord, _ outcomes: RecordOutcomes, without skipped: Int64, _ portion: inout [LogRecord]
    ) async throws {
        if outcomes.isRepeat(record) { return }
        let outcome = try outcomes.of(record)
        guard outcome.state == .committed else { return }
        switch try LogPayload(headers: record.record.headers, payload: record.record.payload) {
        case .batch(let batch):
            guard let rows = try await batches.rows(batch, outcome) else { return }
            var done: Int64 = 0
            if let deletes = rows.deletes { try await add(deletes, isGone: true, record, skipped, &done, &portion) }
            try await add(rows.accepted, isGone: false, record, skipped, &done, &portion)
        case .file(let file):
            try await publish(file, record, skipped, without: try await batches.refused(outcome), &portion)
        }
    }

    private func publish(
        _ file: FileLanded, _ record: StoredRecord, _ skipped: Int64, without refused: RefusedRows.Offsets,
        _ portion: inout [LogRecord]
    ) async throws {
        let reader = try BronzeReader(try await tables.objects.open(file.objectKey), limits: ingestion.limits)
        let chunks = try FileChunks(
            reader: reader, table: declaration,
            overrides: CSVOverrides(delimiter: file.delimiter, header: file.header), crew: crew, parallelism: 1,
            chunkBytes: ingestion.limits.chunkBytes
        ) { result, _ in
            if refused.isEmpty { return result.batch }
            let rows = (0..<result.batch.rowCount).filter { refused.contains(result.positions.byteOffset($0)) }
            return result.batch.removing(rows.map { Int32($0) })
        }
        var done: Int64 = 0
        do {
            while let element = try await chunks.next() {
                try await add(element.prepared, isGone: false, record, skipped, &done, &portion)
                try Task.checkCancellation()
            }
        } catch {
            await chunks.cancel()
            throw error
        }
    }

    /// - Parameter done: rows of the record before this batch; it is moved on.
    private func add(
        _ batch: ColumnBatch, isGone: Bool, _ record: StoredRecord, _ skipped: Int64, _ done: inout Int64,
        _ portion: inout [LogRecord]
    ) async throws {
        var bytes = portion.reduce(0) { $0 + $1.byteCount }
        for row in 0..<batch.rowCount {
            done += 1
            if done <= skipped { continue }
            let place = AcceptedPosition(incarnation: ingestion.log.incarnation, offset: record.offset, rows: done)
            let message = LogRecord(
                id: "\(record.record.id)/\(done)", key: encoder.key(batch, row),
                headers: [AcceptedPosition.header: place.text],
                payload: isGone ? ConnectRow.gone : encoder.value(batch, row))
            bytes += message.byteCount
            portion.append(message)
            if portion.count >= Self.portionRecordsMax || bytes >= Self.portionBytesMax {
                try await flush(&portion)
                bytes = 0
            }
        }
    }

    private func flush(_ portion: inout [LogRecord]) async throws {
        if portion.isEmpty { return }
        _ = try await ingestion.log.append(portion, to: topic, idempotency: nil)
        Counter(label: "dipper_accepted_published_total", dimensions: [("table", declaration.name)])
            .increment(by: portion.count)
        portion = []
    }
}

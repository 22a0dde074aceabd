import CSVFormat
import EventLog
import LakeModel
internal import Logging
import ObjectStorage
internal import Synchronization

/// Publishes one table's accepted rows to the topic `<table>.accepted` for other programs, behind the lake, in the log's order.
///
/// It reads the same log records and bronze bytes again, as the operational sink does. The topic is its own memory
/// (``TopicPortion``). A row is published once; after an append whose answer was lost some may come twice, under the
/// same id.
final class AcceptedSink: TopicSink {
    let topic: DerivedTopic
    private let crew: ThreadExecutor
    private let encoder: ConnectRow
    /// What to go on with; `nil`: the topic is asked.
    private let known = Mutex<TopicPortion?>(nil)

    init(
        declaration: TableDeclaration, ingestion: DipperIngestion, tables: LakeTables, crew: ThreadExecutor,
        logger: Logger
    ) {
        topic = DerivedTopic("accepted", declaration, ingestion: ingestion, tables: tables, logger: logger)
        self.crew = crew
        encoder = ConnectRow(declaration)
    }

    private var declaration: TableDeclaration { topic.declaration }
    private var ingestion: DipperIngestion { topic.ingestion }
    private var tables: LakeTables { topic.tables }

    func workOnce() async throws -> Bool {
        // Whatever breaks off, the topic is asked next time.
        let held = known.withLock { $0.take() }
        guard let (begun, records) = try await topic.next(held) else { return false }
        var portion = begun
        if let last = records.last {
            let outcomes = try await batches.outcomes(of: records)
            let start = portion.start
            for record in records {
                let skipped = record.offset == start.offset ? start.rows : 0
                try await publish(record, outcomes, without: skipped, &portion)
            }
            try await topic.send(&portion, before: topic.place(last.offset + 1))
        }
        known.withLock { $0 = portion }
        return !records.isEmpty
    }

    private var batches: LoggedBatches {
        LoggedBatches(declaration: declaration, ingestion: ingestion, tables: tables)
    }

    private func publish(
        _ record: StoredRecord, _ outcomes: RecordOutcomes, without skipped: Int64, _ portion: inout TopicPortion
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
        _ portion: inout TopicPortion
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
        _ portion: inout TopicPortion
    ) async throws {
        for row in 0..<batch.rowCount {
            done += 1
            if done <= skipped { continue }
            portion.add(
                LogRecord(
                    id: "\(record.record.id)/\(done)", key: encoder.key(batch, row),
                    payload: isGone ? ConnectRow.gone : encoder.value(batch, row)))
            if portion.isFull {
                try await topic.send(&portion, before: topic.place(record.offset, rows: done))
            }
        }
    }
}

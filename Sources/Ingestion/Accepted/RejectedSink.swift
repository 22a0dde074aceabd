import CatalogService
import EventLog
import LakeModel
internal import Logging
internal import Synchronization

/// Publishes one table's refused rows to the topic `<table>.rejected`, a dead-letter topic in the JSON of Kafka Connect.
///
/// The rows come from quarantine, record by record of the log: so a reject that quarantine holds already from an earlier upload
/// of the same bytes is not published again, and those that only the lake refused are there too. A record whose rejects were
/// not all out when publishing broke off is published from its start again, under the same ids: compaction may have put its
/// rows into another order meanwhile.
final class RejectedSink: TopicSink {
    let topic: DerivedTopic
    private let reader: QuarantineReader
    private let encoder: ConnectRow
    private let position = Mutex<AcceptedPosition?>(nil)

    private static let noneRejected = Array("\"rejected\":0,".utf8)
    private static let noneRejectedLast = Array("\"rejected\":0}".utf8)

    init(declaration: TableDeclaration, ingestion: DipperIngestion, tables: LakeTables, logger: Logger) {
        topic = DerivedTopic("rejected", declaration, ingestion: ingestion, tables: tables, logger: logger)
        reader = QuarantineReader(declaration, tables: tables)
        encoder = ConnectRow(
            QuarantineSchema.schema.fields, keys: QuarantineSchema.identityIndices,
            name: "dipper.\(declaration.name).rejected")
    }

    func forgetPosition() { position.withLock { $0 = nil } }

    func workOnce() async throws -> Bool {
        guard let (start, records) = try await topic.next(position.withLock { $0 }) else { return false }
        position.withLock { $0 = start }
        guard let last = records.last else { return false }
        let receipts = try await topic.tables.catalog.receipts(ids: records.map(\.record.id))
        let outcomes = try RecordOutcomes(receipts)
        // Most records have no rejects, and quarantine is not asked for them.
        let clean = Set(
            receipts.filter { $0.json.contains(Self.noneRejected) || $0.json.contains(Self.noneRejectedLast) }.map(\.id)
        )
        var portion: [LogRecord] = []
        for record in records where !clean.contains(record.record.id) && !outcomes.isRepeat(record) {
            guard try outcomes.of(record).state == .committed else { continue }
            try await publish(record, &portion)
            try Task.checkCancellation()
        }
        try await topic.append(&portion)
        position.withLock { $0 = topic.place(last.offset + 1) }
        return true
    }

    private func publish(_ record: StoredRecord, _ portion: inout [LogRecord]) async throws {
        var bytes = portion.reduce(0) { $0 + $1.byteCount }
        var held: LogRecord?
        for try await reject in try await reader.rejects(QuarantineQuery(jobID: record.record.id)) {
            if let held { portion.append(held) }
            let message = message(reject, record)
            held = message
            bytes += message.byteCount
            if portion.count >= DerivedTopic.portionRecordsMax || bytes >= DerivedTopic.portionBytesMax {
                try await topic.append(&portion)
                bytes = 0
            }
        }
        // The record's last message says that the record is done.
        guard var held else { return }
        held.headers[AcceptedPosition.header] = topic.place(record.offset + 1).text
        portion.append(held)
    }

    private func message(_ reject: StoredReject, _ record: StoredRecord) -> LogRecord {
        let data = reject.data
        return LogRecord(
            id: "\(record.record.id)/\(reject.byteOffset)/\(reject.code)", key: encoder.key { data[$0] },
            headers: [
                AcceptedPosition.header: topic.place(record.offset).text,
                // What Connect says of its own dead letters, as far as there is such a thing here.
                "__connect.errors.topic": record.topic,
                "__connect.errors.partition": "\(record.partition)",
                "__connect.errors.offset": "\(record.offset)",
                "__connect.errors.exception.message": "\(reject.code): \(reject.message)",
            ], payload: encoder.value { data[$0] })
    }
}

extension StoredReject {
    /// In the order of ``QuarantineSchema``.
    fileprivate var data: [Datum?] {
        [
            .string(sha256), .long(line), .long(byteOffset), column.map { .string($0) }, .string(code),
            .string(message), .bytes(raw), .boolean(isRawTruncated),
            delimiter.map { .string(String(UnicodeScalar($0))) }, .string(jobID), .long(rejectedMicroseconds),
        ]
    }
}

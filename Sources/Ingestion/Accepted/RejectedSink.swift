import CatalogService
import EventLog
import LakeModel
internal import Logging
internal import Synchronization

/// Publishes one table's refused rows to the topic `<table>.rejected`, a dead-letter topic in the JSON of Kafka Connect.
///
/// The rows come from quarantine, record by record of the log: so a reject that quarantine holds already from an earlier upload
/// of the same bytes is not published again, and those that only the lake refused are there too. Portions begin at a record's
/// start, and rejects are known by their ids: compaction may have put a record's rows into another order since publishing
/// broke off.
final class RejectedSink: TopicSink {
    let topic: DerivedTopic
    private let reader: QuarantineReader
    private let encoder: ConnectRow
    private let known = Mutex<TopicPortion?>(nil)

    private static let noneRejected = Array("\"rejected\":0,".utf8)
    private static let noneRejectedLast = Array("\"rejected\":0}".utf8)

    init(declaration: TableDeclaration, ingestion: DipperIngestion, tables: LakeTables, logger: Logger) {
        topic = DerivedTopic("rejected", declaration, ingestion: ingestion, tables: tables, logger: logger)
        reader = QuarantineReader(declaration, tables: tables)
        encoder = ConnectRow(
            QuarantineSchema.schema.fields, keys: QuarantineSchema.identityIndices,
            name: "dipper.\(declaration.name).rejected")
    }

    func workOnce() async throws -> Bool {
        // Whatever breaks off, the topic is asked next time.
        let held = known.withLock { $0.take() }
        guard let (begun, records) = try await topic.next(held) else { return false }
        var portion = begun
        if let last = records.last {
            let receipts = try await topic.tables.catalog.receipts(ids: records.map(\.record.id))
            let outcomes = try RecordOutcomes(receipts)
            // Most records have no rejects, and quarantine is not asked for them.
            let clean = Set(
                receipts.filter {
                    $0.json.contains(Self.noneRejected) || $0.json.contains(Self.noneRejectedLast)
                }.map(\.id))
            for record in records where !clean.contains(record.record.id) && !outcomes.isRepeat(record) {
                guard try outcomes.of(record).state == .committed else { continue }
                try await publish(record, &portion)
                try Task.checkCancellation()
            }
            try await topic.send(&portion, before: topic.place(last.offset + 1))
        }
        known.withLock { $0 = portion }
        return !records.isEmpty
    }

    private func publish(_ record: StoredRecord, _ portion: inout TopicPortion) async throws {
        let start = topic.place(record.offset)
        var waiting: [LogRecord] = []
        var bytes = 0
        var isLong = false
        for try await reject in try await reader.rejects(QuarantineQuery(jobID: record.record.id)) {
            let message = message(reject, record)
            if waiting.count >= TopicPortion.messagesMax || bytes >= TopicPortion.bytesMax {
                // More than one portion's worth: what came before goes first, so that all of them begin with the record.
                if !isLong { try await topic.send(&portion, before: start) }
                isLong = true
                waiting.forEach { portion.add($0) }
                try await topic.send(&portion, before: start)
                waiting = []
                bytes = 0
            }
            waiting.append(message)
            bytes += message.byteCount
        }
        guard isLong else {
            if !portion.hasRoom(messages: waiting.count, bytes: bytes) {
                try await topic.send(&portion, before: start)
            }
            waiting.forEach { portion.add($0) }
            return
        }
        // The last message goes when all others have arrived, and by itself: it says that the record is done.
        guard let last = waiting.popLast() else { return }
        waiting.forEach { portion.add($0) }
        let done = topic.place(record.offset + 1)
        try await topic.send(&portion, before: done)
        portion.add(last)
        try await topic.send(&portion, before: done)
    }

    private func message(_ reject: StoredReject, _ record: StoredRecord) -> LogRecord {
        let data = reject.data
        return LogRecord(
            id: "\(record.record.id)/\(reject.byteOffset)/\(reject.code)", key: encoder.key { data[$0] },
            headers: [
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

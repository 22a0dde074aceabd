import CatalogService
import EventLog
internal import Foundation

/// What the lake made of one record of the log.
struct RecordOutcome {
    var state: JobReceipt.State
    /// The object that names the rows which only the lake refused, if there are any (``RefusedRows``).
    var refusedRowsKey: String?
    /// Where the record stands that the lake took.
    var offset: Int64

    private static let refusedRowsField = Array("\"refusedRowsKey\"".utf8)

    /// Most receipts name no such object, and are not decoded for it.
    init(_ row: ReceiptRow) throws {
        offset = row.offset
        if let state = JobReceipt.State(rawValue: row.state), !row.json.contains(Self.refusedRowsField) {
            self.state = state
            return
        }
        let stored = try JSONDecoder().decode(StoredReceipt.self, from: Data(row.json))
        state = stored.receipt.state
        refusedRowsKey = stored.refusedRowsKey
    }
}

/// The outcomes of some records.
struct RecordOutcomes {
    private let byID: [String: RecordOutcome]

    init(_ rows: [ReceiptRow]) throws {
        byID = try Dictionary(rows.map { ($0.id, try RecordOutcome($0)) }) { _, last in last }
    }

    /// - Throws: `receipt-missing` for a record without one, which no record has that the lake is past.
    func of(_ record: StoredRecord) throws -> RecordOutcome {
        guard let outcome = byID[record.record.id] else {
            throw IngestionError(
                code: "receipt-missing",
                message: "the lake is past offset \(record.offset) of \(record.topic), yet it has no receipt of it",
                remedy: "restore catalog and log from backups of the same time")
        }
        return outcome
    }

    /// Whether the lake took another record with the id of this one, further ahead: it came twice, and counts once.
    func isRepeat(_ record: StoredRecord) -> Bool {
        byID[record.record.id].map { $0.offset < record.offset } ?? false
    }
}

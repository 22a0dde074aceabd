import CatalogService
import EventLog
internal import Foundation
import LakeModel

/// The rows that the lake has taken of batches, read back from the log: validation gives the same rows again, and what
/// only the lake can know, it takes from their receipts.
struct LoggedBatches: Sendable {
    let declaration: TableDeclaration
    let ingestion: DipperIngestion
    let tables: LakeTables

    /// Calls `body` with the rows of each batch between two offsets that are in the lake, written or deleted.
    func forEach(from offset: Int64, to end: Int64, _ body: (ColumnBatch) throws -> Void) async throws {
        var next = offset
        while next < end {
            let records = try await ingestion.log.read(
                topic: declaration.name, partition: 0, from: next, recordsMax: Int(end - next),
                bytesMax: ingestion.limits.bytesPerCommitMax)
            guard let last = records.last else { return }
            for record in records {
                guard
                    case .batch(let batch) = try LogPayload(
                        headers: record.record.headers, payload: record.record.payload)
                else { continue }
                guard let rows = try await rows(batch, of: record) else { continue }
                try body(rows.accepted)
                if let deletes = rows.deletes { try body(deletes) }
            }
            next = last.offset + 1
        }
    }

    /// The rows of one batch, `nil` for one of which nothing was applied.
    func rows(_ batch: BatchLanded, of record: StoredRecord) async throws -> BatchRows? {
        let receipt = try await receipt(of: record)
        guard receipt.receipt.state == .committed else { return nil }
        return try accepted(batch, without: await refused(receipt))
    }

    func accepted(_ batch: BatchLanded, without refused: RefusedRows.Offsets) throws -> BatchRows {
        var result = try batch.rows(of: declaration, limits: ingestion.limits).rows
        if refused.isEmpty { return result }
        let rows = result.origins.indices.filter { refused.contains(result.origins[$0].place.byteOffset) }
        result.accepted = result.accepted.removing(rows.map { Int32($0) })
        return result
    }

    /// The receipt of a record that the lake is past.
    func receipt(of record: StoredRecord) async throws -> StoredReceipt {
        guard let row = try await tables.catalog.receipt(id: record.record.id) else {
            throw IngestionError(
                code: "receipt-missing",
                message: "the lake is past offset \(record.offset) of \(record.topic), yet it has no receipt of it",
                remedy: "restore catalog and log from backups of the same time")
        }
        return try JSONDecoder().decode(StoredReceipt.self, from: Data(row.json))
    }

    /// The rows that only the lake refused.
    func refused(_ stored: StoredReceipt) async throws -> RefusedRows.Offsets {
        guard let key = stored.refusedRowsKey else { return .none }
        return try await RefusedRows.read(key, objects: tables.objects)
    }
}

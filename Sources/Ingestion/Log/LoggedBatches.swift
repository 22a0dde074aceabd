import CatalogService
import EventLog
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
            let outcomes = try await outcomes(of: records)
            for record in records {
                guard
                    case .batch(let batch) = try LogPayload(
                        headers: record.record.headers, payload: record.record.payload)
                else { continue }
                guard !outcomes.isRepeat(record), let rows = try await rows(batch, outcomes.of(record)) else {
                    continue
                }
                try body(rows.accepted)
                if let deletes = rows.deletes { try body(deletes) }
            }
            next = last.offset + 1
        }
    }

    /// The rows of one batch, `nil` for one of which nothing was applied.
    func rows(_ batch: BatchLanded, _ outcome: RecordOutcome) async throws -> BatchRows? {
        guard outcome.state == .committed else { return nil }
        return try accepted(batch, without: await refused(outcome))
    }

    func accepted(_ batch: BatchLanded, without refused: RefusedRows.Offsets) throws -> BatchRows {
        var result = try batch.rows(of: declaration, limits: ingestion.limits).rows
        if refused.isEmpty { return result }
        let rows = result.origins.indices.filter { refused.contains(result.origins[$0].place.byteOffset) }
        result.accepted = result.accepted.removing(rows.map { Int32($0) })
        return result
    }

    /// What became of records that the lake is past.
    func outcomes(of records: [StoredRecord]) async throws -> RecordOutcomes {
        try RecordOutcomes(await tables.catalog.receipts(ids: records.map(\.record.id)))
    }

    /// The rows that only the lake refused.
    func refused(_ outcome: RecordOutcome) async throws -> RefusedRows.Offsets {
        guard let key = outcome.refusedRowsKey else { return .none }
        return try await RefusedRows.read(key, objects: tables.objects)
    }
}

import CatalogService
import CSVFormat
import EventLog
internal import Foundation
import LakeModel

/// One file or several batches on their way from the log to a commit.
///
/// `@unchecked Sendable`: the table's processor is the only user.
final class UnitWork: @unchecked Sendable {
    private let unit: [(record: StoredRecord, payload: LogPayload)]
    private let context: TableContext
    private let ingestion: DipperIngestion
    private let committer: LakeCommitter
    private let parallelism: Int
    private(set) var totals = JobReceipt.Rows()
    /// Whether nothing of the unit was applied, because of its own bytes.
    private(set) var hasFailed = false

    init(
        unit: [(StoredRecord, LogPayload)], context: TableContext, ingestion: DipperIngestion,
        fence: CatalogCommit.Fence, parallelism: Int
    ) {
        self.unit = unit
        self.context = context
        self.ingestion = ingestion
        self.parallelism = parallelism
        committer = LakeCommitter(context: context, fence: fence)
    }

    /// Whether the unit is a file that replaces the whole table.
    var replacesAll: Bool {
        if case .file(let file) = unit.first?.payload { file.mode == .overwrite } else { false }
    }

    func run(index: KeyIndex?, references: References) async throws -> LakeCommitter.Committed {
        let loader = RecordLoader(
            context: context, references: references, board: ingestion.board, parallelism: parallelism)
        let load = TableLoad(context: context, index: index, replacesAll: replacesAll)
        var receipts: [JobReceipt] = []
        do {
            for (record, payload) in unit {
                load.begin()
                var receipt = try ingestion.receipt(of: record, payload: payload)
                switch payload {
                case .file(let file):
                    let notes = try await loader.load(file, of: record, into: load)
                    receipt.dialect = notes.dialect
                    receipt.warnings = notes.warnings
                    try Self.checkRefusals(load, file)
                case .batch(let batch):
                    let notes = try await loader.load(batch, of: record, into: load)
                    receipt.verdicts = notes.verdicts
                    receipt.warnings = notes.warnings
                }
                receipts.append(receipt)
            }
            let result = try await load.finish()
            // The last rows are refused by their key only here.
            if case .file(let file) = unit.first?.payload { try Self.checkRefusals(load, file) }
            return try await commit(result, receipts, index)
        } catch let error where Self.isFaultOfFile(error) && unit.count == 1 {
            await load.discard()
            return try await fail(error)
        } catch let error as CatalogError where error.code == "commit-state-unknown" {
            throw error
        } catch {
            await load.discard()
            throw error
        }
    }

    private func commit(
        _ result: LoadResult, _ receipts: [JobReceipt], _ index: KeyIndex?
    ) async throws -> LakeCommitter.Committed {
        var receipts = receipts
        for index in receipts.indices {
            receipts[index].rows = result.counts[index]
            receipts[index].state = .committed
            if let verdicts = result.verdicts[index] {
                let all = (receipts[index].verdicts + verdicts).sorted { $0.index < $1.index }
                receipts[index].verdicts = Array(all.prefix(ingestion.limits.verdictsMax))
            }
            if result.counts[index].rejected > 0 {
                receipts[index].rejectsLink = "/api/v2/rejects/\(receipts[index].table)?job=\(receipts[index].id)"
            }
            totals.read += result.counts[index].read
            totals.accepted += result.counts[index].accepted
            totals.rejected += result.counts[index].rejected
        }
        return try await context.stages.measureAlone(.commit) {
            try await committer.commit(
                result, replacesAll: replacesAll, watermark: watermark(), index: index
            ) { snapshotID in
                try rows(receipts, snapshotID, result.refusedRowsKeys)
            }
        }
    }

    /// Ends a file that cannot be read, or that was to be refused as a whole: nothing of it is applied.
    private func fail(_ error: any Error) async throws -> LakeCommitter.Committed {
        guard let (record, payload) = unit.first else { throw error }
        var receipt = try ingestion.receipt(of: record, payload: payload)
        hasFailed = true
        receipt.state = .failed
        let told = (error as? UnreadableBytes)?.cause ?? error as? any LakeError
        var message = told?.message ?? "\(error)"
        if let place = told?.place { message += " (at \(place))" }
        receipt.error = JobReceipt.Failure(
            code: told?.code ?? "file-unreadable", message: message, remedy: told?.remedy)
        return try await committer.commit(nil, replacesAll: false, watermark: watermark()) { _ in
            try rows([receipt], nil, [:])
        }
    }

    private func watermark() -> CatalogWatermark {
        CatalogWatermark(
            topic: context.declaration.name, partition: 0, incarnation: ingestion.log.incarnation,
            nextOffset: (unit.last?.record.offset ?? -1) + 1)
    }

    private func rows(
        _ receipts: [JobReceipt], _ snapshotID: Int64?, _ refusedRowsKeys: [Int: String]
    ) throws -> [ReceiptRow] {
        let now = UTCTime.text(microseconds: UTCTime.nowMicroseconds())
        let encoder = JSONEncoder()
        return try receipts.indices.map { index in
            var receipt = receipts[index]
            let stored = unit[index].record
            receipt.finishedAt = now
            receipt.progress = nil
            let changed = receipt.rows.inserted + receipt.rows.updated + receipt.rows.deleted > 0 || replacesAll
            receipt.snapshotId = changed && receipt.state == .committed ? snapshotID.map { String($0) } : nil
            let json = try encoder.encode(StoredReceipt(receipt: receipt, refusedRowsKey: refusedRowsKeys[index]))
            return ReceiptRow(
                id: receipt.id, table: receipt.table, state: receipt.state.rawValue, topic: receipt.topic,
                partition: receipt.partition, offset: receipt.offset,
                createdMicroseconds: stored.appendedMicroseconds, json: Array(json))
        }
    }

    /// Whether the bytes of the file are to blame, so that trying again cannot help.
    private static func isFaultOfFile(_ error: any Error) -> Bool {
        error is CSVError || error is UnreadableBytes || (error as? IngestionError)?.code == "rows-refused"
    }

    /// - Throws: `rows-refused` when the upload asked for all rows or none.
    private static func checkRefusals(_ load: TableLoad, _ file: FileLanded) throws {
        guard file.onError == .fail, let reject = load.firstReject else { return }
        throw IngestionError(
            code: "rows-refused",
            message: "\(load.counts.last?.rejected ?? 1) rows are refused, so nothing of the file is taken; the first: "
                + reject.message,
            remedy: "mend the rows, or upload with onError=quarantine to take the others",
            place: Place(
                source: file.fileName, line: reject.line, column: reject.column, byteOffset: reject.byteOffset))
    }
}

import CatalogService
import CSVFormat
import EventLog
internal import Foundation
import LakeModel
import ObjectStorage
import RowBackup

/// What goes into one commit, a file, a slice of one or several batches, on its way from the log.
///
/// `@unchecked Sendable`: the table's processor is the only user.
final class UnitWork: @unchecked Sendable {
    private let context: TableContext
    private let ingestion: DipperIngestion
    private let committer: LakeCommitter
    /// Where the work goes on from.
    private let mark: CatalogWatermark
    /// The rows that the commit brings.
    private(set) var totals = JobReceipt.Rows()
    /// Whether nothing of the unit was applied, because of its own bytes.
    private(set) var hasFailed = false

    init(context: TableContext, ingestion: DipperIngestion, fence: CatalogCommit.Fence, mark: CatalogWatermark) {
        self.context = context
        self.ingestion = ingestion
        self.mark = mark
        committer = LakeCommitter(context: context, fence: fence)
    }

    // MARK: Batches

    /// Takes batches that stand at the watermark, or, with a file, behind those that were let in before its end.
    func batches(
        _ unit: [(record: StoredRecord, batch: BatchLanded)], before feed: FileFeed?, index: KeyIndex?,
        references: References
    ) async throws -> LakeCommitter.Committed {
        let loader = RecordLoader(context: context, references: references, ahead: feed?.ahead)
        let load = TableLoad(context: context, index: index, replacesAll: false)
        return try await discarding(load) {
            var receipts: [JobReceipt] = []
            for (record, batch) in unit {
                load.begin()
                var receipt = try ingestion.receipt(of: record, payload: .batch(batch))
                let notes = try await loader.load(batch, of: record, into: load)
                receipt.verdicts = notes.verdicts
                receipt.warnings = notes.warnings
                receipts.append(receipt)
            }
            let result = try await load.finish()
            for index in receipts.indices {
                receipts[index].rows = result.counts[index]
                if let verdicts = result.verdicts[index] {
                    let all = (receipts[index].verdicts + verdicts).sorted { $0.index < $1.index }
                    receipts[index].verdicts = Array(all.prefix(ingestion.limits.verdictsMax))
                }
                totals += result.counts[index]
            }
            let end = (unit.last?.record.offset ?? -1) + 1
            let next = try feed.map { mark.advanced(ahead: end, state: try $0.progress.named().encoded()) }
            return try await committer.commit(
                result, replacesAll: false, watermark: next ?? mark.advanced(to: end), index: index
            ) { snapshotID, commit in
                commit.receipts = try receipts.indices.map { index in
                    let changed =
                        receipts[index].rows.inserted + receipts[index].rows.updated + receipts[index].rows.deleted > 0
                    return try row(
                        receipts[index], unit[index].record, snapshotID: changed ? snapshotID : nil,
                        refusedRowsKey: result.refusedRowsKeys[index])
                }
            }
        }
    }

    // MARK: Files

    /// Takes rows of a file until it ends or `stops` says so; then only a slice of it is committed.
    /// - Returns: `isAtEnd` when nothing of the file is left.
    func file(
        _ feed: FileFeed, index: KeyIndex?, until stops: () async throws -> Bool
    ) async throws -> (committed: LakeCommitter.Committed, isAtEnd: Bool) {
        let replacesAll = feed.file.mode == .overwrite
        let load = TableLoad(context: context, index: index, replacesAll: replacesAll)
        do {
            return try await discarding(load) {
                let isAtEnd = try await feed.feed(load, until: stops)
                try Self.checkRefusals(load, feed.file)
                let result = try await load.finish()
                // The last rows are refused by their key only here.
                try Self.checkRefusals(load, feed.file)
                feed.add(result, load)
                for counts in result.counts { totals += counts }
                return try await context.stages.measureWaiting(.commit) {
                    let committed =
                        isAtEnd
                        ? try await end(feed, result, index, replacesAll) : try await slice(feed, result, index)
                    return (committed, isAtEnd)
                }
            }
        } catch let error where mark.partial == nil && Self.isFaultOfFile(error) {
            return (try await fail(feed.file, feed.record, error), true)
        }
    }

    /// Commits the last rows of a file, with its receipt.
    private func end(
        _ feed: FileFeed, _ result: LoadResult, _ index: KeyIndex?, _ replacesAll: Bool
    ) async throws -> LakeCommitter.Committed {
        var receipt = try ingestion.receipt(of: feed.record, payload: .file(feed.file))
        receipt.dialect = feed.dialect
        receipt.warnings = feed.warnings
        receipt.rows = feed.progress.rows
        let written = receipt.rows.inserted + receipt.rows.updated > 0 || replacesAll
        let earlier = feed.progress.refusedRowsKey
        let committed = try await committer.commit(
            result, replacesAll: replacesAll,
            watermark: mark.advanced(to: max(mark.aheadOffset, feed.record.offset + 1)), index: index
        ) { snapshotID, commit in
            commit.receipts = [
                try row(
                    receipt, feed.record, snapshotID: written ? snapshotID ?? feed.progress.snapshotID : nil,
                    refusedRowsKey: result.refusedRowsKeys[0])
            ]
        }
        await drop(earlier)
        return committed
    }

    /// Commits a slice that is not the last.
    private func slice(
        _ feed: FileFeed, _ result: LoadResult, _ index: KeyIndex?
    ) async throws -> LakeCommitter.Committed {
        let ahead = max(mark.aheadOffset, feed.record.offset + 1)
        let earlier = feed.progress.refusedRowsKey
        let committed = try await committer.commit(
            result, replacesAll: false, watermark: mark.advanced(ahead: ahead, state: []), index: index
        ) { snapshotID, commit in
            feed.sliced(snapshotID: snapshotID, refusedRowsKey: result.refusedRowsKeys[0])
            commit.watermarks = [mark.advanced(ahead: ahead, state: try feed.progress.named().encoded())]
        }
        await drop(earlier)
        return committed
    }

    /// Drops the list of refused rows of the slices before: the new one holds it too.
    private func drop(_ refusedRowsKey: String?) async {
        if let refusedRowsKey { try? await context.tables.objects.delete(refusedRowsKey) }
    }

    /// Ends a file that cannot be read, or that was to be refused as a whole: nothing of it is applied.
    func fail(_ file: FileLanded, _ record: StoredRecord, _ error: any Error) async throws -> LakeCommitter.Committed {
        var receipt = try ingestion.receipt(of: record, payload: .file(file))
        receipt.state = .failed
        hasFailed = true
        let told = (error as? UnreadableBytes)?.cause ?? error as? any LakeError
        var message = told?.message ?? "\(error)"
        if let place = told?.place { message += " (at \(place))" }
        receipt.error = JobReceipt.Failure(
            code: told?.code ?? "file-unreadable", message: message, remedy: told?.remedy)
        return try await committer.commit(nil, replacesAll: false, watermark: mark.advanced(to: record.offset + 1)) {
            _, commit in commit.receipts = [try row(receipt, record, snapshotID: nil, refusedRowsKey: nil)]
        }
    }

    /// Moves the watermark past records that bring nothing.
    func skip(to offset: Int64) async throws {
        _ = try await committer.commit(nil, replacesAll: false, watermark: mark.advanced(to: offset)) { _, _ in }
    }

    /// Whether the bytes of the file are to blame, so that trying again cannot help.
    static func isFaultOfFile(_ error: any Error) -> Bool {
        error is CSVError || error is UnreadableBytes || error is BackupError
            || (error as? IngestionError)?.code == "rows-refused"
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

    // MARK: Both

    /// Runs a load; its files go when it is known that it was not committed.
    private func discarding<Value>(_ load: TableLoad, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as CatalogError where error.code == "commit-state-unknown" {
            throw error
        } catch {
            await load.discard()
            throw error
        }
    }

    private func row(
        _ finished: JobReceipt, _ record: StoredRecord, snapshotID: Int64?, refusedRowsKey: String?
    ) throws -> ReceiptRow {
        var receipt = finished
        if receipt.state != .failed { receipt.state = .committed }
        receipt.finishedAt = UTCTime.text(microseconds: UTCTime.nowMicroseconds())
        receipt.snapshotId = snapshotID.map { String($0) }
        if receipt.rows.rejected > 0 {
            receipt.rejectsLink = "/api/v2/rejects/\(receipt.table)?job=\(receipt.id)"
        }
        let json = try JSONEncoder().encode(StoredReceipt(receipt: receipt, refusedRowsKey: refusedRowsKey))
        return ReceiptRow(
            id: receipt.id, table: receipt.table, state: receipt.state.rawValue, topic: receipt.topic,
            partition: receipt.partition, offset: receipt.offset, createdMicroseconds: record.appendedMicroseconds,
            json: Array(json))
    }
}

import ObjectStorage
import CatalogService
internal import Foundation
import Iceberg
import LakeModel

/// Makes a load visible: silver, quarantine, watermark and receipts in one step of the catalog.
struct LakeCommitter: Sendable {
    let context: TableContext
    let fence: CatalogCommit.Fence

    /// What a commit has made current.
    struct Committed: Sendable {
        var silver: TableMetadata
        var quarantine: TableMetadata
    }

    /// - Parameters:
    ///   - result: `nil` when nothing is applied and only the watermark moves.
    ///   - watermark: of which the tables keep incarnation and offset.
    ///   - index: the table's key index, whose change is stored in the same step.
    ///   - complete: adds what needs the silver snapshot's id, if there is one: receipts, the state of partial work.
    /// - Throws: ``CatalogError`` `commit-state-unknown` when nobody can tell, and no file is deleted. Every other error
    ///   means that nothing was applied, `commit-conflict` that another commit came first; every file of this attempt is
    ///   deleted then but for the load's own.
    func commit(
        _ result: LoadResult?, replacesAll: Bool, watermark: CatalogWatermark, index: KeyIndex? = nil,
        complete: (Int64?, inout CatalogCommit) throws -> Void
    ) async throws -> Committed {
        var commit = CatalogCommit()
        commit.fence = fence
        commit.watermarks = [watermark]
        var committed = Committed(silver: context.current.silver, quarantine: context.current.quarantine)
        var written: [String] = []
        var snapshotID: Int64?
        let mark = [
            LogWatermark.key(topic: watermark.topic, partition: watermark.partition): LogWatermark.text(
                incarnation: watermark.incarnation, nextOffset: watermark.nextOffset)
        ]
        do {
            if let result, result.changesSilver || replacesAll {
                var producer = producer(context.silver)
                producer.addedDataFiles = result.dataFiles
                producer.addedDeleteFiles = result.deleteFiles
                producer.replacesAll = replacesAll
                producer.operation = replacesAll || !result.deleteFiles.isEmpty ? .overwrite : .append
                snapshotID = producer.snapshotID
                committed.silver = try await produce(
                    &producer, context.current.silver, mark, LakeTables.silver(context.declaration), &commit,
                    &written)
            }
            if let result, !result.rejectFiles.isEmpty {
                var producer = producer(context.quarantine)
                producer.addedDataFiles = result.rejectFiles
                committed.quarantine = try await produce(
                    &producer, context.current.quarantine, mark, LakeTables.quarantine(context.declaration),
                    &commit, &written)
            }
            if let change = try await index?.prepare(committed.silver.currentSnapshotID) {
                written += change.objects.map { "\(context.tables.objects.locationPrefix)/\($0)" }
                if change.reset { commit.keyIndexResets = [LakeTables.silver(context.declaration)] }
                commit.keyIndexPieces = change.rows
            }
            try complete(snapshotID, &commit)
            try await settle(commit)
        } catch let error as CatalogError where error.code == "commit-state-unknown" {
            throw error
        } catch {
            for location in written { try? await context.tables.io.delete(location) }
            throw error
        }
        context.tables.remember(LakeTables.silver(context.declaration), committed.silver)
        context.tables.remember(LakeTables.quarantine(context.declaration), committed.quarantine)
        return committed
    }

    private func producer(_ base: TableMetadata) -> SnapshotProducer {
        SnapshotProducer(
            base: base, io: context.tables.io, snapshotID: SnapshotID.random(avoiding: base),
            nowMilliseconds: UTCTime.nowMicroseconds() / 1_000)
    }

    private func produce(
        _ producer: inout SnapshotProducer, _ current: TableMetadata, _ mark: [String: String],
        _ table: TableIdentifier, _ commit: inout CatalogCommit, _ written: inout [String]
    ) async throws -> TableMetadata {
        producer.summary = mark
        producer.properties = mark
        producer.snapshotSchemaID = current.currentSchemaID
        do {
            let produced = try await producer.produce()
            written += produced.writtenLocations
            var metadata = produced.metadata.current(as: current)
            let location = try await MetadataFile.write(&metadata, io: context.tables.io)
            written.append(location)
            guard let expected = producer.base.metadataLocation else {
                preconditionFailure("a table that is committed to was loaded from a metadata file")
            }
            commit.swaps.append(
                CatalogCommit.Swap(table: table, expectedMetadataLocation: expected, newMetadataLocation: location))
            return metadata
        } catch {
            written += producer.writtenLocations
            throw error
        }
    }

    /// Codes of a catalog that applied nothing, for certain.
    private static let refusals: Set<String> = ["commit-conflict", "namespace-missing"]

    /// Commits. Any failure but a refusal may be a lost answer, which is settled by looking for what stands in the same
    /// transaction.
    /// - Throws: `commit-state-unknown` when it is not there or cannot be looked up: a commit that got no answer may
    ///   still arrive, until another one of these tables has taken its place. Every other error means that nothing was
    ///   applied.
    private func settle(_ commit: CatalogCommit) async throws {
        do {
            try await context.tables.catalog.commit(commit)
        } catch let error as CatalogError where Self.refusals.contains(error.code) {
            throw error
        } catch {
            if try await stands(commit) { return }
            throw error
        }
    }

    /// Looks for the commit's own receipt, byte for byte, because an earlier life of the record may have left one; a slice
    /// has none, and is known by its watermark, whose state names the commit.
    private func stands(_ commit: CatalogCommit) async throws -> Bool {
        let catalog = context.tables.catalog
        do {
            if let receipt = commit.receipts.first {
                return try await catalog.receipt(id: receipt.id)?.json == receipt.json
            }
            guard let wanted = commit.watermarks.first else { preconditionFailure("every load moves the watermark") }
            let found = try await catalog.watermark(topic: wanted.topic, partition: wanted.partition)
            if found == wanted { return true }
            if let found, found.incarnation == wanted.incarnation, !wanted.isPast(found) {
                throw IngestionError(
                    code: "overtaken", message: "another writer is past this commit", isRetryable: true)
            }
            return false
        } catch {
            throw CatalogError(
                code: "commit-state-unknown", message: "whether the commit stands could not be looked up",
                remedy: "it is looked for again with the next round; its files are kept until then", cause: error,
                isRetryable: true)
        }
    }
}

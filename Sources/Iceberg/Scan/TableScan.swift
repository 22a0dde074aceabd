package import LakeModel

/// Finds the files of one snapshot that may hold matching rows, and the deletes that apply to each.
///
/// Source: Iceberg specification, "Scan Planning".
package struct TableScan: Sendable {
    package let metadata: TableMetadata
    package let io: any FileIO
    /// The snapshot to read; `nil` is the current one.
    package let snapshotID: Int64?
    package let filter: Expression?
    /// Whose names the filter uses; `nil`: the snapshot's when one was asked for by id, else the current one.
    private let schema: Schema?

    package init(
        metadata: TableMetadata, io: any FileIO, snapshotID: Int64? = nil, filter: Expression? = nil,
        schema: Schema? = nil
    ) {
        self.metadata = metadata
        self.io = io
        self.snapshotID = snapshotID
        self.filter = filter
        self.schema = schema
    }

    /// A scan of the table as it was at a time.
    /// - Throws: ``IcebergError`` `snapshot-missing` when the table had no snapshot then.
    package init(
        metadata: TableMetadata, io: any FileIO, asOfMilliseconds timestamp: Int64, filter: Expression? = nil
    ) throws {
        guard let snapshot = metadata.snapshot(asOfMilliseconds: timestamp) else {
            throw IcebergError(
                .snapshotMissing, "the table had no snapshot at \(timestamp) ms, or it has expired",
                remedy: "read a later time; the snapshot log begins at "
                    + "\(metadata.snapshotLog.first.map { "\($0.timestampMilliseconds) ms" } ?? "no time")")
        }
        self.init(metadata: metadata, io: io, snapshotID: snapshot.id, filter: filter)
    }

    /// Plans the scan. A table without a snapshot has no files.
    ///
    /// Names in the filter are those of the snapshot's schema when an older snapshot was asked for by id, else of the
    /// current schema.
    /// - Throws: ``IcebergError`` `snapshot-missing`, `expression-invalid`, `manifest-invalid`; storage errors.
    package func plan() async throws -> ScanPlan {
        guard let outline = try await outline() else { return ScanPlan(schema: metadata.schema) }
        var plan = ScanPlan(schema: outline.schema)
        plan.snapshot = outline.snapshot
        plan.manifestCount = outline.manifestCount
        plan.prunedManifestCount = outline.manifestCount - outline.data.count - outline.deletes.count
        let deletes = try await deleteIndex(outline)
        let found = try await tasks(outline, outline.data, deletes)
        plan.tasks = found.tasks
        plan.prunedFileCount = outline.prunedFileCount + found.prunedCount
        return plan
    }

    /// What can be told without opening a manifest: those that may hold matching files.
    /// - Returns: `nil` for a table without a snapshot.
    package func outline() async throws -> ScanOutline? {
        try metadata.requireScannable()
        guard let snapshot = try chosenSnapshot() else { return nil }
        let schema = chosenSchema(snapshot)
        let predicate = try (filter ?? .alwaysTrue).bound(to: schema)
        let projections = Dictionary(
            metadata.partitionSpecs.map { ($0.id, PartitionProjection(predicate, spec: $0, metadata: metadata)) },
            uniquingKeysWith: { first, _ in first })
        let live = try await snapshot.manifestFiles(io: io).filter(\.mayHaveLiveFiles)
        var outline = ScanOutline(
            snapshot: snapshot, schema: schema, predicate: predicate, projections: projections,
            manifestCount: live.count)
        for (position, manifest) in live.enumerated() {
            if projections[manifest.specID]?.mayMatch(summaries: manifest.partitions) ?? true {
                if manifest.content == .data {
                    outline.data.append(manifest)
                    outline.dataPositions.append(position)
                } else {
                    outline.deletes.append(manifest)
                }
            } else if manifest.content == .data {
                outline.prunedFileCount += (manifest.addedFilesCount ?? 0) + (manifest.existingFilesCount ?? 0)
            }
        }
        return outline
    }

    private func chosenSnapshot() throws -> Snapshot? {
        guard let snapshotID else { return metadata.currentSnapshot }
        guard let found = metadata.snapshot(id: snapshotID) else {
            throw IcebergError(.snapshotMissing, "the table has no snapshot \(snapshotID); it may have expired")
        }
        return found
    }

    private func chosenSchema(_ snapshot: Snapshot) -> Schema {
        if let schema { return schema }
        let own = snapshotID == nil ? nil : snapshot.schemaID.flatMap { metadata.schema(id: $0) }
        return own ?? metadata.schema
    }

    /// The delete files that may matter.
    package func deleteIndex(_ outline: ScanOutline) async throws -> ScanDeletes {
        var index = DeleteIndex()
        for selected in try await select(outline.deletes, outline) {
            for entry in selected.entries { index.add(entry) }
        }
        index.finish(metadata)
        return ScanDeletes(index: index)
    }

    /// The matching files of some manifests, each with its deletes, in the manifests' order.
    package func tasks(
        _ outline: ScanOutline, _ manifests: some Collection<ManifestFile> & Sendable, _ deletes: ScanDeletes
    ) async throws -> (tasks: [FileScanTask], prunedCount: Int) {
        var tasks: [FileScanTask] = []
        var prunedCount = 0
        for selected in try await select(Array(manifests), outline) {
            prunedCount += selected.prunedCount
            for entry in selected.entries {
                tasks.append(
                    FileScanTask(
                        dataFile: entry.dataFile, sequenceNumber: entry.sequenceNumber ?? 0,
                        deleteFiles: deletes.index.deletes(for: entry)))
            }
        }
        return (tasks, prunedCount)
    }

    private func select(_ manifests: [ManifestFile], _ outline: ScanOutline) async throws -> [Selected] {
        try await concurrentMap(manifests, limit: manifestConcurrencyMax) { [metadata, io] manifest in
            let entries = try await ManifestReader.read(manifest, metadata: metadata, io: io)
            return Self.select(entries, outline.projections[manifest.specID], outline.predicate)
        }
    }

    private struct Selected: Sendable {
        var entries: [ManifestEntry] = []
        var prunedCount = 0
    }

    private static func select(
        _ entries: [ManifestEntry], _ projection: PartitionProjection?, _ predicate: BoundPredicate
    ) -> Selected {
        var selected = Selected()
        if predicate == .always {
            selected.entries = entries.filter(\.isLive)
            return selected
        }
        for entry in entries where entry.isLive {
            let file = entry.dataFile
            // The metrics of position deletes are about paths and positions, not about the table's columns.
            if projection?.mayMatch(partition: file.partition) ?? true,
                file.content == .positionDeletes || file.mayMatch(predicate)
            {
                selected.entries.append(entry)
            } else {
                selected.prunedCount += 1
            }
        }
        return selected
    }
}

/// A scan before its manifests are read.
package struct ScanOutline: Sendable {
    package let snapshot: Snapshot
    /// The schema whose names the filter used.
    package let schema: Schema
    let predicate: BoundPredicate
    let projections: [Int: PartitionProjection]
    /// Manifests with live files, also those that are left out.
    package let manifestCount: Int
    /// Manifests that may hold matching data files, in the order of the manifest list.
    package internal(set) var data: [ManifestFile] = []
    /// Where each stands among all of the snapshot's manifests with live files, whatever the filter.
    package internal(set) var dataPositions: [Int] = []
    package internal(set) var deletes: [ManifestFile] = []
    /// Data files in manifests that are left out.
    package internal(set) var prunedFileCount = 0
}

/// The delete files of a scan, by what they apply to.
package struct ScanDeletes: Sendable {
    let index: DeleteIndex
}

/// The files that a scan reads.
package struct ScanPlan: Sendable {
    /// The snapshot that is read; `nil` when the table has none.
    package internal(set) var snapshot: Snapshot?
    /// The schema whose names the filter used.
    package let schema: Schema
    package internal(set) var tasks: [FileScanTask] = []
    /// Data files left out because they cannot hold matching rows.
    package internal(set) var prunedFileCount = 0
    package internal(set) var manifestCount = 0
    /// Manifests not even read.
    package internal(set) var prunedManifestCount = 0

    init(schema: Schema) { self.schema = schema }

    /// Whether some task has equality deletes, which readers without them must refuse.
    package var hasEqualityDeletes: Bool {
        tasks.contains { task in task.deleteFiles.contains { $0.content == .equalityDeletes } }
    }
}

/// One data file to read, and the delete files to apply to it.
package struct FileScanTask: Sendable, Hashable {
    package let dataFile: DataFile
    /// The data sequence number of the data file.
    package let sequenceNumber: Int64
    package let deleteFiles: [DataFile]
}

extension TableMetadata {
    /// Refuses versions whose deletes and defaults are not read here.
    func requireScannable() throws {
        guard formatVersion > Self.scannedVersionMax else { return }
        throw IcebergError(
            .unsupported, "tables of format version \(formatVersion) are kept for other engines and not read here",
            remedy: "read the table with an engine that knows its version")
    }
}

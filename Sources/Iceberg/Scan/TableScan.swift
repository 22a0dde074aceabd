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

    package init(metadata: TableMetadata, io: any FileIO, snapshotID: Int64? = nil, filter: Expression? = nil) {
        self.metadata = metadata
        self.io = io
        self.snapshotID = snapshotID
        self.filter = filter
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
        let snapshot: Snapshot
        if let snapshotID {
            guard let found = metadata.snapshot(id: snapshotID) else {
                throw IcebergError(.snapshotMissing, "the table has no snapshot \(snapshotID); it may have expired")
            }
            snapshot = found
        } else {
            guard let current = metadata.currentSnapshot else { return ScanPlan(schema: metadata.schema) }
            snapshot = current
        }
        let schema = snapshotID == nil ? metadata.schema : snapshot.schemaID.flatMap { metadata.schema(id: $0) }
        var plan = ScanPlan(schema: schema ?? metadata.schema)
        plan.snapshot = snapshot
        let predicate = try (filter ?? .alwaysTrue).bound(to: plan.schema)
        let projections = Dictionary(
            metadata.partitionSpecs.map { ($0.id, PartitionProjection(predicate, spec: $0, metadata: metadata)) },
            uniquingKeysWith: { first, _ in first })

        let manifests = try await snapshot.manifestFiles(io: io)
        let live = manifests.filter(\.mayHaveLiveFiles)
        let chosen = live.filter { projections[$0.specID]?.mayMatch(summaries: $0.partitions) ?? true }
        plan.manifestCount = live.count
        plan.prunedManifestCount = live.count - chosen.count
        let chosenLocations = Set(chosen.map(\.location))
        for manifest in live where manifest.content == .data && !chosenLocations.contains(manifest.location) {
            plan.prunedFileCount += (manifest.addedFilesCount ?? 0) + (manifest.existingFilesCount ?? 0)
        }
        let read = try await concurrentMap(chosen, limit: manifestConcurrencyMax) { [metadata, io] manifest in
            let entries = try await ManifestReader.read(manifest, metadata: metadata, io: io)
            return Self.select(entries, projections[manifest.specID], predicate)
        }
        var deletes = DeleteIndex()
        for (manifest, selected) in zip(chosen, read) where manifest.content == .deletes {
            for entry in selected.entries { deletes.add(entry) }
        }
        deletes.finish(metadata)
        for (manifest, selected) in zip(chosen, read) where manifest.content == .data {
            plan.prunedFileCount += selected.prunedCount
            for entry in selected.entries {
                plan.tasks.append(
                    FileScanTask(
                        dataFile: entry.dataFile, sequenceNumber: entry.sequenceNumber ?? 0,
                        deleteFiles: deletes.deletes(for: entry)))
            }
        }
        return plan
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

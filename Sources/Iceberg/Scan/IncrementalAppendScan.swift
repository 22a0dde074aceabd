package import LakeModel

/// Finds the files that appends added between two snapshots. Snapshots that did anything else are passed over.
package struct IncrementalAppendScan: Sendable {
    package let metadata: TableMetadata
    package let io: any FileIO
    /// Whose names the filter uses.
    package let schema: Schema
    /// The oldest append first.
    private let appends: [Snapshot]

    /// - Parameters:
    ///   - start: excluded; an ancestor of `end`.
    ///   - end: included.
    ///   - schema: whose names the filter uses; `nil`: that of `end`.
    /// - Throws: ``IcebergError`` `snapshot-missing` for one that isn't there, or when `start` is no ancestor of `end`.
    package init(
        metadata: TableMetadata, io: any FileIO, after start: Int64, through end: Int64,
        schema: Schema? = nil
    ) throws {
        try metadata.requireScannable()
        self.metadata = metadata
        self.io = io
        func missing(_ id: Int64) -> IcebergError {
            IcebergError(.snapshotMissing, "Cannot find snapshot with ID \(id); it may have expired")
        }
        guard metadata.hasSnapshot(start) else { throw missing(start) }
        let byID = Dictionary(metadata.snapshots.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var found: [Snapshot] = []
        var at: Int64? = end
        while let id = at, id != start {
            guard let snapshot = byID[id] else {
                if id == end { throw missing(end) }
                at = nil
                break
            }
            if snapshot.operation == "append" { found.append(snapshot) }
            at = snapshot.parentID
        }
        guard at == start else {
            throw IcebergError(
                .snapshotMissing, "Starting snapshot \(start) is not a parent ancestor of end snapshot \(end)")
        }
        appends = found.reversed()
        self.schema = schema ?? byID[end]?.schemaID.flatMap { metadata.schema(id: $0) } ?? metadata.schema
    }

    /// The data manifests that the appends wrote.
    package func manifests() async throws -> [ManifestFile] {
        var manifests: [ManifestFile] = []
        for snapshot in appends {
            manifests += try await snapshot.manifestFiles(io: io).filter {
                $0.content == .data && $0.addedSnapshotID == snapshot.id && ($0.addedFilesCount ?? 1) > 0
            }
        }
        return manifests
    }

    /// The files that were added, out of some of the manifests.
    /// - Parameter filter: leaves out files that can't hold matching rows.
    package func tasks(
        _ manifests: some Collection<ManifestFile> & Sendable, filter: Expression?
    ) async throws -> [FileScanTask] {
        let predicate = try (filter ?? .alwaysTrue).bound(to: schema)
        let ids = Set(appends.map(\.id))
        let read = try await concurrentMap(Array(manifests), limit: manifestConcurrencyMax) { [metadata, io] manifest in
            let projection = metadata.partitionSpec(id: manifest.specID).map {
                PartitionProjection(predicate, spec: $0, metadata: metadata)
            }
            let entries = try await ManifestReader.read(manifest, metadata: metadata, io: io)
            return entries.filter { entry in
                entry.status == .added && entry.snapshotID.map { ids.contains($0) } ?? false
                    && projection?.mayMatch(partition: entry.dataFile.partition) ?? true
                    && (predicate == .always || entry.dataFile.mayMatch(predicate))
            }
        }
        return read.joined().map {
            FileScanTask(dataFile: $0.dataFile, sequenceNumber: $0.sequenceNumber ?? 0, deleteFiles: [])
        }
    }
}

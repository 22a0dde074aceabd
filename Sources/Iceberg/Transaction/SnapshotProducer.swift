/// Builds a snapshot and the metadata with it.
///
/// Steps of ``produce()``: read the parent's manifest list; rewrite the manifests that hold removed files; write new
/// manifests for added files; merge small manifests when there are many; write the manifest list; derive the metadata.
/// The caller then writes the metadata file (``MetadataFile``) and swaps the catalog's pointer. When the swap is lost
/// to another commit, ``rebase(onto:nowMilliseconds:)`` and produce again: manifests of added files are kept, because
/// their entries inherit the sequence number from the manifest list.
package struct SnapshotProducer: Sendable {
    /// What a snapshot did to the table.
    ///
    /// Source: Iceberg specification, "Snapshots".
    package enum Operation: String, Sendable, Hashable {
        /// Data files were added, nothing else.
        case append
        /// Rows were replaced.
        case overwrite
        /// Rows were deleted.
        case delete
        /// Files were rewritten with the same rows.
        case replace
    }

    package private(set) var base: TableMetadata
    package let io: any FileIO
    /// Generated before anything is written, so that a lost answer can be settled by looking for it.
    package let snapshotID: Int64
    package private(set) var nowMilliseconds: Int64

    package var operation: Operation
    /// The branch that moves to the new snapshot.
    package var branch = SnapshotReference.mainBranch
    package var addedDataFiles: [DataFile] = [] { didSet { addedManifests = nil } }
    /// Position delete files; equality deletes are carried, never written.
    package var addedDeleteFiles: [DataFile] = [] { didSet { addedManifests = nil } }
    /// Locations of live data and delete files that end with this snapshot.
    package var removedFiles: Set<String> = []
    /// Every live file ends with this snapshot; what is added is the whole table.
    package var replacesAll = false
    /// The data sequence number of added data files that hold older rows (compaction), so that deletes written
    /// meanwhile still apply. `nil`: that of the snapshot.
    package var addedDataSequenceNumber: Int64? { didSet { addedManifests = nil } }
    /// Further entries of the summary.
    package var summary: [String: String] = [:]
    /// Table properties set in the same commit.
    package var properties: [String: String] = [:]
    /// Whether many small manifests are merged; `nil` leaves it to the property `commit.manifest-merge.enabled`.
    package var mergesManifests: Bool?
    /// The schema that the snapshot names as the table's, when files are written under an older one; `nil`: that of `base`.
    package var snapshotSchemaID: Int?
    /// How many manifests gather before the newest are merged; `nil` leaves it to the property
    /// `commit.manifest.min-count-to-merge`.
    package var minCountToMerge: Int?

    /// Every file that this producer wrote, in all attempts. To be deleted only when the commit is known to have failed.
    package internal(set) var writtenLocations: [String] = []

    let commitID: String
    private var attempt = 0
    var manifestCount = 0
    /// The manifests of the added files, once written.
    var addedManifests: [PendingManifest]?

    /// - Parameters:
    ///   - base: the table as it is, format version 2.
    ///   - snapshotID: a new id (``SnapshotID``).
    ///   - nowMilliseconds: the snapshot's time; it is moved forward when the table's clock is ahead.
    package init(
        base: TableMetadata, io: any FileIO, snapshotID: Int64, nowMilliseconds: Int64, operation: Operation = .append
    ) {
        self.base = base
        self.io = io
        self.snapshotID = snapshotID
        self.nowMilliseconds = nowMilliseconds
        self.operation = operation
        commitID = RandomUUID.text()
    }

    /// Takes the table as another commit left it. What is added and removed stays; whether it still makes sense on the
    /// new base is the caller's to decide (position deletes must be resolved again).
    package mutating func rebase(onto base: TableMetadata, nowMilliseconds: Int64) {
        self.base = base
        self.nowMilliseconds = nowMilliseconds
    }

    /// Writes manifests and manifest list.
    /// - Throws: ``IcebergError`` `commit-invalid` when what is asked for contradicts itself or the table,
    ///   `manifest-invalid`, `iceberg-unsupported`; storage errors. ``writtenLocations`` says what is left over then.
    package mutating func produce() async throws -> ProducedSnapshot {
        try check()
        attempt += 1
        let parent = base.refs[branch].flatMap { base.snapshot(id: $0.snapshotID) }
        let parentManifests = try await parent?.manifestFiles(io: io) ?? []
        var delta = SnapshotDelta()
        for file in addedDataFiles { delta.add(file) }
        for file in addedDeleteFiles { delta.add(file) }

        var pending = try await pendingAdded()
        let kept = try await rewrite(parentManifests, delta: &delta)
        pending += kept
        pending = pending.filter { $0.file.content == .data } + pending.filter { $0.file.content == .deletes }
        var generator = SystemRandomNumberGenerator()
        if merges {
            pending = try await ManifestMerger(
                metadata: base, io: io, snapshotID: snapshotID, targetByteCount: manifestTargetByteCount,
                minCountToMerge: minCountToMerge
                    ?? base.integerProperty(
                        Self.minCountToMergeKey, default: Self.minCountToMergeDefault, minimum: 2)
            ).merge(pending, nextLocation: { nextManifestLocation() }, using: &generator)
        }
        try await write(&pending)

        let totals = try await totals(after: delta, parent: parent, parentManifests: parentManifests)
        let sequenceNumber = base.lastSequenceNumber + 1
        let manifests = pending.map { $0.file.assigned(sequenceNumber: sequenceNumber) }
        let list = "\(base.location)/metadata/snap-\(snapshotID)-\(attempt)-\(commitID).avro"
        let listBytes = try ManifestList.write(
            manifests, snapshotID: snapshotID, parentID: parent?.id, sequenceNumber: sequenceNumber,
            codec: manifestCodec, using: &generator)
        writtenLocations.append(list)
        try await io.write(list, listBytes)

        let snapshot = Snapshot(
            id: snapshotID, parentID: parent?.id, sequenceNumber: sequenceNumber,
            timestampMilliseconds: max(
                nowMilliseconds, base.lastUpdatedMilliseconds, parent?.timestampMilliseconds ?? 0),
            manifestList: list, operation: operation.rawValue,
            summary: summary.merging(delta.summary) { $1 }.merging(totals.summary) { $1 },
            schemaID: snapshotSchemaID ?? base.currentSchemaID)
        return try produced(snapshot, parent: parent, manifests: manifests)
    }

    private func produced(
        _ snapshot: Snapshot, parent: Snapshot?, manifests: [ManifestFile]
    ) throws -> ProducedSnapshot {
        var reference = base.refs[branch] ?? SnapshotReference(snapshotID: snapshot.id)
        reference.snapshotID = snapshot.id
        var updates: [TableUpdate] = [.addSnapshot(snapshot), .setSnapshotRef(name: branch, reference)]
        if !properties.isEmpty { updates.append(.setProperties(properties)) }
        let referenced = Set(manifests.map(\.location) + [snapshot.manifestList ?? ""])
        return ProducedSnapshot(
            metadata: try base.applying(updates, nowMilliseconds: nowMilliseconds), snapshot: snapshot,
            manifests: manifests, updates: updates,
            requirements: [
                .assertTableUUID(base.tableUUID), .assertRefSnapshotID(ref: branch, parent?.id),
            ],
            writtenLocations: writtenLocations,
            unreferencedLocations: writtenLocations.filter { !referenced.contains($0) })
    }

    private func check() throws {
        func refuse(_ message: String) -> IcebergError { IcebergError(.commitInvalid, message) }
        guard base.formatVersion == 2 else {
            throw IcebergError(
                .unsupported, "snapshots are only added to tables of format version 2",
                remedy: "upgrade the table with the update upgrade-format-version")
        }
        guard snapshotID > 0, base.snapshot(id: snapshotID) == nil else {
            throw refuse("the snapshot id \(snapshotID) is not positive or is taken")
        }
        if operation == .append, !addedDeleteFiles.isEmpty || !removedFiles.isEmpty || replacesAll {
            throw refuse("an append only adds data files")
        }
        if replacesAll, !removedFiles.isEmpty {
            throw refuse("a commit that replaces all files does not name removed ones")
        }
        if let reference = base.refs[branch], reference.kind != .branch { throw refuse("\(branch) is a tag") }
        if let number = addedDataSequenceNumber, !(0...base.lastSequenceNumber).contains(number) {
            throw refuse("the data sequence number \(number) is none that the table has assigned")
        }
        var locations: Set<String> = []
        for file in addedDataFiles + addedDeleteFiles {
            guard locations.insert(file.location).inserted, !removedFiles.contains(file.location) else {
                throw refuse("\(file.location) is added twice, or added and removed")
            }
        }
        guard addedDataFiles.allSatisfy({ $0.content == .data }),
            addedDeleteFiles.allSatisfy({ $0.content == .positionDeletes })
        else { throw refuse("data files and position delete files are added apart, equality deletes never") }
    }
}

/// A snapshot that is written but not committed yet.
package struct ProducedSnapshot: Sendable {
    /// The table with the snapshot in it, for ``MetadataFile/write(_:io:)``.
    package let metadata: TableMetadata
    package let snapshot: Snapshot
    /// The snapshot's manifests as its list has them.
    package let manifests: [ManifestFile]
    /// The same change for a REST catalog.
    package let updates: [TableUpdate]
    package let requirements: [TableRequirement]
    /// Every file written for it, in all attempts: to be deleted only when the commit is known to have failed.
    package let writtenLocations: [String]
    /// Files of earlier attempts that this snapshot does not name: to be deleted when the commit is known to have passed.
    package let unreferencedLocations: [String]

    package var manifestListLocation: String { snapshot.manifestList ?? "" }
}

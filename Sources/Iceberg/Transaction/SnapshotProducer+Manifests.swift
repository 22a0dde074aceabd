import AvroFormat
import LakeModel

/// A manifest of the snapshot that is being built.
struct PendingManifest: Sendable {
    var file: ManifestFile
    /// The bytes to write; `nil` for a manifest that is stored already.
    var bytes: [UInt8]?
    /// The entries as they are written, for a manifest that this snapshot makes; `nil` for a carried one.
    var entries: [ManifestEntry]?
}

extension SnapshotProducer {
    /// Table property: the bytes that a manifest should have.
    package static let manifestTargetByteCountKey = "commit.manifest.target-size-bytes"
    package static let manifestTargetByteCountDefault = 8 << 20
    /// Table property: how many manifests gather before the newest ones are merged.
    package static let minCountToMergeKey = "commit.manifest.min-count-to-merge"
    package static let minCountToMergeDefault = 100
    /// Table property: whether manifests are merged.
    package static let mergeEnabledKey = "commit.manifest-merge.enabled"

    var manifestTargetByteCount: Int {
        base.integerProperty(
            Self.manifestTargetByteCountKey, default: Self.manifestTargetByteCountDefault, minimum: 1)
    }

    var merges: Bool { mergesManifests ?? (base.properties[Self.mergeEnabledKey]?.lowercased() != "false") }

    /// The codec that every reader has, and the default of other engines.
    var manifestCodec: AvroCodec { .deflate }

    mutating func nextManifestLocation() -> String {
        defer { manifestCount += 1 }
        return "\(base.location)/metadata/\(commitID)-m\(manifestCount).avro"
    }

    /// The manifests of the added files, those of an earlier attempt when there was one.
    mutating func pendingAdded() async throws -> [PendingManifest] {
        if let addedManifests { return addedManifests }
        var pending: [PendingManifest] = []
        for (files, number) in [(addedDataFiles, addedDataSequenceNumber), (addedDeleteFiles, nil)] {
            let entries = files.map {
                ManifestEntry(
                    status: .added, snapshotID: snapshotID, sequenceNumber: number, fileSequenceNumber: nil,
                    dataFile: $0)
            }
            pending += try encode(entries)
        }
        return pending
    }

    /// Manifests of one content and spec each, cut at the target size.
    mutating func encode(_ entries: [ManifestEntry]) throws -> [PendingManifest] {
        var pending: [PendingManifest] = []
        let groups = Dictionary(grouping: entries) {
            GroupKey(isData: $0.dataFile.content == .data, specID: $0.dataFile.specID)
        }
        var generator = SystemRandomNumberGenerator()
        for (key, entries) in groups.sorted(by: { $0.key < $1.key }) {
            var rest = entries[...]
            while !rest.isEmpty {
                let made = try PendingManifest.encode(
                    &rest, content: key.isData ? .data : .deletes, specID: key.specID, metadata: base,
                    snapshotID: snapshotID, targetByteCount: manifestTargetByteCount, codec: manifestCodec,
                    location: nextManifestLocation(), using: &generator)
                pending.append(made)
            }
        }
        return pending
    }

    /// The parent's manifests without the files that end: most carried as they are, some rewritten.
    mutating func rewrite(
        _ manifests: [ManifestFile], delta: inout SnapshotDelta
    ) async throws -> [PendingManifest] {
        let live = manifests.filter(\.mayHaveLiveFiles)
        if !replacesAll, removedFiles.isEmpty { return live.map { PendingManifest(file: $0) } }
        var pending: [PendingManifest] = []
        var ended: [ManifestEntry] = []
        var missing = removedFiles
        // In portions, so that a large table's entries are not in memory all at once.
        for start in stride(from: 0, to: live.count, by: manifestConcurrencyMax) {
            let portion = Array(live[start..<min(start + manifestConcurrencyMax, live.count)])
            for (manifest, entries) in zip(portion, try await base.readEntries(portion, io: io)) {
                let ends = entries.filter {
                    $0.isLive && (replacesAll || removedFiles.contains($0.dataFile.location))
                }
                if ends.isEmpty {
                    pending.append(PendingManifest(file: manifest))
                    continue
                }
                for entry in ends {
                    delta.remove(entry.dataFile)
                    missing.remove(entry.dataFile.location)
                }
                if replacesAll {
                    ended += ends.map { $0.deleted(by: snapshotID) }
                } else {
                    pending += try encode(
                        entries.filter(\.isLive).map {
                            removedFiles.contains($0.dataFile.location) ? $0.deleted(by: snapshotID) : $0.existing
                        })
                }
            }
        }
        if let first = missing.min() {
            throw IcebergError(
                .commitInvalid, "\(missing.count) files to be removed are not live in the table", location: first)
        }
        return pending + (try encode(ended))
    }

    /// Writes what is not stored yet.
    mutating func write(_ pending: inout [PendingManifest]) async throws {
        for index in pending.indices {
            guard let bytes = pending[index].bytes else { continue }
            writtenLocations.append(pending[index].file.location)
            try await io.write(pending[index].file.location, bytes)
            pending[index].bytes = nil
        }
        let onlyAdded = pending.filter { $0.entries?.allSatisfy { $0.status == .added } ?? false }
        let addedCount = addedDataFiles.count + addedDeleteFiles.count
        if onlyAdded.reduce(0, { $0 + ($1.entries?.count ?? 0) }) == addedCount { addedManifests = onlyAdded }
    }

    /// The parent's totals and the delta; where the parent's are missing or wrong, they are counted anew.
    func totals(
        after delta: SnapshotDelta, parent: Snapshot?, parentManifests: [ManifestFile]
    ) async throws -> SnapshotTotals {
        if replacesAll || parent == nil { return delta.added.totals }
        if let totals = parent.flatMap({ SnapshotTotals(summary: $0.summary) }), totals.agree(with: parentManifests) {
            return delta.applied(to: totals)
        }
        return delta.applied(to: try await SnapshotTotals.counted(parentManifests, metadata: base, io: io))
    }
}

private struct GroupKey: Hashable, Comparable {
    let isData: Bool
    let specID: Int

    static func < (left: GroupKey, right: GroupKey) -> Bool {
        left.isData == right.isData ? left.specID < right.specID : left.isData
    }
}

extension ManifestEntry {
    /// This live file's entry in another manifest.
    var existing: ManifestEntry {
        var entry = self
        entry.status = .existing
        return entry
    }

    func deleted(by snapshotID: Int64) -> ManifestEntry {
        var entry = self
        entry.status = .deleted
        entry.snapshotID = snapshotID
        return entry
    }
}

extension PendingManifest {
    /// Takes entries from the front of `rest` until the manifest has its size.
    static func encode(
        _ rest: inout ArraySlice<ManifestEntry>, content: ManifestFile.Content, specID: Int, metadata: TableMetadata,
        snapshotID: Int64, targetByteCount: Int, codec: AvroCodec, location: String,
        using generator: inout some RandomNumberGenerator
    ) throws -> PendingManifest {
        var writer = try ManifestWriter(
            content: content, specID: specID, metadata: metadata, snapshotID: snapshotID,
            withReferencedFile: rest.contains { $0.dataFile.referencedDataFile != nil }, codec: codec,
            using: &generator)
        var taken: [ManifestEntry] = []
        while let entry = rest.first, taken.isEmpty || writer.estimatedByteCount < targetByteCount {
            try writer.append(entry)
            taken.append(entry)
            rest.removeFirst()
        }
        let (bytes, file) = try writer.finish(location: location)
        return PendingManifest(file: file, bytes: bytes, entries: taken)
    }
}

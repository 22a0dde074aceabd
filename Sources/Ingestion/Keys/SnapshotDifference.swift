import Iceberg
import LakeModel

/// Which files came and went between a snapshot and a later one of the same line.
///
/// Manifests that both have are not read, so that it costs what changed and not what is there.
struct SnapshotDifference: Sendable {
    private(set) var addedFiles: [DataFile] = []
    /// Whether a delete file went without its rows being rewritten, so that deleted rows may stand again.
    private(set) var revivesRows = false

    /// - Throws: ``KeyIndexFault`` when the earlier snapshot is no ancestor of the other, or is gone.
    init(from id: Int64, to current: Snapshot, metadata: TableMetadata, io: any FileIO) async throws {
        let known = Dictionary(metadata.snapshots.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
        guard let old = known[id] else { throw KeyIndexFault("snapshot \(id), which it reflects, is gone") }
        var onlyRewrites = true
        var next = current
        while next.id != id {
            onlyRewrites = onlyRewrites && next.operation == SnapshotProducer.Operation.replace.rawValue
            guard let parent = next.parentID.flatMap({ known[$0] }) else {
                throw KeyIndexFault("snapshot \(id), which it reflects, is no ancestor of the current one")
            }
            next = parent
        }
        // Files that hold the same rows as before bring no key.
        if onlyRewrites { return }
        let before = try await old.manifestFiles(io: io)
        let after = try await current.manifestFiles(io: io)
        let (gone, goneDeletes) = try await Self.live(before, without: after, metadata, io)
        let (come, comeDeletes) = try await Self.live(after, without: before, metadata, io)
        addedFiles = come.values.filter { gone[$0.location] == nil }.sorted { $0.location < $1.location }
        revivesRows = goneDeletes.keys.contains { comeDeletes[$0] == nil }
    }

    /// The live files of those manifests that the others do not have, data and deletes.
    private static func live(
        _ manifests: [ManifestFile], without others: [ManifestFile], _ metadata: TableMetadata, _ io: any FileIO
    ) async throws -> ([String: DataFile], [String: DataFile]) {
        let shared = Set(others.map(\.location))
        var data: [String: DataFile] = [:]
        var deletes: [String: DataFile] = [:]
        for manifest in manifests where manifest.mayHaveLiveFiles && !shared.contains(manifest.location) {
            for entry in try await ManifestReader.read(manifest, metadata: metadata, io: io) where entry.isLive {
                if manifest.content == .data {
                    data[entry.dataFile.location] = entry.dataFile
                } else {
                    deletes[entry.dataFile.location] = entry.dataFile
                }
            }
        }
        return (data, deletes)
    }
}

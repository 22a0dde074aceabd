import Iceberg

/// The live files of a table's current snapshot.
struct TableView: Sendable {
    let metadata: TableMetadata
    let snapshot: Snapshot
    let tasks: [FileScanTask]
    let deleteFiles: [DataFile]
    /// In the order of the manifest list.
    let manifests: [ManifestFile]

    /// - Returns: `nil` for a table without a snapshot.
    static func read(_ metadata: TableMetadata, io: any FileIO) async throws -> TableView? {
        guard let snapshot = metadata.currentSnapshot else { return nil }
        let manifests = try await snapshot.manifestFiles(io: io)
        let plan = try await TableScan(metadata: metadata, io: io).plan()
        var deletes: [DataFile] = []
        try await ExpiredFiles.forEachLive(manifests.filter { $0.content == .deletes }, metadata, io: io) {
            deletes.append($0)
        }
        return TableView(
            metadata: metadata, snapshot: snapshot, tasks: plan.tasks, deleteFiles: deletes,
            manifests: manifests)
    }

    /// How many manifests fewer there would be if they were merged as a commit does it.
    func manifestsSaved(minCount: Int) -> Int {
        let target = Int64(
            metadata.integerProperty(
                SnapshotProducer.manifestTargetByteCountKey, default: SnapshotProducer.manifestTargetByteCountDefault,
                minimum: 1))
        var saved = 0
        let live = manifests.filter(\.mayHaveLiveFiles)
        for content in [ManifestFile.Content.data, .deletes] {
            let groups = Dictionary(grouping: live.filter { $0.content == content }, by: \.specID)
            for group in groups.values { saved += Self.saved(group.map(\.byteCount), target, minCount) }
        }
        return saved
    }

    /// - Parameter byteCounts: the newest first. Bins are filled from the oldest, and the newest bin waits for its count.
    private static func saved(_ byteCounts: [Int64], _ target: Int64, _ minCount: Int) -> Int {
        var saved = 0
        var count = 0
        var bytes: Int64 = 0
        for next in byteCounts.reversed() {
            if count > 0, bytes + next > target {
                saved += count - 1
                count = 0
                bytes = 0
            }
            count += 1
            bytes += next
        }
        return saved + (count >= minCount ? count - 1 : 0)
    }
}

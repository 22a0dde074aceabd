import AvroFormat
import Iceberg

/// The files that only expired snapshots refer to.
struct ExpiredFiles: Sendable, Hashable {
    /// Data and delete files, with their bytes.
    var content: [String: Int64] = [:]
    var manifests: [String: Int64] = [:]
    var manifestLists: Set<String> = []
    var statistics: Set<String> = []
    /// Manifests that kept snapshots list.
    private var keptManifests: Set<String> = []
    /// The highest sequence number of an expired snapshot: no file of theirs is newer.
    private var lastNumber: Int64 = 0

    /// Contents first, so that what names them is there until they are gone.
    var inOrder: [[String]] {
        [content.keys.sorted(), manifests.keys.sorted(), manifestLists.sorted(), statistics.sorted()]
    }

    var count: Int { content.count + manifests.count + manifestLists.count + statistics.count }
    /// Bytes of data, deletes and manifests; lists and statistics are small and not looked at.
    var byteCount: Int64 { content.values.reduce(0, +) + manifests.values.reduce(0, +) }

    /// Compares what the snapshots of `base` that are gone from `result` name with all that `result` names.
    ///
    /// Steps: manifests of expired snapshots that no kept one lists; their live files; without those that are live in a
    /// kept manifest. Of the kept manifests only those are read that can hold a file as old as the expired snapshots.
    /// - Throws: storage errors and what a damaged manifest throws; nothing may be deleted then.
    static func between(_ base: TableMetadata, _ result: TableMetadata, io: any FileIO) async throws -> ExpiredFiles {
        let keptIDs = Set(result.snapshots.map(\.id))
        let expired = base.snapshots.filter { !keptIDs.contains($0.id) }
        guard !expired.isEmpty else { return ExpiredFiles() }
        let kept = try await manifests(of: result.snapshots, io: io)
        let gone = try await manifests(of: expired, io: io)
        var files = ExpiredFiles()
        let keptLists = Set(result.snapshots.compactMap(\.manifestList))
        files.manifestLists = Set(expired.compactMap(\.manifestList)).subtracting(keptLists)
        let candidates = gone.filter { kept[$0.key] == nil }
        for (location, manifest) in candidates { files.manifests[location] = manifest.byteCount }
        try await forEachLive(Array(candidates.values), base, io: io) { file in
            files.content[file.location] = file.byteCount
        }
        files.lastNumber = expired.map(\.sequenceNumber).max() ?? 0
        files.keptManifests = Set(kept.keys)
        try await files.keep(Array(kept.values), base, io: io)
        files.statistics = Self.statistics(base).subtracting(Self.statistics(result))
        return files
    }

    /// The same after commits that came since, whose snapshots may name some of the files again.
    /// - Parameter plan: what was found expired on `base`.
    /// - Returns: `nil` when what was found does not hold any more.
    func carried(
        _ plan: SnapshotRetention.Plan, from base: TableMetadata, to latest: TableMetadata, io: any FileIO
    ) async throws -> ExpiredFiles? {
        let ids = Set(plan.snapshots)
        guard ids.isSubset(of: latest.snapshots.map(\.id)), latest.tableUUID == base.tableUUID,
            latest.allowsDeletion, latest.location == base.location,
            plan.references.allSatisfy({ latest.refs[$0] == base.refs[$0] }),
            latest.refs.allSatisfy({ plan.references.contains($0.key) || !ids.contains($0.value.snapshotID) })
        else { return nil }
        let known = Set(base.snapshots.map(\.id))
        let new = latest.snapshots.filter { !known.contains($0.id) }
        var files = self
        files.manifestLists.subtract(new.compactMap(\.manifestList))
        let manifests = try await Self.manifests(of: new, io: io)
        for location in manifests.keys { files.manifests[location] = nil }
        try await files.keep(
            manifests.values.filter { !keptManifests.contains($0.location) }, latest, io: io)
        // Statistics are few and may have been set anew: they are left to orphan removal then.
        if latest.statistics != base.statistics || latest.partitionStatistics != base.partitionStatistics {
            files.statistics = []
        }
        return files
    }

    /// Takes out the files that are live in manifests.
    private mutating func keep(_ manifests: [ManifestFile], _ metadata: TableMetadata, io: any FileIO) async throws {
        guard !content.isEmpty else { return }
        let old = manifests.filter { $0.sequenceNumber == 0 || $0.minSequenceNumber <= lastNumber }
        var left = content
        try await Self.forEachLive(old, metadata, io: io) { left[$0.location] = nil }
        content = left
    }

    private static func manifests(of snapshots: [Snapshot], io: any FileIO) async throws -> [String: ManifestFile] {
        var found: [String: ManifestFile] = [:]
        for start in stride(from: 0, to: snapshots.count, by: manifestConcurrencyMax) {
            let portion = Array(snapshots[start..<min(start + manifestConcurrencyMax, snapshots.count)])
            let lists = try await concurrentMap(portion, limit: manifestConcurrencyMax) {
                try await $0.manifestFiles(io: io)
            }
            for manifest in lists.joined() { found[manifest.location] = manifest }
        }
        return found
    }

    /// The live files of manifests, some manifests at a time.
    static func forEachLive(
        _ manifests: [ManifestFile], _ metadata: TableMetadata, io: any FileIO, _ body: (DataFile) -> Void
    ) async throws {
        let live = manifests.filter(\.mayHaveLiveFiles)
        for start in stride(from: 0, to: live.count, by: manifestConcurrencyMax) {
            let portion = Array(live[start..<min(start + manifestConcurrencyMax, live.count)])
            let read = try await concurrentMap(portion, limit: manifestConcurrencyMax) {
                try await ManifestReader.read($0, metadata: metadata, io: io)
            }
            for entry in read.joined() where entry.isLive { body(entry.dataFile) }
        }
    }

    static func statistics(_ metadata: TableMetadata) -> Set<String> {
        Set((metadata.statistics + metadata.partitionStatistics).compactMap { $0["statistics-path"]?.text })
    }
}

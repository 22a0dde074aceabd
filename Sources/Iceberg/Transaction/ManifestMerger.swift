import AvroFormat
import LakeModel

/// Merges small manifests, so that a manifest list stays bounded however many commits there are.
///
/// Steps, for each content and spec: pack the manifests, oldest first, into bins of the target size; a bin of one
/// manifest stays; the bin with the newest manifest stays until it holds the minimum count; the others become one
/// manifest each. That is what other engines do, so that they and this one do not undo each other's work.
struct ManifestMerger {
    let metadata: TableMetadata
    let io: any FileIO
    let snapshotID: Int64
    let targetByteCount: Int
    let minCountToMerge: Int

    /// - Parameter pending: the newest first within each content.
    func merge(
        _ pending: [PendingManifest], nextLocation: () -> String, using generator: inout some RandomNumberGenerator
    ) async throws -> [PendingManifest] {
        var result: [PendingManifest] = []
        for content in [ManifestFile.Content.data, .deletes] {
            let ofContent = pending.filter { $0.file.content == content }
            // Newer specs first; inside a spec the order stays.
            for specID in Set(ofContent.map(\.file.specID)).sorted(by: >) {
                let group = ofContent.filter { $0.file.specID == specID }
                for (index, bin) in bins(group).enumerated() {
                    if bin.count == 1 || (index == 0 && bin.count < minCountToMerge) {
                        result += bin
                    } else {
                        result += try await mergeBin(bin, nextLocation: nextLocation, using: &generator)
                    }
                }
            }
        }
        return result
    }

    /// Bins in the order of the manifests, filled from the oldest, so that the newest bin is the one that is not full.
    private func bins(_ manifests: [PendingManifest]) -> [[PendingManifest]] {
        var bins: [[PendingManifest]] = []
        var bin: [PendingManifest] = []
        var byteCount: Int64 = 0
        for manifest in manifests.reversed() {
            if !bin.isEmpty, byteCount + manifest.file.byteCount > Int64(targetByteCount) {
                bins.append(bin.reversed())
                bin = []
                byteCount = 0
            }
            bin.append(manifest)
            byteCount += manifest.file.byteCount
        }
        if !bin.isEmpty { bins.append(bin.reversed()) }
        return bins.reversed()
    }

    private func mergeBin(
        _ bin: [PendingManifest], nextLocation: () -> String, using generator: inout some RandomNumberGenerator
    ) async throws -> [PendingManifest] {
        let carried = bin.filter { $0.entries == nil }.map(\.file)
        var carriedEntries = try await metadata.readEntries(carried, io: io)[...]
        var entries: [ManifestEntry] = []
        for manifest in bin {
            // Entries that this snapshot made stay as they are; of older ones the live files go on.
            if let own = manifest.entries {
                entries += own
            } else if let older = carriedEntries.popFirst() {
                entries += older.filter(\.isLive).map(\.existing)
            }
        }
        var rest = entries[...]
        var merged: [PendingManifest] = []
        while !rest.isEmpty {
            merged.append(
                try PendingManifest.encode(
                    &rest, content: bin[0].file.content, specID: bin[0].file.specID, metadata: metadata,
                    snapshotID: snapshotID, targetByteCount: .max, codec: .deflate, location: nextLocation(),
                    using: &generator))
        }
        return merged
    }
}

import AvroFormat
import CatalogService
import Iceberg

/// Every file that a table's metadata names, in canonical form.
struct ReferencedFiles: Sendable {
    private(set) var locations: Set<String> = []

    func contains(_ location: String) -> Bool { locations.contains(LocationPolicy.canonical(location)) }

    mutating func insert(_ location: String) { locations.insert(LocationPolicy.canonical(location)) }

    /// Adds metadata files, statistics, manifest lists, manifests and the live files of all snapshots.
    /// - Parameter known: manifests that were read already; gets those that are read now.
    /// - Throws: storage errors and what a damaged manifest throws; nothing may be deleted then.
    mutating func add(_ metadata: TableMetadata, known: inout Set<String>, io: any FileIO) async throws {
        for location in metadata.metadataLog.map(\.location) + [metadata.metadataLocation].compactMap(\.self) {
            insert(location)
        }
        insert("\(metadata.location)/metadata/version-hint.text")
        for location in ExpiredFiles.statistics(metadata) { insert(location) }
        var manifests: [ManifestFile] = []
        for start in stride(from: 0, to: metadata.snapshots.count, by: manifestConcurrencyMax) {
            let end = min(start + manifestConcurrencyMax, metadata.snapshots.count)
            let portion = Array(metadata.snapshots[start..<end])
            let lists = try await concurrentMap(portion, limit: manifestConcurrencyMax) {
                try await $0.manifestFiles(io: io)
            }
            for (snapshot, list) in zip(portion, lists) {
                if let location = snapshot.manifestList { insert(location) }
                for manifest in list where known.insert(manifest.location).inserted {
                    insert(manifest.location)
                    manifests.append(manifest)
                }
            }
        }
        var found: [String] = []
        try await ExpiredFiles.forEachLive(manifests, metadata, io: io) { found.append($0.location) }
        for location in found { insert(location) }
    }
}

import CatalogService
import Iceberg
import ObjectStorage

/// Metadata files that were current once and have left the metadata log.
enum MetadataFiles {
    /// Objects that one listing asks for.
    private static let listingMax = 1_000

    /// Files of the table's metadata folder of a version below the oldest in its log. A commit that is under way writes a
    /// version above the current one.
    /// - Throws: storage errors.
    static func unlisted(_ current: TableMetadata, _ room: MaintenanceRoom) async throws -> [String] {
        var folder = current.properties["write.metadata.path"] ?? "\(current.location)/metadata"
        while folder.hasSuffix("/") { folder.removeLast() }
        let listed = Set(
            (current.metadataLog.map(\.location) + [current.metadataLocation].compactMap(\.self))
                .map(LocationPolicy.canonical))
        let versions = listed.compactMap { MetadataFile.version(of: $0) }
        // Names of another form tell nothing of their age.
        guard versions.count == listed.count, let oldest = versions.min() else { return [] }
        let prefix = try room.key(folder + "/x").dropLast()
        var old: [String] = []
        var after: String?
        while true {
            let page = try await room.objects.list(prefix: String(prefix), after: after, limit: listingMax)
            for object in page {
                let location = "\(room.objects.locationPrefix)/\(object.key)"
                guard let version = MetadataFile.version(of: location), version < oldest,
                    !object.key.dropFirst(prefix.count).contains("/"),
                    !listed.contains(LocationPolicy.canonical(location)), room.mayDelete(location, of: current)
                else { continue }
                old.append(location)
            }
            guard page.count == listingMax, let last = page.last else { return old }
            after = last.key
        }
    }
}

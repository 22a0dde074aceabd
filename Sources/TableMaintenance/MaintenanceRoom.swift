package import CatalogService
import Iceberg
package import ObjectStorage

/// What maintenance works with.
package struct MaintenanceRoom: Sendable {
    package let catalog: LakehouseCatalog
    /// Where the warehouse lies.
    package let objects: any ObjectStore
    /// The writers of this process.
    package let turns: WriterTurns
    /// Whether Dipper alone writes a table's metadata, so that its history is Dipper's to bound.
    package let owns: @Sendable (TableIdentifier) -> Bool
    /// Since 1970 UTC.
    package let nowMilliseconds: @Sendable () -> Int64
    /// Snapshots that backups read.
    package let pins = SnapshotPins()

    package init(
        catalog: LakehouseCatalog, objects: any ObjectStore, turns: WriterTurns,
        owns: @escaping @Sendable (TableIdentifier) -> Bool, nowMilliseconds: @escaping @Sendable () -> Int64
    ) {
        self.catalog = catalog
        self.objects = objects
        self.turns = turns
        self.owns = owns
        self.nowMilliseconds = nowMilliseconds
    }

    var io: any FileIO { catalog.io }

    /// The object that a location names.
    /// - Throws: `location-outside` for one that lies elsewhere.
    func key(_ location: String) throws -> String { try ObjectStoreFileIO(objects).key(location) }

    /// Why files of a table are out of reach; `nil` when they are not.
    func objection(to table: TableMetadata) -> String? {
        if let reason = versionObjection(to: table) { return reason }
        return (try? key(table.location + "/x")) == nil ? "the table lies outside of the warehouse" : nil
    }

    /// Why what a table refers to is not known for certain; `nil` when it is.
    func versionObjection(to table: TableMetadata) -> String? {
        table.formatVersion > TableMetadata.scannedVersionMax
            ? "tables of format version \(table.formatVersion) are left to other engines" : nil
    }

    func outcome(_ action: MaintenanceOutcome.Action, _ table: TableIdentifier) -> MaintenanceOutcome {
        MaintenanceOutcome(
            action: action, table: table.description, state: .nothing, startedMilliseconds: nowMilliseconds())
    }

    /// Whether a file is the table's to delete: it lies in its own folder, and that in the warehouse. A manifest may
    /// name any file.
    func mayDelete(_ location: String, of table: TableMetadata) -> Bool {
        guard catalog.locations.allows(table.location), catalog.locations.allows(location) else { return false }
        let metadataFolder = table.properties["write.metadata.path"] ?? "\(table.location)/metadata"
        return LocationPolicy.isInside(location, folder: table.location)
            || LocationPolicy.isInside(location, folder: metadataFolder)
    }
}

/// Deletes files that nothing refers to any more.
struct FileRemoval: Sendable {
    /// Deletes at once.
    private static let concurrencyMax = 8

    let io: any FileIO
    private(set) var deleted = 0
    private(set) var failed = 0
    /// The first failure.
    private(set) var failure: (any Error)?

    init(io: any FileIO) { self.io = io }

    /// Goes on behind a file that cannot be deleted: it stays as an orphan.
    mutating func delete(_ locations: [String]) async throws {
        let io = io
        let failures = try await concurrentMap(locations, limit: Self.concurrencyMax) { location -> (any Error)? in
            try Task.checkCancellation()
            do {
                try await io.delete(location)
                return nil
            } catch {
                return error
            }
        }
        for case let error? in failures {
            failed += 1
            failure = failure ?? error
        }
        deleted += failures.count { $0 == nil }
    }
}

package import Iceberg
import LakeModel

extension LakehouseCatalog {
    /// The current metadata of a table.
    /// - Throws: `table-missing`, `file-missing`, `table-metadata-invalid`.
    package func currentMetadata(_ table: TableIdentifier) async throws -> TableMetadata {
        try await metadata(table, at: try await requirePointer(.table, table).metadataLocation)
    }

    /// Changes a table if it still is what `base` says, to the last property. What was computed from `base`, such as
    /// files that nothing will refer to, then holds of the result.
    /// - Returns: the table with the change.
    /// - Throws: `requirement-failed` when another commit came first, and what is wrong with the updates: nothing was
    ///   changed then. `commit-state-unknown` when nobody can tell.
    package func commit(
        _ updates: [TableUpdate], on base: TableMetadata, of table: TableIdentifier
    ) async throws -> TableMetadata {
        try await locks.with([table]) {
            let expected = try await requirePointer(.table, table).metadataLocation
            guard expected == base.metadataLocation else {
                throw Self.overtaken(table)
            }
            let change = TableChange(table: table, requirements: [], updates: updates)
            var metadata = try change.applied(to: base, nowMilliseconds: now())
            guard metadata.metadataLocation == nil else { return base }
            try check(metadata)
            var snapshots = cache.takeSnapshots(table, location: expected)
            let bytes = try await write(&metadata, reusing: &snapshots)
            let location = metadata.metadataLocation ?? ""
            var commit = CatalogCommit()
            commit.swaps = [.init(table: table, expectedMetadataLocation: expected, newMetadataLocation: location)]
            let wanted = commit
            do {
                try await settle(written: location, isCurrent: { try await self.latest(table, location) }) {
                    try await self.store.commit(wanted)
                } onConflict: {
                }
            } catch let error as CatalogError where error.code == "commit-conflict" {
                throw Self.overtaken(table, cause: error)
            }
            let cached = CachedTable(location: location, metadata: metadata, json: bytes)
            cache.remember(table, cached, snapshots: snapshots)
            signals.committed(table, metadata)
            await dropOldFiles(base, metadata)
            return metadata
        }
    }

    private static func overtaken(_ table: TableIdentifier, cause: (any Error)? = nil) -> IcebergError {
        IcebergError(
            .requirementFailed, "Requirement failed: another commit of \(table) came first",
            remedy: "load the table again and build the change on what it is now", cause: cause)
    }
}

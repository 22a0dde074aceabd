package import Iceberg

/// How large a table is, as far as its metadata tells without a look at manifests.
package struct TableSize: Sendable, Hashable, Codable {
    package var snapshots: Int
    package var metadataFiles: Int
    package var records: Int64
    package var bytes: Int64
    package var dataFiles: Int64
    package var deleteFiles: Int64
    /// `nil` where the manifest list was not read.
    package var manifests: Int?

    package init(_ metadata: TableMetadata, manifests: Int? = nil) {
        let totals = metadata.currentSnapshot.flatMap { SnapshotTotals(summary: $0.summary) } ?? SnapshotTotals()
        snapshots = metadata.snapshots.count
        metadataFiles = metadata.metadataLog.count + 1
        records = totals.records - totals.positionDeletes
        bytes = totals.fileBytes
        dataFiles = totals.dataFiles
        deleteFiles = totals.deleteFiles
        self.manifests = manifests
    }
}

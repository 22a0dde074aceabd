import ObjectStorage
import CatalogService
import Iceberg
import LakeModel
import ParquetFormat

/// The keys of a table at one snapshot. A superset is allowed: whoever finds a key here looks for its row.
///
/// `@unchecked Sendable`: a table's processor is the only user, one load at a time.
final class KeyIndex: @unchecked Sendable {
    let keys: KeySet
    /// The snapshot that it reflects, `nil` for a table without one.
    var snapshotID: Int64?

    init(keys: KeySet, snapshotID: Int64?) {
        self.keys = keys
        self.snapshotID = snapshotID
    }

    /// Reads the key columns of every live file. Deleted rows need not be left out.
    /// - Complexity: O(rows of the table).
    static func build(
        _ metadata: TableMetadata, shape: KeyShape, fields: [SchemaField], tables: LakeTables, crew: ThreadExecutor
    ) async throws -> KeyIndex {
        let plan = try await TableScan(metadata: metadata, io: tables.io).plan()
        let keyFields = shape.columns.map { fields[$0] }
        let keys = KeySet(shape: shape)
        for task in plan.tasks {
            let reader = try ParquetFileReader(try await tables.objects.open(tables.io.key(task.dataFile.location)))
            for group in reader.metadata.rowGroups.indices {
                let batch = try await Task(executorPreference: crew) {
                    try reader.read(rowGroup: group, fields: keyFields)
                }.value
                _ = keys.insert(batch, shape: shape.overKeyColumns)
            }
        }
        return KeyIndex(keys: keys, snapshotID: metadata.currentSnapshotID)
    }
}

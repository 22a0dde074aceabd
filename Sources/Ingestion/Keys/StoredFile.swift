import Iceberg
import LakeModel

/// A data file in which keys are looked up: a committed one with its deletes, or one that the load itself has written.
struct StoredFile: Sendable {
    let dataFile: DataFile
    let deleteFiles: [DataFile]
    let isPending: Bool
}

/// A stored row whose key was asked for.
struct StoredRow: Sendable {
    let location: String
    let position: Int64
    /// The row's values: row `row` of `batch`, the declared columns.
    let batch: ColumnBatch
    let row: Int
    let isPending: Bool
}

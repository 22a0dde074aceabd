import LakeModel

/// Keys that batches behind a file have written or deleted while the file is still being worked: of them later rows of
/// the file count as superseded.
///
/// `@unchecked Sendable`: the table's processor is the only user.
final class AheadKeys: @unchecked Sendable {
    private let shape: KeyShape
    private let keys: KeySet
    /// The keys themselves, where ``keys`` holds hashes only: a row must not be lost to an equal hash.
    private var exact: Set<RowKey> = []
    /// Keys in the set, about.
    private(set) var count = 0

    init(shape: KeyShape) {
        self.shape = shape
        keys = KeySet(shape: shape)
    }

    /// Adds the keys of rows that a batch has written.
    func insert(_ rows: ColumnBatch) {
        count += rows.rowCount - keys.insert(rows).count
        if !keys.isExact { for row in 0..<rows.rowCount { exact.insert(shape.key(rows, row: row)) } }
    }

    /// Adds the key of a row that was deleted.
    func insert(_ key: RowKey) {
        keys.insert(key)
        if !keys.isExact { exact.insert(key) }
        count += 1
    }

    /// Rows whose key is in the set.
    func rows(in batch: ColumnBatch) -> [Int32] {
        if count == 0 { return [] }
        if case .integer(let column) = shape {
            let values = shape.integers(batch, column)
            return values.indices.filter { keys.contains(.integer(values[$0])) }.map { Int32($0) }
        }
        return (0..<Int32(batch.rowCount)).filter { row in
            let key = shape.key(batch, row: Int(row))
            return keys.contains(key) && (keys.isExact || exact.contains(key))
        }
    }
}

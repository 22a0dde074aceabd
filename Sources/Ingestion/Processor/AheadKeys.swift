import LakeModel

/// Keys that batches behind a file have written or deleted while the file is still being worked: of them later rows of
/// the file count as superseded.
///
/// `@unchecked Sendable`: the table's processor is the only user.
final class AheadKeys: @unchecked Sendable {
    private let shape: KeyShape
    private let integers = IntegerKeySet()
    /// The keys that are no integers, exactly: a row must not be lost to an equal hash.
    private var others: Set<RowKey> = []
    /// Keys in the set, about.
    private(set) var count = 0

    init(shape: KeyShape) { self.shape = shape }

    /// Adds the keys of rows that a batch has written or deleted.
    func insert(_ rows: ColumnBatch) {
        if case .integer(let column) = shape {
            for value in shape.integers(rows, column) where integers.insert(value) { count += 1 }
        } else {
            for row in 0..<rows.rowCount where others.insert(shape.key(rows, row: row)).inserted { count += 1 }
        }
    }

    /// Rows whose key is in the set.
    func rows(in batch: ColumnBatch) -> [Int32] {
        if count == 0 { return [] }
        if case .integer(let column) = shape {
            let values = shape.integers(batch, column)
            return values.indices.filter { integers.contains(values[$0]) }.map { Int32($0) }
        }
        return (0..<Int32(batch.rowCount)).filter { others.contains(shape.key(batch, row: Int($0))) }
    }
}

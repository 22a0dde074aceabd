import LakeModel

/// The keys of a table that are stored, or that one load has brought.
///
/// `@unchecked Sendable`: a set belongs to one load at a time, which hands it on only after it has ended.
final class KeySet: @unchecked Sendable {
    let shape: KeyShape
    private let integers = IntegerKeySet()
    private var hashes = HashedKeySet()

    init(shape: KeyShape) { self.shape = shape }

    /// Whether a positive answer needs no second look at the stored rows.
    var isExact: Bool { if case .integer = shape { true } else { false } }

    /// Inserts the keys of a batch and returns the rows whose key was there before, or stands twice in the batch.
    /// - Parameter shape: where the key lies in `batch`, if elsewhere than in the table's rows.
    func insert(_ batch: ColumnBatch, shape: KeyShape? = nil) -> [Int32] {
        let shape = shape ?? self.shape
        var contested: [Int32] = []
        switch shape {
        case .integer(let column):
            integers.insert(shape.integers(batch, column), contested: &contested)
        case .hashed(let columns):
            for (row, hash) in shape.hashes(batch, columns).enumerated() where !hashes.insert(hash) {
                contested.append(Int32(row))
            }
        }
        return contested
    }

    /// Whether the key of a row is (perhaps, when not ``isExact``) in the set.
    func contains(_ key: RowKey) -> Bool {
        switch key {
        case .integer(let value): integers.contains(value)
        case .bytes(let bytes): hashes.contains(KeyShape.hash(bytes))
        }
    }

    func insert(_ key: RowKey) {
        switch key {
        case .integer(let value): integers.insert(value)
        case .bytes(let bytes): hashes.insert(KeyShape.hash(bytes))
        }
    }
}

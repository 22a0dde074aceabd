import LakeModel

/// The order in which a batch's rows go into a table whose key is one integer: by key, so that each page of the table
/// is visited once a batch instead of once a row. Rows of one key keep their order, so the last still wins.
enum KeyOrder {
    /// `nil` when the rows lie in key order already, or the key is no integer.
    /// - Complexity: O(rows), and O(rows · log rows) when they are out of order.
    static func order(_ keys: ColumnStorage) -> [UInt32]? {
        switch keys {
        case .int32(let values): order(of: values)
        case .int64(let values): order(of: values)
        default: nil
        }
    }

    private static func order<Key: FixedWidthInteger>(of keys: [Key]) -> [UInt32]? {
        guard zip(keys, keys.dropFirst()).contains(where: { $0 > $1 }) else { return nil }
        var rows = keys.enumerated().map { (key: $1, row: UInt32($0)) }
        rows.sort { ($0.key, $0.row) < ($1.key, $1.row) }
        return rows.map(\.row)
    }
}

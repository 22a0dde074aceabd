import LakeModel
import OperationalStore

/// Which rows of a change go to the database: of several with one key the last, or the first when the stored row is to
/// stay. One statement of PostgreSQL can't touch a row twice, and each row that does not go there is saved.
struct RowChoice {
    /// Rows of each batch in the order in which they go: by key where that is one integer, so that each page of the
    /// index is visited once.
    var rows: [[UInt32]]
    /// The smallest key, if the key is one integer and there is a row.
    var keyMin: Int64?

    /// - Complexity: O(rows) when integer keys rise, else O(rows · log rows).
    init(_ batches: [ColumnBatch], _ wire: [[WireVector]], keyColumns: [Int], keepsFirst: Bool) {
        rows = batches.map { batch in (0..<UInt32(batch.rowCount)).map { $0 } }
        guard !keyColumns.isEmpty else { return }
        if keyColumns.count == 1, let keys = Self.integers(batches, keyColumns[0]) {
            chooseByInteger(keys, keepsFirst)
        } else {
            chooseByBytes(wire, keyColumns, keepsFirst)
        }
    }

    private static func integers(_ batches: [ColumnBatch], _ column: Int) -> [[Int64]]? {
        var result: [[Int64]] = []
        for batch in batches {
            switch batch.columns[column].storage {
            case .int32(let values): result.append(values.map { Int64($0) })
            case .int64(let values): result.append(values)
            default: return nil
            }
        }
        return result
    }

    private struct Place {
        let key: Int64
        let batch: UInt32
        let row: UInt32
    }

    private mutating func chooseByInteger(_ keys: [[Int64]], _ keepsFirst: Bool) {
        keyMin = keys.lazy.compactMap { $0.min() }.min()
        if Self.rises(keys) { return }
        var places: [Place] = []
        places.reserveCapacity(keys.reduce(0) { $0 + $1.count })
        for (batch, values) in keys.enumerated() {
            for (row, key) in values.enumerated() {
                places.append(Place(key: key, batch: UInt32(batch), row: UInt32(row)))
            }
        }
        places.sort { ($0.key, $0.batch, $0.row) < ($1.key, $1.batch, $1.row) }
        for index in rows.indices { rows[index].removeAll(keepingCapacity: true) }
        for index in places.indices {
            let neighbour = keepsFirst ? index - 1 : index + 1
            if places.indices.contains(neighbour), places[neighbour].key == places[index].key { continue }
            rows[Int(places[index].batch)].append(places[index].row)
        }
    }

    private static func rises(_ keys: [[Int64]]) -> Bool {
        var last: Int64?
        for values in keys {
            for key in values {
                if let last, key <= last { return false }
                last = key
            }
        }
        return true
    }

    private mutating func chooseByBytes(_ wire: [[WireVector]], _ keyColumns: [Int], _ keepsFirst: Bool) {
        var chosen: [[UInt8]: (batch: Int, row: UInt32)] = [:]
        var isUnique = true
        for batch in rows.indices {
            for row in rows[batch] {
                var key: [UInt8] = []
                for column in keyColumns {
                    let value = wire[batch][column].bytes(Int(row))
                    // The length keeps (`a`, `bc`) and (`ab`, `c`) apart.
                    unsafe withUnsafeBytes(of: UInt32(value.count)) { unsafe key.append(contentsOf: $0) }
                    key.append(contentsOf: value)
                }
                if chosen[key] != nil {
                    isUnique = false
                    if keepsFirst { continue }
                }
                chosen[key] = (batch, row)
            }
        }
        if isUnique { return }
        for index in rows.indices { rows[index].removeAll(keepingCapacity: true) }
        for place in chosen.values { rows[place.batch].append(place.row) }
        for index in rows.indices { rows[index].sort() }
    }
}

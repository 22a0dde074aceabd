import LakeModel

/// Rows with the places that they came from (``PositionMap/packed(file:row:)``: the file is an index into the group).
struct PlacedRows: Sendable {
    var batch: ColumnBatch
    var origins: [Int64]

    /// - Complexity: O(rows × columns).
    func gather(_ indexes: [Int32]) -> PlacedRows {
        PlacedRows(batch: batch.gather(indexes), origins: indexes.map { origins[Int($0)] })
    }

    func slice(_ range: Range<Int>) -> PlacedRows {
        if range == 0..<batch.rowCount { return self }
        return gather(range.map { Int32($0) })
    }

    /// - Returns: `nil` for none.
    static func concatenate(_ parts: [PlacedRows]) -> PlacedRows? {
        ColumnBatch.concatenate(parts.map(\.batch)).map { PlacedRows(batch: $0, origins: parts.flatMap(\.origins)) }
    }

    /// The places of a row group's rows that `dropped`, rising, does not name.
    static func origins(file: Int, from first: Int64, count: Int, dropped: [Int64]) -> [Int64] {
        var origins: [Int64] = []
        origins.reserveCapacity(count)
        let end = first + Int64(count)
        var next = dropped.partitioningIndex { $0 >= first }
        for row in first..<end {
            if next < dropped.count, dropped[next] == row {
                next += 1
            } else {
                origins.append(PositionMap.packed(file: file, row: row))
            }
        }
        return origins
    }
}

extension [Int64] {
    /// The first index whose value holds, in a list where all after one that holds do too; the count when none does.
    fileprivate func partitioningIndex(_ holds: (Int64) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

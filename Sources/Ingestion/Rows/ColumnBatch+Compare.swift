import LakeModel

extension ColumnBatch {
    /// Whether a row of this batch and a row of another hold the same values in their first `columnCount` columns.
    /// Floats compare by bits, so that NaN equals itself and a change of a zero's sign is a change.
    func isRow(_ row: Int, equalTo otherRow: Int, of other: ColumnBatch, columnCount: Int) -> Bool {
        for index in 0..<columnCount where !columns[index].isValue(row, equalTo: otherRow, of: other.columns[index]) {
            return false
        }
        return true
    }
}

extension ColumnVector {
    func isValue(_ row: Int, equalTo otherRow: Int, of other: ColumnVector) -> Bool {
        let isNull = isNull(row)
        if isNull != other.isNull(otherRow) { return false }
        if isNull { return true }
        switch (storage, other.storage) {
        case (.boolean(let mine), .boolean(let theirs)): return mine[row] == theirs[otherRow]
        case (.int32(let mine), .int32(let theirs)): return mine[row] == theirs[otherRow]
        case (.int64(let mine), .int64(let theirs)): return mine[row] == theirs[otherRow]
        case (.float(let mine), .float(let theirs)): return mine[row].bitPattern == theirs[otherRow].bitPattern
        case (.double(let mine), .double(let theirs)): return mine[row].bitPattern == theirs[otherRow].bitPattern
        case (.int128(let mine), .int128(let theirs)): return mine[row] == theirs[otherRow]
        case (.bytes(let mine), .bytes(let theirs)): return mine[row] == theirs[otherRow]
        case (.fixed(let mine), .fixed(let theirs)): return mine[row] == theirs[otherRow]
        default: return false
        }
    }
}

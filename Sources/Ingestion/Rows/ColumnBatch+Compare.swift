internal import Foundation
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

    /// Clears `equal` where the value of a row and that of the other column's row beside it differ, as
    /// ``isValue(_:equalTo:of:)`` says, a column at a time.
    func compare(_ rows: [Int32], to other: ColumnVector, _ otherRows: [Int32], into equal: inout [Bool]) {
        let hasNulls = validity != nil || other.validity != nil
        let before = hasNulls ? equal : []
        switch (storage, other.storage) {
        case (.boolean(let mine), .boolean(let theirs)): Self.compare(mine, rows, theirs, otherRows, &equal)
        case (.int32(let mine), .int32(let theirs)): Self.compare(mine, rows, theirs, otherRows, &equal)
        case (.int64(let mine), .int64(let theirs)): Self.compare(mine, rows, theirs, otherRows, &equal)
        case (.int128(let mine), .int128(let theirs)): Self.compare(mine, rows, theirs, otherRows, &equal)
        case (.float(let mine), .float(let theirs)):
            Self.compare(mine.map(\.bitPattern), rows, theirs.map(\.bitPattern), otherRows, &equal)
        case (.double(let mine), .double(let theirs)):
            Self.compare(mine.map(\.bitPattern), rows, theirs.map(\.bitPattern), otherRows, &equal)
        case (.bytes(let mine), .bytes(let theirs)): Self.compare(mine, rows, theirs, otherRows, &equal)
        default:
            for index in rows.indices where equal[index] {
                equal[index] = isValue(Int(rows[index]), equalTo: Int(otherRows[index]), of: other)
            }
            return
        }
        guard hasNulls else { return }
        // The slots of nulls mean nothing: rows with a null on either side are judged by that alone.
        for index in rows.indices where before[index] {
            let isNull = isNull(Int(rows[index]))
            let isOtherNull = other.isNull(Int(otherRows[index]))
            if isNull || isOtherNull { equal[index] = isNull == isOtherNull }
        }
    }

    private static func compare<Value: BitwiseCopyable & Equatable>(
        _ mine: [Value], _ rows: [Int32], _ theirs: [Value], _ otherRows: [Int32], _ equal: inout [Bool]
    ) {
        let (left, right) = (mine.span, theirs.span)
        let (rows, otherRows) = (rows.span, otherRows.span)
        var flags = equal.mutableSpan
        for index in rows.indices {
            let isSame = left[Int(rows[index])] == right[Int(otherRows[index])]
            flags[index] = flags[index] && isSame
        }
    }

    private static func compare(
        _ mine: ByteVector, _ rows: [Int32], _ theirs: ByteVector, _ otherRows: [Int32], _ equal: inout [Bool]
    ) {
        let (starts, otherStarts) = (mine.offsets.span, theirs.offsets.span)
        let (rows, otherRows) = (rows.span, otherRows.span)
        var flags = equal.mutableSpan
        unsafe mine.bytes.withUnsafeBytes { left in
            unsafe theirs.bytes.withUnsafeBytes { right in
                for index in rows.indices where flags[index] {
                    let start = Int(starts[Int(rows[index])])
                    let count = Int(starts[Int(rows[index]) + 1]) - start
                    let otherStart = Int(otherStarts[Int(otherRows[index])])
                    guard Int(otherStarts[Int(otherRows[index]) + 1]) - otherStart == count else {
                        flags[index] = false
                        continue
                    }
                    guard count > 0, let first = left.baseAddress, let second = right.baseAddress else { continue }
                    flags[index] = unsafe memcmp(first + start, second + otherStart, count) == 0
                }
            }
        }
    }
}

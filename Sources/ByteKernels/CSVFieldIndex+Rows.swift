/// The rows of the current tile.
extension CSVFieldIndex {
    /// Rows that a tile can have at most.
    package var tileRowsMax: Int { rowLast.count }

    /// The bytes of a row, without its line end.
    @inline(__always)
    package func byteRange(_ row: Int) -> Range<Int> {
        Int(ends[Int(rowFirst[row])] &+ 1)..<Int(ends[Int(rowLast[row])])
    }

    /// Whether a row has `fieldCount` fields that are not all empty, and at most `byteCountMax` bytes.
    package func isRegular(_ row: Int, fieldCount: Int, byteCountMax: Int) -> Bool {
        let byteCount = byteRange(row).count
        return Int(rowLast[row]) - Int(rowFirst[row]) == fieldCount && byteCount >= fieldCount
            && byteCount <= byteCountMax
    }

    /// The number of rows before the first that is not regular.
    package func regularPrefix(fieldCount: Int, byteCountMax: Int) -> Int {
        let fields = UInt32(clamping: fieldCount)
        let spread = UInt32(clamping: byteCountMax - fieldCount)
        if byteCountMax < fieldCount { return 0 }
        let count = rowCount
        return unsafe ends.withUnsafeBufferPointer { ends in
            unsafe rowFirst.withUnsafeBufferPointer { rowFirst in
                unsafe rowLast.withUnsafeBufferPointer { rowLast in
                    for row in 0..<count {
                        let first = unsafe rowFirst[row]
                        let last = unsafe rowLast[row]
                        if last &- first != fields { return row }
                        let byteCount = unsafe ends[Int(last)] &- ends[Int(first)] &- 1
                        if byteCount &- fields > spread { return row }
                    }
                    return count
                }
            }
        }
    }

    /// Appends where the first `count` rows start and end, and the lines before them.
    /// - Parameter dropped: a bit a row, set for those to leave out; `nil` when all are kept.
    package func appendPositions(
        rowCount count: Int, without dropped: [UInt64]?, _ starts: inout [UInt32], _ rowEnds: inout [UInt32],
        _ lines: inout [UInt32]
    ) {
        let ends = ends
        guard let dropped else {
            starts.append(contentsOf: rowFirst[..<count].lazy.map { ends[Int($0)] &+ 1 })
            rowEnds.append(contentsOf: rowLast[..<count].lazy.map { ends[Int($0)] })
            lines.append(contentsOf: rowLines[..<count])
            return
        }
        for row in 0..<count where (dropped[row >> 6] >> UInt64(row & 63)) & 1 == 0 {
            starts.append(ends[Int(rowFirst[row])] &+ 1)
            rowEnds.append(ends[Int(rowLast[row])])
            lines.append(rowLines[row])
        }
    }
}

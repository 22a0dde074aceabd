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

    /// Appends where `rows` start and end, and the lines before them.
    package func appendPositions(
        _ rows: Range<Int>, _ starts: inout [UInt32], _ rowEnds: inout [UInt32], _ lines: inout [UInt32]
    ) {
        if rows.isEmpty { return }
        let ends = ends
        starts.append(contentsOf: rowFirst[rows].lazy.map { ends[Int($0)] &+ 1 })
        rowEnds.append(contentsOf: rowLast[rows].lazy.map { ends[Int($0)] })
        lines.append(contentsOf: rowLines[rows])
    }
}

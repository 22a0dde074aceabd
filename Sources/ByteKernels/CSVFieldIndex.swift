import CByteKernels

/// Which instructions the CSV scan uses. One that the CPU lacks falls back to the next lower one.
package enum CSVScanLevel: Int32, Sendable, CaseIterable { case best = 0, portable, sse2, avx2, avx512 }

/// The fields and rows of a stretch of CSV bytes, found by the SIMD scan and filled tile by tile.
///
/// Field `f` of row `r` is `ends[rowFirst[r] + f] &+ 1 ..< ends[rowFirst[r] + f + 1]`, and the row has
/// `rowLast[r] - rowFirst[r]` fields. Positions are 32 bits wide and wrap: the entry before position 0 is `UInt32.max`.
/// The grammar stands in `csv_scan.h`.
package struct CSVFieldIndex: Sendable {
    /// Entries of `ends` that a tile aims at: with the rows they stay in the second-level cache.
    package static let tileEndsTarget = 8192
    /// Rows of a tile; one step of the scan and the end of the bytes may add some.
    package static let tileRowsTarget = 1024

    package var ends: [UInt32]
    package var rowFirst: [UInt32]
    package var rowLast: [UInt32]
    /// Line ends before each row, counted from the start of the bytes.
    package var rowLines: [UInt32]
    /// Complete rows of the tile.
    package private(set) var rowCount = 0
    /// Bytes looked at so far.
    package private(set) var position = 0
    /// Line ends seen so far, those inside quotes too.
    package private(set) var lineCount = 0
    /// What was seen in bytes of the tile's rows, or next to them.
    package private(set) var contents = Contents()
    /// Whether the bytes ended inside a quoted field; the row that was cut so is the last of its tile.
    package private(set) var endsInsideQuotes = false

    package struct Contents: Sendable, Hashable {
        package var hasQuote = false
        package var hasNonASCII = false
        package var hasNUL = false
    }

    private var scanned = Contents()
    private let delimiter: UInt8
    private let quote: UInt8
    private let fieldsMax: Int
    private let level: CSVScanLevel
    private var endCount = 1
    /// Entries behind `endCount` that ``padRow(_:fieldCount:)`` wrote.
    private var padCount = 0
    private var state = csv_scan_state()

    /// - Parameter fieldsMax: a row with more fields has a field count above this, which may not be the true one.
    package init(delimiter: UInt8, quote: UInt8, fieldsMax: Int, level: CSVScanLevel = .best) {
        precondition(fieldsMax > 0)
        self.delimiter = delimiter
        self.quote = quote
        self.fieldsMax = fieldsMax
        self.level = level
        ends = [UInt32](repeating: 0, count: Self.tileEndsTarget + Int(CSV_INDEX_END_SLACK))
        let rows = Self.tileRowsTarget + Int(CSV_INDEX_ROW_SLACK)
        // One row more than the scan fills: the one that the end of the bytes completes.
        rowFirst = [UInt32](repeating: 0, count: rows + 2)
        rowLast = [UInt32](repeating: 0, count: rows + 1)
        rowLines = [UInt32](repeating: 0, count: rows + 2)
    }

    /// Makes ready for other bytes, whose first is the first of a row.
    package mutating func reset() {
        ends[0] = .max
        rowFirst[0] = 0
        rowLines[0] = 0
        rowCount = 0
        position = 0
        lineCount = 0
        endCount = 1
        padCount = 0
        endsInsideQuotes = false
        scanned = Contents()
        state = csv_scan_state(in_quote: 0, skip_quote: 0, previous_break: 1, previous_cr: 0)
    }

    /// Finds the next rows of `bytes`, the same bytes on each call after ``reset()``.
    /// - Parameter count: bytes that belong to the input, below 4 GiB.
    /// - Returns: `false` when there are no more rows.
    package mutating func nextTile(_ bytes: UnsafePointer<UInt8>, count: Int) -> Bool {
        precondition(count < Int(UInt32.max))
        keepIncompleteRow()
        // The row that was begun holds bytes of the scan before.
        contents = scanned
        scanned = Contents()
        while rowCount == 0, position < count {
            unsafe scan(bytes, count: count)
            if rowCount == 0, position < count { makeRoom() }
        }
        if position == count { closeLastRow(count: count) }
        contents.hasQuote = contents.hasQuote || scanned.hasQuote
        contents.hasNonASCII = contents.hasNonASCII || scanned.hasNonASCII
        contents.hasNUL = contents.hasNUL || scanned.hasNUL
        return rowCount > 0
    }

    /// Gives a row of the tile that is too short further fields, of length -1, up to `fieldCount`.
    package mutating func padRow(_ row: Int, fieldCount: Int) {
        let first = Int(rowFirst[row])
        let last = Int(rowLast[row])
        let needed = endCount + padCount + fieldCount + 1
        if ends.count < needed {
            ends.append(contentsOf: repeatElement(0, count: max(ends.count, needed - ends.count)))
        }
        let start = endCount + padCount
        for index in 0...fieldCount { ends[start + index] = ends[min(first + index, last)] }
        rowFirst[row] = UInt32(start)
        rowLast[row] = UInt32(start + last - first)
        padCount += fieldCount + 1
    }

    /// Makes `row`, or a row before it, the tile's row `slot`.
    package mutating func moveRow(_ row: Int, to slot: Int) {
        rowFirst[slot] = rowFirst[row]
        rowLast[slot] = rowLast[row]
        rowLines[slot] = rowLines[row]
    }

    /// Moves what is known of the row that the last tile did not complete to the front.
    private mutating func keepIncompleteRow() {
        guard rowCount > 0 else { return }
        let first = Int(rowFirst[rowCount])
        let kept = max(0, endCount - first)
        for index in 0..<kept { ends[index] = ends[first + index] }
        endCount = kept
        padCount = 0
        rowFirst[0] = 0
        rowLines[0] = rowLines[rowCount]
        rowCount = 0
    }

    /// A row fills the whole tile: room for more fields, or its surplus fields are forgotten.
    private mutating func makeRoom() {
        let slack = Int(CSV_INDEX_END_SLACK)
        if endCount > fieldsMax + 1 {
            endCount = fieldsMax + 2
        }
        if ends.count < endCount + slack {
            ends.append(contentsOf: repeatElement(0, count: max(ends.count, slack)))
        }
    }

    private mutating func scan(_ bytes: UnsafePointer<UInt8>, count: Int) {
        let capacity = ends.count
        let rowCapacity = rowLast.count - 1
        unsafe ends.withUnsafeMutableBufferPointer { ends in
            unsafe rowFirst.withUnsafeMutableBufferPointer { first in
                unsafe rowLast.withUnsafeMutableBufferPointer { last in
                    unsafe rowLines.withUnsafeMutableBufferPointer { lines in
                        var index = unsafe csv_index(
                            bytes: bytes, count: count, position: position, ends: ends.baseAddress,
                            row_first: first.baseAddress, row_last: last.baseAddress, row_lines: lines.baseAddress,
                            end_count: UInt32(endCount), end_capacity: UInt32(capacity), row_count: UInt32(rowCount),
                            row_capacity: UInt32(rowCapacity), line_count: UInt32(lineCount), state: state,
                            delimiter: delimiter, quote: quote, has_quote: 0, has_non_ascii: 0, has_nul: 0)
                        unsafe csv_index_scan(&index, level.rawValue)
                        position = unsafe index.position
                        endCount = unsafe Int(index.end_count)
                        rowCount = unsafe Int(index.row_count)
                        lineCount = unsafe Int(index.line_count)
                        state = unsafe index.state
                        if unsafe index.has_quote != 0 { scanned.hasQuote = true }
                        if unsafe index.has_non_ascii != 0 { scanned.hasNonASCII = true }
                        if unsafe index.has_nul != 0 { scanned.hasNUL = true }
                    }
                }
            }
        }
    }

    /// A row that the end of the bytes completes in place of a line end.
    private mutating func closeLastRow(count: Int) {
        let first = Int(rowFirst[rowCount])
        guard first < endCount, Int(ends[first] &+ 1) < count else { return }
        if endCount == ends.count { ends.append(0) }
        ends[endCount] = UInt32(count)
        rowLast[rowCount] = UInt32(endCount)
        // The next row would start behind the end, so that the next call finds nothing.
        rowFirst[rowCount + 1] = UInt32(endCount)
        endCount += 1
        rowCount += 1
        rowLines[rowCount] = UInt32(lineCount)
        endsInsideQuotes = state.in_quote != 0
    }
}

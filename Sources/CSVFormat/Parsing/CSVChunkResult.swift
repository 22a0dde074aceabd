package import LakeModel

/// What one chunk holds. `rowsRead == batch.rowCount + rejects.count + blankRows`, always.
package struct CSVChunkResult: Sendable, Hashable {
    /// The accepted rows: the declared columns in declared order; one that the file lacks is null.
    package var batch: ColumnBatch
    /// Where each accepted row stands in the file.
    package var positions: CSVRowPositions
    /// In file order, one a row.
    package var rejects: CSVRejects
    package var rowsRead: Int
    /// Rows all of whose fields are empty, without quotes.
    package var blankRows: Int
    /// Line ends in the chunk, those inside quotes too.
    package var lineCount: Int

    package init(
        batch: ColumnBatch, positions: CSVRowPositions, rejects: CSVRejects, rowsRead: Int, blankRows: Int,
        lineCount: Int
    ) {
        precondition(rowsRead == batch.rowCount + rejects.count + blankRows, "every row lands exactly once")
        precondition(positions.count == batch.rowCount)
        self.batch = batch
        self.positions = positions
        self.rejects = rejects
        self.rowsRead = rowsRead
        self.blankRows = blankRows
        self.lineCount = lineCount
    }
}

/// The places of a chunk's accepted rows, 12 bytes a row, for stages that reject rows later.
package struct CSVRowPositions: Sendable, Hashable {
    /// What the offsets and lines count from.
    package let byteOffsetBase: Int
    package let lineBase: Int
    /// Bytes from ``byteOffsetBase``.
    package var starts: [UInt32]
    /// The same for the end of each row, the line end not included.
    package var ends: [UInt32]
    /// Lines from ``lineBase``.
    package var lines: [UInt32]

    package init(byteOffsetBase: Int, lineBase: Int, starts: [UInt32] = [], ends: [UInt32] = [], lines: [UInt32] = []) {
        self.byteOffsetBase = byteOffsetBase
        self.lineBase = lineBase
        self.starts = starts
        self.ends = ends
        self.lines = lines
    }

    package var count: Int { starts.count }
    /// Where the row starts in the file.
    package func byteOffset(_ row: Int) -> Int { byteOffsetBase + Int(starts[row]) }
    /// Bytes of the row without its line end.
    package func byteCount(_ row: Int) -> Int { Int(ends[row] - starts[row]) }
    /// 1-based number of the row's first line.
    package func line(_ row: Int) -> Int { lineBase + Int(lines[row]) }
    /// The row's bytes in its chunk's storage.
    package func range(_ row: Int) -> Range<Int> { Int(starts[row])..<Int(ends[row]) }
}

package import ByteKernels
import LakeModel

/// Turns chunks into columns.
///
/// Each chunk is parsed for itself, so that many parsers work on one file at once; one parser is for one thread at a
/// time and keeps its scratch memory from chunk to chunk.
///
/// 1. The SIMD scan finds fields and rows, a tile of about a thousand rows at a time, which stays in the cache.
/// 2. Rows that are not plainly regular are judged one by one (``RowJudge``).
/// 3. Each column converts the tile's rows in one loop of its type and marks those that fail.
/// 4. Failed rows are explained, and taken out of the columns.
package struct CSVChunkParser {
    private let judge: RowJudge
    private let limits: CSVLimits
    private var builders: [ColumnBuilder]
    private var index: CSVFieldIndex
    /// A stretch of `tileWords` words for each column.
    private var validity: [UInt64]
    private var failed: [UInt64]
    private let tileWords: Int

    /// - Precondition: `sniff` was made with `table`, whose patterns it has checked.
    package init(sniff: CSVSniff, table: CSVTable, limits: CSVLimits = CSVLimits(), level: CSVScanLevel = .best) {
        precondition(sniff.layout.columnFields.count == table.columns.count, "the layout is another table's")
        let rules = table.columns.indices.map { column in
            do {
                return try ColumnRule(table.columns[column], isRequired: table.isRequired(column))
            } catch {
                preconditionFailure("the sniffer lets no bad pattern pass: \(error)")
            }
        }
        self.limits = limits
        judge = RowJudge(layout: sniff.layout, rules: rules, limits: limits, dialect: sniff.dialect)
        builders = rules.map { ColumnBuilder(rule: $0) }
        index = CSVFieldIndex(
            delimiter: sniff.dialect.delimiter, quote: sniff.dialect.quote,
            fieldsMax: max(limits.fieldsMax, sniff.layout.fieldCount), level: level)
        tileWords = index.tileRowsMax / 64 + 1
        validity = [UInt64](repeating: 0, count: tileWords * rules.count)
        failed = [UInt64](repeating: 0, count: tileWords)
    }

    /// What is in the chunk.
    /// - Complexity: O(bytes of the chunk).
    package mutating func parse(_ chunk: CSVChunk) -> CSVChunkResult {
        var progress = ChunkProgress(chunk)
        for column in builders.indices { builders[column].begin(rowCapacity: progress.rowCapacity) }
        if let row = chunk.oversized {
            progress.rowsRead = 1
            progress.rejects.append(judge.oversized(chunk, row))
        } else {
            unsafe chunk.storage.withUnsafeBufferPointer { buffer in
                guard let bytes = buffer.baseAddress else { return }
                index.reset()
                while unsafe index.nextTile(bytes, count: chunk.byteCount) {
                    unsafe parseTile(chunk, bytes, &progress)
                }
            }
            progress.lineCount = index.lineCount
        }
        var columns: [ColumnVector] = []
        for column in builders.indices { columns.append(builders[column].finish()) }
        return CSVChunkResult(
            batch: ColumnBatch(columns: columns, rowCount: progress.positions.count), positions: progress.positions,
            rejects: progress.rejects, rowsRead: progress.rowsRead, blankRows: progress.blankRows,
            lineCount: progress.lineCount)
    }

    private mutating func parseTile(_ chunk: CSVChunk, _ bytes: UnsafePointer<UInt8>, _ progress: inout ChunkProgress) {
        progress.rowsRead += index.rowCount
        let rejectsBefore = progress.rejects.count
        let rowCount = unsafe selectRows(chunk, bytes, &progress)
        if rowCount == 0 { return }
        let isBroken = unsafe index.contents.hasNonASCII && isBrokenUTF8(bytes, rowCount)
        let words = tileWords
        for word in 0..<words { failed[word] = 0 }
        let firstByte = Int(index.ends[Int(index.rowFirst[0])] &+ 1)
        let lastByte = Int(index.ends[Int(index.rowLast[rowCount - 1])])
        let hasQuote = index.contents.hasQuote
        let quote = judge.quote
        unsafe index.ends.withUnsafeBufferPointer { ends in
            unsafe index.rowFirst.withUnsafeBufferPointer { rowFirst in
                unsafe validity.withUnsafeMutableBufferPointer { validity in
                    unsafe failed.withUnsafeMutableBufferPointer { failed in
                        guard let ends = ends.baseAddress, let rowFirst = rowFirst.baseAddress,
                            let failed = failed.baseAddress
                        else { return }
                        let tile = unsafe TileView(
                            bytes: bytes, ends: ends, rowFirst: rowFirst, rowCount: rowCount, quote: quote,
                            hasQuote: hasQuote, hasBrokenUTF8: isBroken, byteCount: lastByte - firstByte)
                        for column in builders.indices {
                            guard let words = unsafe validity.baseAddress.map({ unsafe $0 + column * words }) else {
                                return
                            }
                            let outcome = unsafe TileOutcome(validity: words, failed: failed)
                            unsafe builders[column].convert(tile, field: judge.layout.columnFields[column], outcome)
                        }
                    }
                }
            }
        }
        unsafe settle(chunk, bytes, rowCount, &progress)
        if progress.rejects.count > rejectsBefore + 1 {
            progress.rejects[rejectsBefore...].sort { $0.byteOffset < $1.byteOffset }
        }
    }

    /// Leaves the rows to convert at the front of the tile.
    /// - Returns: how many there are.
    private mutating func selectRows(
        _ chunk: CSVChunk, _ bytes: UnsafePointer<UInt8>, _ progress: inout ChunkProgress
    ) -> Int {
        let rowCount = index.rowCount
        let fieldCount = judge.layout.fieldCount
        let plainBytesMax = min(limits.rowBytesMax, limits.fieldBytesMax)
        var regular = 0
        if !index.contents.hasNUL {
            regular = index.regularPrefix(fieldCount: fieldCount, byteCountMax: plainBytesMax)
            if index.endsInsideQuotes { regular = min(regular, rowCount - 1) }
        }
        if regular == rowCount { return rowCount }
        var kept = regular
        for row in regular..<rowCount {
            let isUnterminated = index.endsInsideQuotes && row == rowCount - 1
            if !index.contents.hasNUL, !isUnterminated,
                index.isRegular(row, fieldCount: fieldCount, byteCountMax: plainBytesMax)
            {
                index.moveRow(row, to: kept)
                kept += 1
                continue
            }
            switch unsafe judge.judge(self.row(row, chunk, bytes, isUnterminated: isUnterminated)) {
            case .regular:
                index.moveRow(row, to: kept)
                kept += 1
            case .short:
                index.padRow(row, fieldCount: fieldCount)
                index.moveRow(row, to: kept)
                kept += 1
            case .blank: progress.blankRows += 1
            case .reject(let reject): progress.rejects.append(reject)
            }
        }
        return kept
    }

    private func row(
        _ row: Int, _ chunk: CSVChunk, _ bytes: UnsafePointer<UInt8>, isUnterminated: Bool = false
    ) -> RowJudge.Row {
        let ends = index.ends[Int(index.rowFirst[row])...Int(index.rowLast[row])]
        return unsafe RowJudge.Row(
            chunk: chunk, bytes: bytes, range: index.byteRange(row), ends: ends,
            line: chunk.line + Int(index.rowLines[row]), isUnterminated: isUnterminated)
    }

    /// Whether the tile's rows are not UTF-8 as a whole. Delimiters and quotes are ASCII, so that fields are, if rows are.
    private func isBrokenUTF8(_ bytes: UnsafePointer<UInt8>, _ rowCount: Int) -> Bool {
        let range = index.byteRange(0).lowerBound..<index.byteRange(rowCount - 1).upperBound
        let text = unsafe UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count)
        return unsafe UTF8Scan.firstInvalid(text.span) != nil
    }

    /// Takes out the rows that failed and keeps the places of the others.
    private mutating func settle(
        _ chunk: CSVChunk, _ bytes: UnsafePointer<UInt8>, _ rowCount: Int, _ progress: inout ChunkProgress
    ) {
        let hasFailed = failed.contains { $0 != 0 }
        for column in builders.indices {
            unsafe validity.withUnsafeBufferPointer { validity in
                unsafe failed.withUnsafeBufferPointer { failed in
                    guard let validity = validity.baseAddress, let failed = failed.baseAddress else { return }
                    let words = unsafe validity + column * tileWords
                    if hasFailed {
                        unsafe builders[column].settle(words, rowCount: rowCount, failed: failed)
                    } else {
                        unsafe builders[column].settle(words, rowCount: rowCount)
                    }
                }
            }
        }
        if !hasFailed {
            index.appendPositions(
                0..<rowCount, &progress.positions.starts, &progress.positions.ends, &progress.positions.lines)
            return
        }
        var next = 0
        for word in 0..<(rowCount + 63) / 64 {
            var bits = failed[word]
            while bits != 0 {
                let row = word * 64 + bits.trailingZeroBitCount
                bits &= bits &- 1
                if row >= rowCount { break }
                index.appendPositions(
                    next..<row, &progress.positions.starts, &progress.positions.ends, &progress.positions.lines)
                progress.rejects.append(unsafe judge.explain(self.row(row, chunk, bytes)))
                next = row + 1
            }
        }
        index.appendPositions(
            next..<rowCount, &progress.positions.starts, &progress.positions.ends, &progress.positions.lines)
    }
}

/// What a parser has of a chunk so far, but for the columns.
struct ChunkProgress {
    var positions: CSVRowPositions
    var rejects: [CSVReject] = []
    var rowsRead = 0
    var blankRows = 0
    var lineCount: Int
    /// Rows that the chunk has at most, as far as its line ends are known.
    let rowCapacity: Int

    init(_ chunk: CSVChunk) {
        positions = CSVRowPositions(byteOffsetBase: chunk.byteOffset, lineBase: chunk.line)
        lineCount = chunk.lineCount
        rowCapacity = chunk.isOversizedRow ? 0 : chunk.lineCount + 1
        positions.starts.reserveCapacity(rowCapacity)
        positions.ends.reserveCapacity(rowCapacity)
        positions.lines.reserveCapacity(rowCapacity)
    }
}

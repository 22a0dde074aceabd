package import ByteKernels
import LakeModel

/// Turns chunks into columns.
///
/// Each chunk is parsed for itself, so that many parsers work on one file at once; one parser is for one thread at a
/// time and keeps its scratch memory from chunk to chunk.
///
/// 1. The SIMD scan finds fields and rows, a tile of about a thousand rows at a time, which stays in the cache.
/// 2. Rows that are not plainly regular are judged one by one (``RowJudge``).
/// 3. Each column converts the tile's rows in one loop of its type and marks those that fail. Columns take turns in the
///    order of their fields, so that the first to mark a row is the one at fault.
/// 4. Failed rows are explained, and taken out of the columns.
package struct CSVChunkParser {
    private let judge: RowJudge
    private let limits: CSVLimits
    private var builders: [ColumnBuilder]
    private var index: CSVFieldIndex
    /// A stretch of `tileWords` words for each column.
    private var validity: [UInt64]
    private var failed: [UInt64]
    /// The failed rows of the columns converted so far, and for each row the column that failed it.
    private var seenFailed: [UInt64]
    private var culprits: [Int32]
    /// Rows of the tile that are not UTF-8.
    private var brokenRows: [UInt64]
    /// Rejects of the tile's rows as a whole, until those of its values stand between them.
    private var rowRejects: CSVRejects
    private let tileWords: Int
    private let measuresTime: Bool
    /// The part of the last ``parse(_:)``'s time that finding fields and rows took, 0 to 1; 0 when time isn't measured.
    package private(set) var scanFraction = 0.0

    /// - Parameter measuresTime: whether ``scanFraction`` is wanted; it takes two readings of the clock a tile.
    /// - Precondition: `sniff` was made with `table`, whose patterns it has checked.
    package init(
        sniff: CSVSniff, table: CSVTable, limits: CSVLimits = CSVLimits(), level: CSVScanLevel = .best,
        measuresTime: Bool = false
    ) {
        precondition(sniff.layout.columnFields.count == table.columns.count, "the layout is another table's")
        let rules = table.columns.indices.map { column in
            do {
                return try ColumnRule(table.columns[column], isRequired: table.isRequired(column))
            } catch {
                preconditionFailure("the sniffer lets no bad pattern pass: \(error)")
            }
        }
        self.limits = limits
        self.measuresTime = measuresTime
        judge = RowJudge(layout: sniff.layout, rules: rules, limits: limits, dialect: sniff.dialect)
        builders = rules.map { ColumnBuilder(rule: $0) }
        index = CSVFieldIndex(
            delimiter: sniff.dialect.delimiter, quote: sniff.dialect.quote,
            fieldsMax: max(limits.fieldsMax, sniff.layout.fieldCount), level: level)
        tileWords = index.tileRowsMax / 64 + 1
        validity = [UInt64](repeating: 0, count: tileWords * rules.count)
        failed = [UInt64](repeating: 0, count: tileWords)
        seenFailed = failed
        brokenRows = failed
        culprits = [Int32](repeating: 0, count: tileWords * 64)
        rowRejects = CSVRejects(columnNames: rules.map(\.name))
    }

    /// What is in the chunk.
    /// - Complexity: O(bytes of the chunk).
    package mutating func parse(_ chunk: CSVChunk) -> CSVChunkResult {
        let start = measuresTime ? ContinuousClock.now : nil
        var scanTime = Duration.zero
        var progress = ChunkProgress(chunk, columnNames: rowRejects.columnNames)
        for column in builders.indices { builders[column].begin(rowCapacity: progress.rowCapacity) }
        if let row = chunk.oversized {
            progress.rowsRead = 1
            judge.rejectOversized(chunk, row, into: &progress.rejects)
        } else {
            unsafe chunk.storage.withUnsafeBufferPointer { buffer in
                guard let bytes = buffer.baseAddress else { return }
                index.reset()
                while unsafe nextTile(bytes, count: chunk.byteCount, &scanTime) {
                    unsafe parseTile(chunk, bytes, &progress)
                }
            }
            progress.lineCount = index.lineCount
        }
        var columns: [ColumnVector] = []
        for column in builders.indices { columns.append(builders[column].finish()) }
        if let start { scanFraction = scanTime / max(.nanoseconds(1), ContinuousClock.now - start) }
        return CSVChunkResult(
            batch: ColumnBatch(columns: columns, rowCount: progress.positions.count), positions: progress.positions,
            rejects: progress.rejects, rowsRead: progress.rowsRead, blankRows: progress.blankRows,
            lineCount: progress.lineCount)
    }

    private mutating func nextTile(_ bytes: UnsafePointer<UInt8>, count: Int, _ scanTime: inout Duration) -> Bool {
        guard measuresTime else { return unsafe index.nextTile(bytes, count: count) }
        let start = ContinuousClock.now
        defer { scanTime += ContinuousClock.now - start }
        return unsafe index.nextTile(bytes, count: count)
    }

    private mutating func parseTile(_ chunk: CSVChunk, _ bytes: UnsafePointer<UInt8>, _ progress: inout ChunkProgress) {
        progress.rowsRead += index.rowCount
        rowRejects.removeAll()
        let rowCount = unsafe selectRows(chunk, bytes, &progress)
        if rowCount > 0 {
            unsafe convert(bytes, rowCount)
            unsafe settle(chunk, bytes, rowCount, &progress)
        } else {
            for reject in 0..<rowRejects.count { progress.rejects.append(rowRejects, at: reject) }
        }
    }

    private mutating func convert(_ bytes: UnsafePointer<UInt8>, _ rowCount: Int) {
        let isBroken = unsafe index.contents.hasNonASCII && markBrokenRows(bytes, rowCount)
        let tileWords = tileWords
        for word in 0..<tileWords {
            failed[word] = 0
            seenFailed[word] = 0
        }
        let firstByte = Int(index.ends[Int(index.rowFirst[0])] &+ 1)
        let lastByte = Int(index.ends[Int(index.rowLast[rowCount - 1])])
        let hasQuote = index.contents.hasQuote
        let quote = judge.quote
        for column in judge.columnsByField {
            unsafe index.ends.withUnsafeBufferPointer { ends in
                unsafe index.rowFirst.withUnsafeBufferPointer { rowFirst in
                    unsafe brokenRows.withUnsafeBufferPointer { brokenRows in
                        unsafe validity.withUnsafeMutableBufferPointer { validity in
                            unsafe failed.withUnsafeMutableBufferPointer { failed in
                                guard let ends = ends.baseAddress, let rowFirst = rowFirst.baseAddress,
                                    let brokenRows = brokenRows.baseAddress, let failed = failed.baseAddress,
                                    let words = unsafe validity.baseAddress.map({ unsafe $0 + column * tileWords })
                                else { return }
                                let tile = unsafe TileView(
                                    bytes: bytes, ends: ends, rowFirst: rowFirst, rowCount: rowCount, quote: quote,
                                    hasQuote: hasQuote, hasBrokenUTF8: isBroken, brokenRows: brokenRows,
                                    byteCount: lastByte - firstByte)
                                let outcome = unsafe TileOutcome(validity: words, failed: failed)
                                unsafe builders[column].convert(
                                    tile, field: judge.layout.columnFields[column], outcome)
                            }
                        }
                    }
                }
            }
            noteCulprit(column, rowCount)
        }
    }

    /// Remembers the rows that a column was the first to fail.
    private mutating func noteCulprit(_ column: Int, _ rowCount: Int) {
        for word in 0..<(rowCount + 63) / 64 {
            var new = failed[word] & ~seenFailed[word]
            if new == 0 { continue }
            seenFailed[word] = failed[word]
            while new != 0 {
                culprits[word * 64 + new.trailingZeroBitCount] = Int32(column)
                new &= new &- 1
            }
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
            let place = unsafe self.row(row, chunk, bytes, isUnterminated: isUnterminated)
            switch unsafe judge.judge(place, into: &rowRejects) {
            case .regular:
                index.moveRow(row, to: kept)
                kept += 1
            case .short:
                index.padRow(row, fieldCount: fieldCount)
                index.moveRow(row, to: kept)
                kept += 1
            case .blank: progress.blankRows += 1
            case .rejected: break
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

    /// Finds the rows that are not UTF-8. Delimiters and quotes are ASCII, so that fields are UTF-8 if their row is.
    /// - Returns: whether there are any.
    private mutating func markBrokenRows(_ bytes: UnsafePointer<UInt8>, _ rowCount: Int) -> Bool {
        let end = index.byteRange(rowCount - 1).upperBound
        var position = index.byteRange(0).lowerBound
        var row = 0
        var isBroken = false
        while position < end {
            let text = unsafe UnsafeBufferPointer(start: bytes + position, count: end - position)
            guard let offset = unsafe UTF8Scan.firstInvalid(text.span) else { break }
            let place = position + offset
            if !isBroken {
                for word in 0..<tileWords { brokenRows[word] = 0 }
                isBroken = true
            }
            while row < rowCount, index.byteRange(row).upperBound <= place { row += 1 }
            if row == rowCount { break }
            let range = index.byteRange(row)
            // Rows that are not converted lie between.
            if place >= range.lowerBound { brokenRows[row >> 6] |= 1 << UInt64(row & 63) }
            position = place >= range.lowerBound ? range.upperBound : range.lowerBound
        }
        return isBroken
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
        index.appendPositions(
            rowCount: rowCount, without: hasFailed ? failed : nil, &progress.positions.starts,
            &progress.positions.ends, &progress.positions.lines)
        unsafe explainFailed(chunk, bytes, rowCount, &progress)
    }

    /// Appends the rejects of the tile in the order of their rows.
    private func explainFailed(
        _ chunk: CSVChunk, _ bytes: UnsafePointer<UInt8>, _ rowCount: Int, _ progress: inout ChunkProgress
    ) {
        var next = 0
        for word in 0..<(rowCount + 63) / 64 {
            var bits = failed[word]
            while bits != 0 {
                let row = word * 64 + bits.trailingZeroBitCount
                bits &= bits &- 1
                let place = unsafe self.row(row, chunk, bytes)
                let start = Int64(unsafe chunk.byteOffset + place.range.lowerBound)
                while next < rowRejects.count, rowRejects.byteOffsets[next] < start {
                    progress.rejects.append(rowRejects, at: next)
                    next += 1
                }
                unsafe judge.explain(place, column: Int(culprits[row]), into: &progress.rejects)
            }
        }
        while next < rowRejects.count {
            progress.rejects.append(rowRejects, at: next)
            next += 1
        }
    }
}

/// What a parser has of a chunk so far, but for the columns.
struct ChunkProgress {
    var positions: CSVRowPositions
    var rejects: CSVRejects
    var rowsRead = 0
    var blankRows = 0
    var lineCount: Int
    /// Rows that the chunk has at most, as far as its line ends are known.
    let rowCapacity: Int

    init(_ chunk: CSVChunk, columnNames: [String]) {
        rejects = CSVRejects(columnNames: columnNames)
        positions = CSVRowPositions(byteOffsetBase: chunk.byteOffset, lineBase: chunk.line)
        lineCount = chunk.lineCount
        rowCapacity = chunk.isOversizedRow ? 0 : chunk.lineCount + 1
        positions.starts.reserveCapacity(rowCapacity)
        positions.ends.reserveCapacity(rowCapacity)
        positions.lines.reserveCapacity(rowCapacity)
    }
}

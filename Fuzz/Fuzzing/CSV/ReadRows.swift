package import ByteKernels
package import CSVFormat
package import LakeModel

/// What a reader made of a file.
package struct ReadRows: Equatable {
    package struct RowPlace: Hashable {
        package var byteOffset: Int
        package var byteCount: Int
        package var line: Int

        package init(byteOffset: Int, byteCount: Int, line: Int) {
            self.byteOffset = byteOffset
            self.byteCount = byteCount
            self.line = line
        }
    }

    /// A reject without its message.
    package struct Reject: Hashable {
        package var place: RowPlace
        package var raw: [UInt8]
        package var rawTruncated: Bool
        package var column: String?
        package var code: String
    }

    package var rows: [[Datum?]] = []
    package var places: [RowPlace] = []
    package var rejects: [Reject] = []
    package var rowsRead = 0
    package var blankRows = 0
    package var lineCount = 0

    package init() {}

    package mutating func add(_ result: CSVChunkResult) {
        for row in 0..<result.batch.rowCount {
            rows.append(result.batch.columns.map { $0.datum(row) })
            places.append(
                RowPlace(
                    byteOffset: result.positions.byteOffset(row), byteCount: result.positions.byteCount(row),
                    line: result.positions.line(row)))
        }
        for reject in result.rejects {
            rejects.append(
                Reject(
                    place: RowPlace(byteOffset: reject.byteOffset, byteCount: reject.byteCount, line: reject.line),
                    raw: reject.raw, rawTruncated: reject.rawTruncated, column: reject.column, code: reject.code))
        }
        rowsRead += result.rowsRead
        blankRows += result.blankRows
        lineCount += result.lineCount
    }

    /// What differs first between this and `other`, `nil` when nothing does. A NaN is like another.
    package func difference(from other: ReadRows) -> String? {
        for (index, (mine, theirs)) in zip(rejects, other.rejects).enumerated() where mine != theirs {
            return "reject \(index): \(mine) and \(theirs)"
        }
        for (index, (mine, theirs)) in zip(places, other.places).enumerated() where mine != theirs {
            return "place of row \(index): \(mine) and \(theirs)"
        }
        for (index, (mine, theirs)) in zip(rows, other.rows).enumerated() {
            let isSame = mine.count == theirs.count && zip(mine, theirs).allSatisfy { areSame($0, $1) }
            if !isSame { return "row \(index): \(mine) and \(theirs)" }
        }
        if rows.count != other.rows.count { return "\(rows.count) and \(other.rows.count) rows" }
        if rejects.count != other.rejects.count { return "\(rejects.count) and \(other.rejects.count) rejects" }
        if (rowsRead, blankRows, lineCount) != (other.rowsRead, other.blankRows, other.lineCount) {
            return "read, blank and lines: \((rowsRead, blankRows, lineCount)) and "
                + "\((other.rowsRead, other.blankRows, other.lineCount))"
        }
        return nil
    }
}

/// Whether two values are the same, bit for bit, but that a NaN is like another.
package func areSame(_ left: Datum?, _ right: Datum?) -> Bool {
    switch (left, right) {
    case (.double(let left)?, .double(let right)?):
        return left.isNaN ? right.isNaN : left.bitPattern == right.bitPattern
    case (.float(let left)?, .float(let right)?):
        return left.isNaN ? right.isNaN : left.bitPattern == right.bitPattern
    case (.string(let left)?, .string(let right)?): return left.utf8.elementsEqual(right.utf8)
    default: return left == right
    }
}

/// Ways to cut a file into blocks and chunks, all of which must come to the same rows.
package struct Cutting: Sendable {
    package var blockBytes: Int
    package var limits: CSVLimits
    package var level: CSVScanLevel
    /// Parses the last chunk first, as another thread may.
    package var isReversed: Bool

    package init(
        blockBytes: Int = 1 << 20, limits: CSVLimits = CSVLimits(), level: CSVScanLevel = .best,
        isReversed: Bool = false
    ) {
        self.blockBytes = blockBytes
        self.limits = limits
        self.level = level
        self.isReversed = isReversed
    }

    /// The file's chunks; the stream begins with the file's first byte or, `fromData`, with its first row.
    package func chunks(_ bytes: [UInt8], _ sniff: CSVSniff, fromData: Bool = false) -> [CSVChunk] {
        let start = fromData ? sniff.dataOffset : 0
        var chunker = CSVChunker(
            dialect: sniff.dialect, dataOffset: sniff.dataOffset, dataLine: sniff.dataLine, limits: limits,
            streamOffset: start, level: level)
        var chunks: [CSVChunk] = []
        var at = start
        while at < bytes.count {
            let end = min(bytes.count, at + blockBytes)
            chunker.push(Array(bytes[at..<end]))
            while let chunk = chunker.next() { chunks.append(chunk) }
            at = end
        }
        chunker.finish()
        while let chunk = chunker.next() { chunks.append(chunk) }
        return chunks
    }

    package func read(_ bytes: [UInt8], _ table: CSVTable, _ sniff: CSVSniff) -> ReadRows {
        var parser = CSVChunkParser(sniff: sniff, table: table, limits: limits, level: level)
        let chunks = chunks(bytes, sniff, fromData: isReversed)
        let results: [CSVChunkResult]
        if isReversed {
            results = chunks.reversed().map { parser.parse($0) }.reversed()
        } else {
            results = chunks.map { parser.parse($0) }
        }
        var rows = ReadRows()
        for result in results { rows.add(result) }
        return rows
    }
}

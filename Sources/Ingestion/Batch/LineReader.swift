import LakeModel

/// Reads a slice of NDJSON: one object a line. A line that is no JSON is a reject like any other.
struct LineReader {
    /// Where a slice begins in the whole body.
    struct Position: Sendable, Hashable {
        /// Lines before it, all that were read: rows and blank ones.
        var lines = 0
        var bytes = 0
    }

    private let limits: IngestionLimits
    private let table: TableDeclaration
    private var row: BatchRowReader

    /// - Throws: ``CSVError`` `pattern-invalid`.
    init(table: TableDeclaration, limits: IngestionLimits) throws {
        self.table = table
        self.limits = limits
        // A line has no array around it.
        row = try BatchRowReader(table, depthMax: limits.jsonDepthMax + 1)
    }

    /// - Parameter position: moves behind the slice.
    mutating func read(_ slice: Span<UInt8>, _ position: inout Position) -> BatchRows {
        row.begin(rowCapacity: slice.count / Self.rowBytesTypical)
        var result = BatchRows(accepted: ColumnBatch(columns: [], rowCount: 0))
        var at = 0
        if position.bytes == 0, position.lines == 0 { at = BatchReader.start(slice) }
        while at < slice.count {
            let start = at
            var end = Self.lineEnd(slice, at)
            let next = min(end + 1, slice.count)
            if end > start, slice[end - 1] == 0x0D { end -= 1 }
            let line = slice.extracting(start..<end)
            take(line, position, start, &result)
            position.lines += 1
            at = next
        }
        position.bytes += slice.count
        result.accepted = row.finish()
        return result
    }

    private static let rowBytesTypical = 64

    private mutating func take(_ line: Span<UInt8>, _ position: Position, _ start: Int, _ result: inout BatchRows) {
        result.rowsRead += 1
        var at = 0
        JSONScan.skipSpace(line, &at)
        if at == line.count {
            result.blankRows += 1
            return
        }
        var fault: BatchRowReader.Fault?
        do throws(JSONScan.Failure) {
            fault = try row.read(line, &at)
            JSONScan.skipSpace(line, &at)
            if at < line.count {
                if fault == nil { row.takeBackLast() }
                throw JSONScan.failure("nothing more is expected behind the object", line, at: at)
            }
        } catch {
            fault = BatchRowReader.Fault(
                code: "json-syntax",
                message: "the line is no JSON: \(error.message) (byte \(min(error.byteOffset, line.count) + 1) of it)")
        }
        guard fault != nil || table.mayRefuseLater else { return }
        let place = BatchRows.Place(
            index: position.lines, byteOffset: position.bytes + start, line: position.lines + 1)
        if let fault {
            result.refused.append(BatchReader.refused(fault, place, line, 0..<line.count, limits))
        } else {
            result.origins.append(BatchRows.Origin(place: place, raw: BatchReader.bytes(line, 0..<line.count)))
        }
    }

    /// A row for a line that is longer than a slice, of which only the beginning is kept.
    func tooLong(_ head: [UInt8], byteCount: Int, _ position: inout Position) -> BatchRows {
        var result = BatchRows(
            accepted: ColumnBatch(
                columns: table.columns.map { BatchColumn(type: $0.type, rowCapacity: 0).finish() }, rowCount: 0))
        result.rowsRead = 1
        let place = BatchRows.Place(index: position.lines, byteOffset: position.bytes, line: position.lines + 1)
        result.refused = [
            BatchRows.Refused(
                verdict: RowVerdict(
                    index: place.index, column: nil, code: "row-too-long",
                    message: "the line is longer than \(limits.streamSliceBytes) bytes"),
                place: place, raw: Array(head.prefix(limits.rejectBytesKept)), isRawTruncated: true)
        ]
        position.lines += 1
        position.bytes += byteCount
        return result
    }

    /// Where the line that begins at `start` has its line feed, or the end.
    @inline(__always)
    static func lineEnd(_ text: Span<UInt8>, _ start: Int) -> Int {
        var at = start
        let feeds: UInt64 = 0x0A0A_0A0A_0A0A_0A0A
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highBits: UInt64 = 0x8080_8080_8080_8080
        while at &+ 8 <= text.count {
            // The bounds are checked by the callee; any bits make a `UInt64`.
            let word =
                unsafe UInt64(
                    littleEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ feeds
            let found = (word &- ones) & ~word & highBits
            if found != 0 { return at &+ found.trailingZeroBitCount >> 3 }
            at &+= 8
        }
        while at < text.count, text[at] != 0x0A { at &+= 1 }
        return at
    }
}

import CSVFormat
import LakeModel

/// Reads JSON rows into columns, each row accepted or refused for its first fault.
///
/// 1. A row's fields are compared with the names at the same places of the row before (``FieldNames``).
/// 2. A value goes straight to its column's array; what is not in its most frequent form goes by the rules of a CSV
///    field of the same type (`FieldRule`).
/// 3. At a fault the row's values are taken back. Its syntax is always read to its end, so that the next row is found.
///
/// Pure. Nothing is allocated for a value.
struct BatchReader {
    let table: TableDeclaration
    let limits: IngestionLimits
    var row: BatchRowReader

    /// - Throws: ``CSVError`` `pattern-invalid`.
    init(table: TableDeclaration, limits: IngestionLimits, replaysRejects: Bool = false) throws {
        self.table = table
        self.limits = limits
        row = try BatchRowReader(table, depthMax: limits.jsonDepthMax, replaysRejects: replaysRejects)
    }

    private var columnNames: String { table.columns.map(\.name).joined(separator: ", ") }

    /// Reads a JSON array of objects.
    /// - Throws: ``IngestionError`` `json-syntax`, `batch-empty`, `batch-too-large`: nothing of the body counts.
    mutating func read(_ body: Span<UInt8>) throws -> BatchRows {
        row.begin(rowCapacity: min(limits.batchRowsMax, body.count / Self.rowBytesLeast + 1))
        do {
            return try rows(body)
        } catch let failure as JSONScan.Failure {
            throw syntaxError(failure, body)
        }
    }

    /// Bytes that a row takes at least, `{},`.
    private static let rowBytesLeast = 3

    private mutating func rows(_ body: Span<UInt8>) throws -> BatchRows {
        var at = Self.start(body)
        if JSONScan.peek(body, &at) == 0, at == body.count {
            throw IngestionError(
                code: "batch-empty", message: "the body is empty",
                remedy: "send a JSON array of 1 to \(limits.batchRowsMax) objects")
        }
        guard JSONScan.take(UInt8(ascii: "["), body, &at) else {
            throw JSONScan.failure("a JSON array of objects is expected", body, at: at)
        }
        var result = BatchRows(accepted: ColumnBatch(columns: [], rowCount: 0))
        var lines = LineCounter(at: 0)
        if !JSONScan.take(UInt8(ascii: "]"), body, &at) {
            repeat {
                if result.rowsRead == limits.batchRowsMax { throw try tooMany(body, &at) }
                JSONScan.skipSpace(body, &at)
                let start = at
                let fault = try row.read(body, &at)
                if fault == nil, let identity = row.replayed { result.replays.append(identity) }
                note(fault, body, start..<at, &lines, &result)
            } while JSONScan.take(UInt8(ascii: ","), body, &at)
            guard JSONScan.take(UInt8(ascii: "]"), body, &at) else {
                throw JSONScan.failure(", or ] is expected", body, at: at)
            }
        }
        JSONScan.skipSpace(body, &at)
        if at < body.count { throw JSONScan.failure("nothing more is expected behind the array", body, at: at) }
        guard result.rowsRead > 0 else {
            throw IngestionError(
                code: "batch-empty", message: "the array is empty", remedy: "send 1 to \(limits.batchRowsMax) objects")
        }
        result.accepted = row.finish()
        return result
    }

    /// Behind a byte order mark.
    static func start(_ body: Span<UInt8>) -> Int {
        body.count >= 3 && body[0] == 0xEF && body[1] == 0xBB && body[2] == 0xBF ? 3 : 0
    }

    /// Counts a row that was read and keeps what is to be known of it.
    private func note(
        _ fault: BatchRowReader.Fault?, _ body: Span<UInt8>, _ range: Range<Int>, _ lines: inout LineCounter,
        _ result: inout BatchRows
    ) {
        let index = result.rowsRead
        result.rowsRead += 1
        guard fault != nil || table.mayRefuseLater else { return }
        let place = BatchRows.Place(
            index: index, byteOffset: range.lowerBound, line: lines.line(at: range.lowerBound, in: body))
        guard let fault else {
            result.origins.append(BatchRows.Origin(place: place, raw: Self.bytes(body, range)))
            return
        }
        result.refused.append(Self.refused(fault, place, body, range, limits))
    }

    static func refused(
        _ fault: BatchRowReader.Fault, _ place: BatchRows.Place, _ body: Span<UInt8>, _ range: Range<Int>,
        _ limits: IngestionLimits
    ) -> BatchRows.Refused {
        let kept = range.prefix(limits.rejectBytesKept)
        return BatchRows.Refused(
            verdict: RowVerdict(index: place.index, column: fault.column, code: fault.code, message: fault.message),
            place: place, raw: bytes(body, kept), isRawTruncated: kept.count < range.count)
    }

    static func bytes(_ body: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        unsafe body.extracting(range).withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Counts the rows that are left, so that the message can say how many there were.
    private mutating func tooMany(_ body: Span<UInt8>, _ at: inout Int) throws -> IngestionError {
        var count = limits.batchRowsMax
        repeat {
            _ = try row.skip(body, &at)
            count += 1
        } while JSONScan.take(UInt8(ascii: ","), body, &at)
        return IngestionError(
            code: "batch-too-large",
            message: "the batch has at least \(count) rows, \(limits.batchRowsMax) are allowed",
            remedy: "send it in batches of at most \(limits.batchRowsMax) rows, as NDJSON, or as a CSV upload")
    }

    private func syntaxError(_ failure: JSONScan.Failure, _ body: Span<UInt8>) -> IngestionError {
        var lines = LineCounter(at: 0)
        let offset = min(failure.byteOffset, body.count)
        let character = lines.column(at: offset, in: body)
        return IngestionError(
            code: "json-syntax",
            message: "the body is no JSON: \(failure.message) (byte \(character) of its line)",
            remedy: "send a JSON array of objects with the fields \(columnNames)",
            place: Place(source: "body", line: lines.line(at: offset, in: body), byteOffset: offset))
    }
}

/// Line numbers of rising offsets.
struct LineCounter {
    private var offset: Int
    private var line = 1
    private var lineStart: Int

    /// - Parameter at: where line 1 begins.
    init(at offset: Int) {
        self.offset = offset
        lineStart = offset
    }

    /// - Parameter target: not before any asked for earlier.
    mutating func line(at target: Int, in bytes: Span<UInt8>) -> Int {
        while offset < min(target, bytes.count) {
            if bytes[offset] == 0x0A {
                line += 1
                lineStart = offset + 1
            }
            offset += 1
        }
        return line
    }

    /// The 1-based place in its line, in bytes.
    mutating func column(at target: Int, in bytes: Span<UInt8>) -> Int {
        _ = line(at: target, in: bytes)
        return target - lineStart + 1
    }
}

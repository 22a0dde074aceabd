import ByteKernels

/// Decides rows that are not plainly regular, and says why a row is rejected.
///
/// The rules for rows as a whole, in the order in which they are asked:
/// 1. The file ends inside a quoted field: `quote-unterminated`.
/// 2. The row is longer than `rowBytesMax`: `row-too-long`.
/// 3. More than `fieldsMax` fields: `too-many-fields`.
/// 4. All fields are empty, without quotes: blank.
/// 5. A byte 0: `nul-byte`. A field above `fieldBytesMax`: `field-too-long`.
/// 6. A field behind the expected ones that is neither empty nor `""`: `too-many-fields`.
/// 7. The row ends before a required column: `too-few-fields`. Other columns that it ends before are null.
/// Then come the values, from the row's first field to its last.
struct RowJudge {
    let layout: CSVLayout
    let rules: [ColumnRule]
    let limits: CSVLimits
    let delimiter: UInt8
    let quote: UInt8
    /// Declared columns in the order of their fields, those that the file lacks at the end.
    private let columnsByField: [Int]

    init(layout: CSVLayout, rules: [ColumnRule], limits: CSVLimits, dialect: CSVDialect) {
        self.layout = layout
        self.rules = rules
        var limits = limits
        limits.fieldsMax = max(limits.fieldsMax, layout.fieldCount)
        self.limits = limits
        delimiter = dialect.delimiter
        quote = dialect.quote
        columnsByField = rules.indices.sorted {
            (layout.columnFields[$0] ?? .max, $0) < (layout.columnFields[$1] ?? .max, $1)
        }
    }

    enum Verdict {
        case regular
        /// The columns that the row lacks are null.
        case short
        case blank
        case reject(CSVReject)
    }

    /// One row with what is known of it.
    @unsafe struct Row {
        let chunk: CSVChunk
        let bytes: UnsafePointer<UInt8>
        /// Bytes of the chunk.
        let range: Range<Int>
        /// Where its fields end; the first entry lies before the row.
        let ends: ArraySlice<UInt32>
        let line: Int
        let isUnterminated: Bool

        var fieldCount: Int { unsafe ends.count - 1 }

        func field(_ index: Int) -> Range<Int> {
            unsafe Int(ends[ends.startIndex + index] &+ 1)..<Int(ends[ends.startIndex + index + 1])
        }
    }

    /// Whether the whole row makes a reject, a blank or a row to convert.
    func judge(_ row: Row) -> Verdict {
        let fieldCount = unsafe row.fieldCount
        let byteCount = unsafe row.range.count
        if unsafe row.isUnterminated { return .reject(unsafe unterminated(row)) }
        if byteCount > limits.rowBytesMax { return .reject(unsafe reject(row, Self.rowTooLong(byteCount, limits))) }
        if fieldCount > limits.fieldsMax {
            let failure = CellFailure(.tooManyFields, "the row has more than \(limits.fieldsMax) fields")
            return .reject(unsafe reject(row, failure))
        }
        if byteCount == fieldCount - 1 { return .blank }
        if let failure = unsafe rowFailure(row) { return .reject(unsafe reject(row, failure)) }
        if fieldCount >= layout.fieldCount { return .regular }
        for column in columnsByField where rules[column].isRequired {
            if let field = layout.columnFields[column], field >= fieldCount {
                let failure = CellFailure(
                    .tooFewFields,
                    "the row has \(fieldCount) fields where \(layout.fieldCount) are expected, and the required column "
                        + "\"\(rules[column].name)\" is missing")
                return .reject(unsafe reject(row, failure, column: column))
            }
        }
        return .short
    }

    private func rowFailure(_ row: Row) -> CellFailure? {
        let range = unsafe row.range
        for position in range where unsafe row.bytes[position] == 0 {
            return CellFailure(.nulByte, "the row has a byte 0, \(position - range.lowerBound) bytes from its start")
        }
        if range.count > limits.fieldBytesMax {
            for field in unsafe 0..<row.fieldCount where unsafe row.field(field).count > limits.fieldBytesMax {
                return CellFailure(
                    .fieldTooLong,
                    "field \(field + 1) has \(unsafe row.field(field).count) bytes; the limit is "
                        + "\(limits.fieldBytesMax)")
            }
        }
        for index in unsafe layout.fieldCount..<max(layout.fieldCount, row.fieldCount) {
            let field = unsafe row.field(index)
            if field.isEmpty { continue }
            let isQuotedEmpty =
                unsafe field.count == 2 && row.bytes[field.lowerBound] == quote
                && row.bytes[field.lowerBound + 1] == quote
            if !isQuotedEmpty {
                return CellFailure(
                    .tooManyFields,
                    "the row has \(unsafe row.fieldCount) fields where \(layout.fieldCount) are expected, and field "
                        + "\(index + 1) is not empty")
            }
        }
        return nil
    }

    /// Why a row that the conversion marked is rejected: its first field that fails.
    func explain(_ row: Row) -> CSVReject {
        for column in columnsByField {
            let rule = rules[column]
            guard let index = layout.columnFields[column], unsafe index < row.fieldCount else {
                if rule.isRequired { return unsafe reject(row, rule.missing, column: column) }
                continue
            }
            let range = unsafe row.field(index)
            let buffer = unsafe UnsafeBufferPointer(start: row.bytes + range.lowerBound, count: range.count)
            do throws(CellFailure) {
                _ = try rule.check(unsafe buffer.span, quote: quote)
            } catch {
                return unsafe reject(row, error, column: column, fieldStart: range.lowerBound)
            }
        }
        preconditionFailure("the conversion failed a row in which every field passes")
    }

    /// The reject for a row longer than allowed, of which the chunk holds the beginning.
    func oversized(_ chunk: CSVChunk, _ row: CSVChunk.OversizedRow) -> CSVReject {
        let failure = row.isUnterminated ? Self.unterminated : Self.rowTooLong(row.byteCount, limits)
        return make(
            failure, line: chunk.line, byteOffset: chunk.byteOffset, byteCount: row.byteCount,
            raw: Array(chunk.storage[0..<min(limits.rawBytesKept, chunk.byteCount)]), column: nil)
    }

    private static func rowTooLong(_ byteCount: Int, _ limits: CSVLimits) -> CellFailure {
        CellFailure(.rowTooLong, "the row has \(byteCount) bytes; the limit is \(limits.rowBytesMax)")
    }

    private static let unterminated = CellFailure(
        .quoteUnterminated, "the file ends inside a quoted field; the quote that opens it is never closed")

    private func unterminated(_ row: Row) -> CSVReject { unsafe reject(row, Self.unterminated) }

    private func reject(_ row: Row, _ failure: CellFailure, column: Int? = nil, fieldStart: Int = 0) -> CSVReject {
        var failure = failure
        if let offset = failure.byteOffset {
            let place = unsafe row.chunk.byteOffset + fieldStart + offset
            failure = CellFailure(failure.code, "\(failure.message); see byte \(place) of the file")
        }
        let range = unsafe row.range
        let kept = range.lowerBound..<min(range.upperBound, range.lowerBound + limits.rawBytesKept)
        return make(
            failure, line: unsafe row.line, byteOffset: unsafe row.chunk.byteOffset + range.lowerBound,
            byteCount: range.count, raw: unsafe Array(row.chunk.storage[kept]), column: column.map { rules[$0].name })
    }

    private func make(
        _ failure: CellFailure, line: Int, byteOffset: Int, byteCount: Int, raw: [UInt8], column: String?
    ) -> CSVReject {
        CSVReject(
            line: line, byteOffset: byteOffset, byteCount: byteCount, raw: raw, rawTruncated: raw.count < byteCount,
            column: column, code: failure.code.rawValue,
            message: column.map { "column \"\($0)\": \(failure.message)" } ?? failure.message)
    }
}

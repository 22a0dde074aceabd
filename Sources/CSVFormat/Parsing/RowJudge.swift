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
    let columnsByField: [Int]

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
        case rejected
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

    /// Whether the whole row makes a reject, which is appended to `rejects`, a blank or a row to convert.
    func judge(_ row: Row, into rejects: inout CSVRejects) -> Verdict {
        let fieldCount = unsafe row.fieldCount
        let byteCount = unsafe row.range.count
        if unsafe row.isUnterminated {
            unsafe append(row, .quoteUnterminated, to: &rejects) { $0.append(text: Self.unterminated) }
            return .rejected
        }
        if byteCount > limits.rowBytesMax {
            unsafe append(row, .rowTooLong, to: &rejects) { writeTooLong(byteCount, to: &$0) }
            return .rejected
        }
        if fieldCount > limits.fieldsMax {
            unsafe append(row, .tooManyFields, to: &rejects) {
                $0.append(text: "the row has more than ")
                $0.append(decimal: limits.fieldsMax)
                $0.append(text: " fields")
            }
            return .rejected
        }
        if byteCount == fieldCount - 1 { return .blank }
        if unsafe rejectContent(row, into: &rejects) { return .rejected }
        if fieldCount >= layout.fieldCount { return .regular }
        for column in columnsByField where rules[column].isRequired {
            if let field = layout.columnFields[column], field >= fieldCount {
                unsafe append(row, .tooFewFields, column: column, to: &rejects) {
                    rules[column].messages.writeColumn(to: &$0)
                    writeFieldCount(fieldCount, to: &$0)
                    $0.append(text: ", and the required column \"")
                    $0.append(text: rules[column].name)
                    $0.append(text: "\" is missing")
                }
                return .rejected
            }
        }
        return .short
    }

    /// Appends a reject for bytes that no row may have, fields too long and values behind the expected ones.
    /// - Returns: whether there are any.
    private func rejectContent(_ row: Row, into rejects: inout CSVRejects) -> Bool {
        let range = unsafe row.range
        for position in range where unsafe row.bytes[position] == 0 {
            unsafe append(row, .nulByte, to: &rejects) {
                $0.append(text: "the row has a byte 0, ")
                $0.append(decimal: position - range.lowerBound)
                $0.append(text: " bytes from its start")
            }
            return true
        }
        if range.count > limits.fieldBytesMax {
            for field in unsafe 0..<row.fieldCount where unsafe row.field(field).count > limits.fieldBytesMax {
                unsafe append(row, .fieldTooLong, to: &rejects) {
                    $0.append(text: "field ")
                    $0.append(decimal: field + 1)
                    $0.append(text: " has ")
                    unsafe $0.append(decimal: row.field(field).count)
                    $0.append(text: " bytes; the limit is ")
                    $0.append(decimal: limits.fieldBytesMax)
                }
                return true
            }
        }
        for index in unsafe layout.fieldCount..<max(layout.fieldCount, row.fieldCount) {
            let field = unsafe row.field(index)
            if field.isEmpty { continue }
            let isQuotedEmpty =
                unsafe field.count == 2 && row.bytes[field.lowerBound] == quote
                && row.bytes[field.lowerBound + 1] == quote
            if isQuotedEmpty { continue }
            unsafe append(row, .tooManyFields, to: &rejects) {
                unsafe writeFieldCount(row.fieldCount, to: &$0)
                $0.append(text: ", and field ")
                $0.append(decimal: index + 1)
                $0.append(text: " is not empty")
            }
            return true
        }
        return false
    }

    /// Appends why a row that the conversion marked is rejected: its first field that fails.
    /// - Parameter column: the first column, in the order of the fields, whose conversion marked the row.
    func explain(_ row: Row, column: Int, into rejects: inout CSVRejects) {
        if unsafe reject(row, column: column, into: &rejects) { return }
        for column in columnsByField where unsafe reject(row, column: column, into: &rejects) { return }
        preconditionFailure("the conversion failed a row in which every field passes")
    }

    /// Appends a reject for one field.
    /// - Returns: whether there is anything wrong with it.
    private func reject(_ row: Row, column: Int, into rejects: inout CSVRejects) -> Bool {
        // Rules are not copied: each has a dozen references to count.
        var range = 0..<0
        if let index = layout.columnFields[column], unsafe index < row.fieldCount {
            range = unsafe row.field(index)
        } else if !rules[column].isRequired {
            return false
        }
        let buffer = unsafe UnsafeBufferPointer(start: row.bytes + range.lowerBound, count: range.count)
        let field = unsafe buffer.span
        guard let fault = rules[column].fault(of: field, quote: quote) else { return false }
        let start = unsafe row.chunk.byteOffset + range.lowerBound
        unsafe append(row, fault.code, column: column, to: &rejects) {
            rules[column].describe(fault, of: field, quote: quote, start: start, to: &$0)
        }
        return true
    }

    /// Appends the reject for a row longer than allowed, of which the chunk holds the beginning.
    func rejectOversized(_ chunk: CSVChunk, _ row: CSVChunk.OversizedRow, into rejects: inout CSVRejects) {
        rejects.append(
            line: chunk.line, byteOffset: chunk.byteOffset, byteCount: row.byteCount,
            raw: chunk.storage.span.extracting(0..<min(limits.rawBytesKept, chunk.byteCount)), column: nil,
            code: row.isUnterminated ? .quoteUnterminated : .rowTooLong
        ) {
            if row.isUnterminated {
                $0.append(text: Self.unterminated)
            } else {
                writeTooLong(row.byteCount, to: &$0)
            }
        }
    }

    private static let unterminated: StaticString =
        "the file ends inside a quoted field; the quote that opens it is never closed"

    private func writeTooLong(_ byteCount: Int, to message: inout [UInt8]) {
        message.append(text: "the row has ")
        message.append(decimal: byteCount)
        message.append(text: " bytes; the limit is ")
        message.append(decimal: limits.rowBytesMax)
    }

    private func writeFieldCount(_ fieldCount: Int, to message: inout [UInt8]) {
        message.append(text: "the row has ")
        message.append(decimal: fieldCount)
        message.append(text: " fields where ")
        message.append(decimal: layout.fieldCount)
        message.append(text: " are expected")
    }

    @inline(__always)
    private func append(
        _ row: Row, _ code: CSVReject.Code, column: Int? = nil, to rejects: inout CSVRejects,
        _ writeMessage: (inout [UInt8]) -> Void
    ) {
        let range = unsafe row.range
        let kept = range.lowerBound..<min(range.upperBound, range.lowerBound + limits.rawBytesKept)
        let raw = unsafe UnsafeBufferPointer(start: row.bytes + kept.lowerBound, count: kept.count)
        unsafe rejects.append(
            line: row.line, byteOffset: row.chunk.byteOffset + range.lowerBound, byteCount: range.count,
            raw: raw.span, column: column, code: code, writeMessage)
    }
}

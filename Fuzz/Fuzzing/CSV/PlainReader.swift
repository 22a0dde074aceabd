package import CSVFormat
import LakeModel

/// What a file must come to by the rules for rows and values, worked out row by row over ``PlainCSV``.
package struct PlainReader {
    private let bytes: [UInt8]
    private let table: CSVTable
    private let sniff: CSVSniff
    private let limits: CSVLimits
    /// Columns in the order of their fields, those that the file lacks at the end.
    private let order: [Int]

    package init(_ bytes: [UInt8], table: CSVTable, sniff: CSVSniff, limits: CSVLimits) {
        self.bytes = bytes
        self.table = table
        self.sniff = sniff
        self.limits = limits
        let fields = sniff.layout.columnFields
        order = table.columns.indices.sorted { (fields[$0] ?? .max, $0) < (fields[$1] ?? .max, $1) }
    }

    package func read() -> ReadRows {
        let rows = PlainCSV.rows(
            of: bytes, from: sniff.dataOffset, line: sniff.dataLine, delimiter: sniff.dialect.delimiter,
            quote: sniff.dialect.quote)
        var result = ReadRows()
        result.rowsRead = rows.count
        result.lineCount = PlainCSV.lineEndCount(bytes[sniff.dataOffset...])
        for row in rows {
            do {
                guard let values = try verdict(row) else {
                    result.blankRows += 1
                    continue
                }
                result.rows.append(values)
                result.places.append(
                    .init(byteOffset: row.range.lowerBound, byteCount: row.range.count, line: row.line))
            } catch let fault as Fault {
                let kept = Array(bytes[row.range].prefix(min(limits.rawBytesMax, limits.rowBytesMax)))
                result.rejects.append(
                    .init(
                        place: .init(byteOffset: row.range.lowerBound, byteCount: row.range.count, line: row.line),
                        raw: kept, rawTruncated: kept.count < row.range.count, column: fault.column, code: fault.code))
            } catch {
                preconditionFailure("only faults are thrown: \(error)")
            }
        }
        return result
    }

    private struct Fault: Error {
        var code: String
        var column: String?
    }

    /// The row's values, `nil` for a blank row.
    private func verdict(_ row: PlainCSV.Row) throws -> [Datum?]? {
        let layout = sniff.layout
        if row.isUnterminated { throw Fault(code: "quote-unterminated") }
        if row.range.count > limits.rowBytesMax { throw Fault(code: "row-too-long") }
        if row.fields.count > max(limits.fieldsMax, layout.fieldCount) { throw Fault(code: "too-many-fields") }
        if row.fields.allSatisfy({ $0.range.isEmpty }) { return nil }
        if bytes[row.range].contains(0) { throw Fault(code: "nul-byte") }
        if row.fields.contains(where: { $0.range.count > limits.fieldBytesMax }) {
            throw Fault(code: "field-too-long")
        }
        for field in row.fields.dropFirst(layout.fieldCount) {
            let isEmpty = field.content.isEmpty && !field.isMisquoted
            if !isEmpty { throw Fault(code: "too-many-fields") }
        }
        for column in order where isRequired(column) {
            if let field = layout.columnFields[column], field >= row.fields.count {
                throw Fault(code: "too-few-fields", column: table.columns[column].name)
            }
        }
        var values = [Datum?](repeating: nil, count: table.columns.count)
        for column in order {
            let field = layout.columnFields[column].flatMap { $0 < row.fields.count ? row.fields[$0] : nil }
            do throws(ValueFault) {
                values[column] = try value(field, column)
            } catch {
                throw Fault(code: error.code, column: table.columns[column].name)
            }
        }
        return values
    }

    private struct ValueFault: Error { var code: String }

    private func isRequired(_ column: Int) -> Bool {
        table.columns[column].required || table.key.contains(table.columns[column].name)
    }

    private func value(_ field: PlainCSV.Field?, _ column: Int) throws(ValueFault) -> Datum? {
        let declaration = table.columns[column]
        guard let field, !field.range.isEmpty else {
            if isRequired(column) { throw ValueFault(code: "value-missing") }
            return nil
        }
        if field.isMisquoted { throw ValueFault(code: "quote-misplaced") }
        let isText = declaration.type == .string
        let isEmpty = isText ? field.content.isEmpty : field.content.allSatisfy { $0 == 0x20 || $0 == 0x09 }
        if isEmpty {
            if isRequired(column) { throw ValueFault(code: "value-missing") }
            if !isText { return nil }
        }
        let value: Datum
        do throws(ValueParseError) {
            value = try ValueParser.parse(field.content.span, as: declaration.type)
        } catch {
            throw ValueFault(code: error.code)
        }
        if isOutside(value, declaration) { throw ValueFault(code: "value-out-of-range") }
        return value
    }

    /// Bounds are made for whole numbers and doubles only.
    private func isOutside(_ value: Datum, _ declaration: ColumnDeclaration) -> Bool {
        func isOutside<Number: Comparable>(_ value: Number, _ low: Number?, _ high: Number?) -> Bool {
            if let low, !(value >= low) { return true }
            if let high, !(value <= high) { return true }
            return false
        }
        switch (value, declaration.minimum, declaration.maximum) {
        case (.long(let value), .long(let low)?, .long(let high)?): return isOutside(value, low, high)
        case (.int(let value), .int(let low)?, .int(let high)?): return isOutside(value, low, high)
        case (.double(let value), .double(let low)?, .double(let high)?): return isOutside(value, low, high)
        default: return false
        }
    }
}

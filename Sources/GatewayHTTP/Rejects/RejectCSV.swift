import Ingestion

/// Refused rows as one CSV file: the table's columns in their order, and the columns `dipper_error` and
/// `dipper_reject` behind them; the latter names the reject, for its replay.
///
/// 1. A row whose quotes are in order is taken apart at its own file's delimiter, its fields are put under their columns,
///    and it is written with commas: every field keeps its bytes, whatever the file looked like.
/// 2. A row with another number of fields than its file has columns keeps them in order; `dipper_error` comes behind.
/// 3. A row that can't be taken apart stands whole in the first column.
struct RejectCSV: Sendable {
    static let errorColumn = "dipper_error"
    static let rejectColumn = RejectIdentity.field

    let header: [String]
    let text: CSVText

    func appendHeader(to bytes: inout [UInt8]) {
        text.append(header: header + [Self.errorColumn, Self.rejectColumn], to: &bytes)
    }

    func append(_ record: RejectRecord, to bytes: inout [UInt8]) {
        var fields = Self.fields(record.raw, delimiter: record.delimiter) ?? [record.raw]
        if let columns = record.fileColumns, columns.count == fields.count {
            fields = header.map { name in columns.firstIndex(of: name).map { fields[$0] } ?? [] }
        }
        while fields.count < header.count { fields.append([]) }
        for field in fields {
            if !field.isEmpty { text.append(field: field, to: &bytes) }
            bytes.append(UInt8(ascii: ","))
        }
        let place = record.column.map { " (column \($0))" } ?? ""
        let line = record.line.map { " (line \($0))" } ?? ""
        let cut = record.isRawTruncated ? " (the row was cut)" : ""
        text.append(text: "\(record.code): \(record.message)\(place)\(line)\(cut)", to: &bytes)
        bytes.append(UInt8(ascii: ","))
        if let sha256 = record.fileSHA256, let offset = record.byteOffset {
            text.append(
                text: RejectIdentity(sha256: sha256, byteOffset: offset, code: record.code).text, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// The fields of one row without their quotes; `nil` when the quotes are not in order.
    static func fields(_ raw: [UInt8], delimiter: UInt8) -> [[UInt8]]? {
        let quote = UInt8(ascii: "\"")
        var fields: [[UInt8]] = []
        var index = 0
        while true {
            var field: [UInt8] = []
            if index < raw.count, raw[index] == quote {
                index += 1
                while true {
                    guard index < raw.count else { return nil }
                    if raw[index] == quote {
                        index += 1
                        guard index < raw.count, raw[index] == quote else { break }
                    }
                    field.append(raw[index])
                    index += 1
                }
                guard index == raw.count || raw[index] == delimiter else { return nil }
            } else {
                while index < raw.count, raw[index] != delimiter {
                    guard raw[index] != quote else { return nil }
                    field.append(raw[index])
                    index += 1
                }
            }
            fields.append(field)
            guard index < raw.count else { return fields }
            index += 1
        }
    }
}

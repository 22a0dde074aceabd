import Observability
import QueryEngine

/// Writes CSV (RFC 4180, UTF-8, LF line ends) that is safe to open in a spreadsheet.
struct CSVText: Sendable {
    static let contentType = "text/csv"
    static let fullContentType = "text/csv; charset=utf-8; header=present"

    /// Whether text that a spreadsheet would take for a formula (a leading `=`, `+`, `-`, `@`, tab or carriage return,
    /// unless it is a plain number) gets a `'` in front, as does what would then look like it. Numbers are never touched.
    var escapesFormulas = true

    func append(header: [String], to bytes: inout [UInt8]) {
        for (index, name) in header.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(text: name, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// A null is an empty field, an empty text two quotes.
    func append(_ row: [QueryValue], to bytes: inout [UInt8]) {
        for (index, value) in row.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            switch value {
            case .null: break
            case .boolean(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
            case .integer(let value): JSONText.appendInteger(value, to: &bytes)
            case .double(let value): bytes.append(contentsOf: Self.text(value).utf8)
            case .text(let text): append(text: text, to: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    func append(text: String, to bytes: inout [UInt8]) { append(field: Array(text.utf8), to: &bytes) }

    func append(field: some BidirectionalCollection<UInt8>, to bytes: inout [UInt8]) {
        let isFormula =
            escapesFormulas
            && (Self.looksLikeFormula(field)
                || (field.first == UInt8(ascii: "'") && Self.looksLikeFormula(field.dropFirst())))
        let needsQuotes =
            field.isEmpty || isFormula || field.first == UInt8(ascii: " ") || field.last == UInt8(ascii: " ")
            || field.contains {
                $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0A || $0 == 0x0D
            }
        if needsQuotes { bytes.append(UInt8(ascii: "\"")) }
        if isFormula { bytes.append(UInt8(ascii: "'")) }
        for byte in field {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        if needsQuotes { bytes.append(UInt8(ascii: "\"")) }
    }

    static func looksLikeFormula(_ field: some Collection<UInt8>) -> Bool {
        switch field.first {
        case UInt8(ascii: "="), UInt8(ascii: "@"), 0x09, 0x0D: true
        case UInt8(ascii: "+"), UInt8(ascii: "-"): Double(String(decoding: field, as: UTF8.self)) == nil
        default: false
        }
    }

    private static func text(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : value.description
    }
}

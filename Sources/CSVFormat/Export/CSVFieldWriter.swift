/// Writes fields and rows by RFC 4180.
package struct CSVFieldWriter: Sendable {
    /// What a row ends with: RFC 4180 says CR LF.
    package static let rowEndDefault: [UInt8] = [0x0D, 0x0A]

    private let delimiter: UInt8
    private let quote: UInt8
    private let escapesFormulas: Bool
    private let rowEnd: [UInt8]
    private var isFirst = true

    /// - Parameter escapesFormulas: puts a `'` before text that a spreadsheet would work as a formula, which begins with
    ///   `=`, `+`, `-`, `@`, a tab or CR. The text then does not read back as it was.
    package init(
        delimiter: UInt8 = UInt8(ascii: ","), quote: UInt8 = UInt8(ascii: "\""), escapesFormulas: Bool = false,
        rowEnd: [UInt8] = Self.rowEndDefault
    ) {
        self.delimiter = delimiter
        self.quote = quote
        self.escapesFormulas = escapesFormulas
        self.rowEnd = rowEnd
    }

    /// Appends a text field, quoted when it must be; an empty one as `""`, so that it is not read as null.
    package mutating func append(_ text: String, to bytes: inout [UInt8]) { append(Array(text.utf8), to: &bytes) }

    /// Appends a text field, quoted when it must be; an empty one as `""`, so that it is not read as null.
    package mutating func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        appendDelimiter(&bytes)
        let isFormula = escapesFormulas && Self.isFormula(text)
        let needsQuotes =
            text.isEmpty || text.contains { $0 == delimiter || $0 == quote || $0 == 0x0A || $0 == 0x0D }
        if !needsQuotes {
            if isFormula { bytes.append(UInt8(ascii: "'")) }
            bytes.append(contentsOf: text)
            return
        }
        bytes.append(quote)
        if isFormula { bytes.append(UInt8(ascii: "'")) }
        for byte in text {
            if byte == quote { bytes.append(quote) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }

    /// Appends a field whose text is known to need neither quotes nor an escape: a number, a date.
    package mutating func append(plain text: String, to bytes: inout [UInt8]) {
        appendDelimiter(&bytes)
        bytes.append(contentsOf: text.utf8)
    }

    /// Appends a null: an empty field.
    package mutating func appendNull(to bytes: inout [UInt8]) { appendDelimiter(&bytes) }

    /// Ends the row.
    package mutating func endRow(_ bytes: inout [UInt8]) {
        bytes.append(contentsOf: rowEnd)
        isFirst = true
    }

    private mutating func appendDelimiter(_ bytes: inout [UInt8]) {
        if !isFirst { bytes.append(delimiter) }
        isFirst = false
    }

    /// Whether a spreadsheet would take the text for a formula.
    package static func isFormula(_ text: [UInt8]) -> Bool {
        switch text.first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0D: true
        default: false
        }
    }
}

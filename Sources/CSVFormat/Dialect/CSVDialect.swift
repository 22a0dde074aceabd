/// How the rows of a file end.
package enum LineEnding: String, Sendable, Hashable, CaseIterable { case lf, crlf, cr, mixed }

/// How a file writes rows and fields.
package struct CSVDialect: Sendable, Hashable {
    package static let quoteDefault = UInt8(ascii: "\"")

    package var delimiter: UInt8
    package var quote: UInt8
    package var hasHeader: Bool
    package var hasByteOrderMark: Bool
    /// What the sniffed rows end with. For the record only: the scanner takes any mixture.
    package var lineEnding: LineEnding

    package init(
        delimiter: UInt8 = UInt8(ascii: ","), quote: UInt8 = Self.quoteDefault, hasHeader: Bool = false,
        hasByteOrderMark: Bool = false, lineEnding: LineEnding = .lf
    ) {
        self.delimiter = delimiter
        self.quote = quote
        self.hasHeader = hasHeader
        self.hasByteOrderMark = hasByteOrderMark
        self.lineEnding = lineEnding
    }

    /// The delimiter for people: the character, or `\t`.
    package var delimiterText: String { Self.text(ofDelimiter: delimiter) }

    static func text(ofDelimiter delimiter: UInt8) -> String {
        delimiter == UInt8(ascii: "\t") ? "\\t" : String(UnicodeScalar(delimiter))
    }
}

/// What the caller knows better than the sniffer.
package struct CSVOverrides: Sendable, Hashable {
    package var delimiter: UInt8?
    package var quote: UInt8?
    package var header: Bool?
    /// Rows before the header or, without one, before the data; blank ones count.
    package var skipRows: Int?

    package init(delimiter: UInt8? = nil, quote: UInt8? = nil, header: Bool? = nil, skipRows: Int? = nil) {
        precondition(skipRows.map { $0 >= 0 } ?? true)
        self.delimiter = delimiter
        self.quote = quote
        self.header = header
        self.skipRows = skipRows
    }
}

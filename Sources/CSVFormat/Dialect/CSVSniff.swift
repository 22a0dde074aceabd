/// How a file is to be read, and why.
package struct CSVSniff: Sendable, Hashable {
    package var dialect: CSVDialect
    /// One sentence a decision, for the receipt.
    package var evidence: [String]
    /// The header's names without surrounding spaces, `nil` for a file without one.
    package var header: [String]?
    /// Where the first data row starts in the file.
    package var dataOffset: Int
    /// Its line, 1-based.
    package var dataLine: Int
    package var layout: CSVLayout

    package init(
        dialect: CSVDialect, evidence: [String] = [], header: [String]? = nil, dataOffset: Int = 0, dataLine: Int = 1,
        layout: CSVLayout
    ) {
        self.dialect = dialect
        self.evidence = evidence
        self.header = header
        self.dataOffset = dataOffset
        self.dataLine = dataLine
        self.layout = layout
    }
}

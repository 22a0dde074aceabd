/// How a file is written, found out from its rows alone, for callers that know no table for it.
///
/// Delimiter and quote are those with which most rows have the same number of fields and no quote stands in the middle
/// of a field. Rows before the first one with more than one value are a preamble, when the others have three or more.
package struct CSVInspection: Sendable, Hashable {
    package let dialect: CSVDialect
    /// Rows before the table, blank ones too.
    package let preambleRowCount: Int
    /// Where the first row of the table starts in the file, and its 1-based line.
    package let tableOffset: Int
    package let tableLine: Int
    /// The cells of the table's first row, which may be a header: their text without quotes, the raw text of a cell that
    /// is badly quoted.
    package let firstRow: [String]
    /// The most frequent number of fields of a row.
    package let fieldCount: Int

    private static let preambleRowsMax = 20

    /// - Parameters:
    ///   - prefix: the first bytes of the file, of which ``CSVSniffer/prefixBytesMax`` are looked at.
    ///   - overrides: what is known; `header` plays no part.
    /// - Throws: ``CSVError`` for bytes that are no CSV, or when there is no row.
    package init(_ prefix: [UInt8], isWholeFile: Bool, overrides: CSVOverrides = CSVOverrides()) throws {
        try CSVSniffer.check(overrides)
        let bytes = Array(prefix.prefix(CSVSniffer.prefixBytesMax))
        try BinarySignature.check(bytes)
        let start = Preamble(bytes)
        let choice = DialectChoice(
            Array(bytes[start.byteCount...]), isWholeFile: isWholeFile && bytes.count == prefix.count,
            delimiter: overrides.delimiter ?? start.delimiter(quote: overrides.quote), quote: overrides.quote
        ) { DialectChoice.Score($0) }
        let sample = choice.sample
        let count = overrides.skipRows ?? Self.preambleRowCount(sample)
        guard let first = sample.rows.dropFirst(count).firstIndex(where: { !$0.isBlank }) else {
            throw CSVError(.empty, "the file has nothing but empty rows", remedy: "use a file with at least a header")
        }
        dialect = CSVDialect(
            delimiter: sample.delimiter, quote: sample.quote, hasByteOrderMark: start.hasByteOrderMark,
            lineEnding: sample.lineEnding)
        preambleRowCount = first
        let row = sample.rows[first]
        tableOffset = start.byteCount + row.range.lowerBound
        tableLine = 1 + start.lineCount + row.line
        firstRow = row.fields.map { sample.text($0) ?? String(decoding: sample.bytes[$0], as: UTF8.self) }
        var score = DialectChoice.Score(sample)
        score.fieldCount = max(score.fieldCount, 1)
        fieldCount = score.evenRows > 0 ? score.fieldCount : row.fields.count
    }

    private static func preambleRowCount(_ sample: SampleRows) -> Int {
        let valueCounts = sample.rows.map { row in row.fields.count { !$0.isEmpty } }
        let widest = valueCounts.max() ?? 0
        guard widest >= 3, let first = valueCounts.prefix(preambleRowsMax).firstIndex(where: { $0 > 1 }) else {
            return 0
        }
        // A blank row alone is none.
        return valueCounts[..<first].contains(1) ? first : 0
    }
}

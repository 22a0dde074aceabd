/// Rows above the header that say something about the file and hold none of its data: titles, dates, blank rows.
struct PreambleRows {
    /// Rows of the sample that are left out.
    private(set) var rowCount = 0
    /// The first row behind them that is not blank, `nil` when there is none.
    private(set) var first: Int?
    private(set) var evidence: [String] = []

    /// Rows that are looked at for a header.
    private static let rowsMax = 20

    /// - Complexity: O(fields of the first rows).
    /// - Throws: ``CSVError`` `skip-rows-invalid`.
    init(_ sample: SampleRows, rules: [ColumnRule], table: CSVTable, overrides: CSVOverrides) throws(CSVError) {
        if let asked = overrides.skipRows {
            if asked > sample.rows.count {
                throw CSVError(
                    .skipRowsInvalid,
                    "\(asked) rows are to be left out where \(sample.rows.count) complete rows were looked at",
                    remedy: "leave out at most \(SampleRows.rowsMax) rows, and no more than the file has")
            }
            rowCount = asked
            if asked > 0 { evidence.append("the first \(asked) rows are left out: as asked for") }
        } else if overrides.header != false, let header = Self.header(sample, rules: rules, table: table) {
            rowCount = header
            evidence.append(
                "the first \(header) rows are left out: they hold no values, and the row behind them names the "
                    + "table's columns")
        }
        first = sample.rows[rowCount...].firstIndex { !$0.isBlank }
    }

    /// The cells of the rows that may be the header.
    static func headerCandidates(_ sample: SampleRows, table: CSVTable, skipRows: Int?) -> [HeaderMatch] {
        var matches: [HeaderMatch] = []
        for row in sample.rows.dropFirst(skipRows ?? 0).prefix(rowsMax) where !row.isBlank {
            let match = HeaderMatch(table: table, cells: row.fields.map { sample.text($0) ?? "" }, line: 1)
            // The first row may name some columns; one behind it names columns and nothing else.
            if matches.isEmpty || isWhole(match) { matches.append(match) }
        }
        return matches
    }

    /// The row behind others that is the header without doubt, `nil` when there is none.
    private static func header(_ sample: SampleRows, rules: [ColumnRule], table: CSVTable) -> Int? {
        for (index, row) in sample.rows.prefix(rowsMax).enumerated() where !row.isBlank {
            let match = HeaderMatch(table: table, cells: row.fields.map { sample.text($0) ?? "" }, line: 1)
            if isWhole(match) { return index == 0 || isBlank(sample, before: index) ? nil : index }
            // What comes behind a row of data, or behind another header, is no header; a title has few cells.
            let valueCount = row.fields.count { !$0.isEmpty }
            if match.matchedCount > 0 || valueCount * 2 > table.columns.count || sample.isTyped(row, rules) {
                return nil
            }
        }
        return nil
    }

    private static func isBlank(_ sample: SampleRows, before index: Int) -> Bool {
        sample.rows[..<index].allSatisfy(\.isBlank)
    }

    /// Whether the row names two columns or all, and nothing else.
    private static func isWhole(_ match: HeaderMatch) -> Bool {
        match.matchedCount == match.namedCount && match.matchedCount >= min(2, match.table.columns.count)
            && match.matchedCount == match.names.count
    }
}

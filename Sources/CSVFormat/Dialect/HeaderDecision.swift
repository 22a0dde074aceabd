import LakeModel

/// Whether the first row that is not blank is a header.
struct HeaderDecision {
    /// The header, `nil` when the row is data.
    let match: HeaderMatch?
    let evidence: [String]

    /// - Parameters:
    ///   - first: the index of the row in the sample.
    ///   - lineCount: lines before the sample.
    /// - Throws: ``CSVError`` for a header of another table.
    init(
        sample: SampleRows, first: Int, rules: [ColumnRule], table: CSVTable, asked: Bool?, lineCount: Int
    ) throws(CSVError) {
        let row = sample.rows[first]
        let line = 1 + lineCount + row.line
        if asked == false {
            match = nil
            evidence = ["no header: as asked for; fields are the declared columns in order"]
            return
        }
        let cells = row.fields.map { sample.text($0) ?? "" }
        let names = HeaderMatch(table: table, cells: cells, line: line)
        let matched = "\(names.matchedCount) of \(names.namedCount) names in line \(line) are columns of the table"
        if asked == true {
            match = names
            evidence = ["header: as asked for; \(matched)"]
            return
        }
        let isTyped = sample.isTyped(row, rules)
        let isSurelyData = isTyped && Self.hasTypedValue(row, rules)
        if names.matchedCount > 0, names.matchedCount == names.namedCount || !isSurelyData {
            match = names
            evidence = ["header: \(matched)"]
            return
        }
        if !isTyped, names.matchedCount == 0 {
            let others = sample.rows[(first + 1)...].filter { !$0.isBlank }
            let typedCount = others.count { sample.isTyped($0, rules) }
            if typedCount * 2 > others.count {
                throw CSVError(
                    .headerMismatch,
                    "line \(line) is no data row, but \(typedCount) of the \(others.count) rows behind it are: it seems "
                        + "to be a header, and none of its names is a column of the table",
                    remedy: "the table's columns are \(table.columnsText); correct the header, or say header=false to "
                        + "read the line as data",
                    place: Place(line: line))
            }
        }
        match = nil
        evidence = [
            isTyped
                ? "no header: line \(line) holds values; fields are the declared columns in order"
                : "no header: line \(line) names no column; fields are the declared columns in order"
        ]
    }

    /// Whether a column that is no string has a value, so that the row is no accident.
    private static func hasTypedValue(_ row: SampleRows.Row, _ rules: [ColumnRule]) -> Bool {
        zip(row.fields, rules).contains { !$0.isEmpty && $1.type != .string }
    }
}

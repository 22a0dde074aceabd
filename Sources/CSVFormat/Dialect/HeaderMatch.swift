import LakeModel

/// Matches a header's cells to the declared columns.
struct HeaderMatch {
    let table: CSVTable
    /// The cells' names, trimmed, those of a trailing delimiter left out.
    let names: [String]
    /// For each name the declared column.
    let columns: [Int?]
    /// 1-based.
    let line: Int

    init(table: CSVTable, cells: [String], line: Int) {
        self.table = table
        self.line = line
        var names = cells.map { CSVTable.trimmed($0) }
        while names.count > 1, names.last == "" { names.removeLast() }
        self.names = names
        columns = names.map { table.column(named: $0) }
    }

    var matchedCount: Int { Set(columns.compactMap { $0 }).count }
    var namedCount: Int { names.count { !$0.isEmpty } }

    /// The file's layout.
    /// - Throws: ``CSVError`` for names that are doubled, unknown or missing.
    func layout() throws(CSVError) -> CSVLayout {
        if matchedCount == 0 {
            throw mismatch("none of the header's names (\(list(names))) is a column of the table")
        }
        try checkDuplicates()
        var undeclared: [CSVLayout.Undeclared] = []
        for (field, name) in names.enumerated() where columns[field] == nil {
            undeclared.append(.init(name: name, field: field))
        }
        if table.undeclared == .reject, let first = undeclared.first {
            let which = first.name.isEmpty ? "column \(first.field + 1) without a name" : "\"\(first.name)\""
            throw CSVError(
                .headerColumnUnknown, "the header names \(which), which the table does not declare",
                remedy: "the table's columns are \(table.columnsText); rename or remove the column, declare it in the "
                    + "model file, or set the table's undeclared columns to ignore",
                place: Place(line: line, column: first.name))
        }
        let columnFields = table.columns.indices.map { column in columns.firstIndex { $0 == column } }
        let missing = table.columns.indices.filter { columnFields[$0] == nil && table.isRequired($0) }
        if !missing.isEmpty {
            throw mismatch(
                "the header (\(list(names))) lacks the required \(missing.count == 1 ? "column" : "columns") "
                    + list(missing.map { table.columns[$0].name }))
        }
        return CSVLayout(fieldCount: names.count, columnFields: columnFields, undeclared: undeclared)
    }

    private func mismatch(_ message: String) -> CSVError {
        CSVError(
            .headerMismatch, message,
            remedy: "the table's columns are \(table.columnsText); correct the header, or say header=false when the "
                + "first row is data in this order",
            place: Place(line: line))
    }

    private func checkDuplicates() throws(CSVError) {
        var seen: [String: String] = [:]
        for (field, name) in names.enumerated() where !name.isEmpty {
            let identity = columns[field].map { "column \($0)" } ?? "name \(CSVTable.folded(name))"
            if let other = seen.updateValue(name, forKey: identity) {
                throw CSVError(
                    .headerColumnDuplicate,
                    other == name
                        ? "the header names \"\(name)\" twice"
                        : "the header names one column twice, as \"\(other)\" and as \"\(name)\"",
                    remedy: "leave only one of the two columns", place: Place(line: line, column: name))
            }
        }
    }

    private func list(_ names: [String]) -> String { names.map { "\"\($0)\"" }.joined(separator: ", ") }
}

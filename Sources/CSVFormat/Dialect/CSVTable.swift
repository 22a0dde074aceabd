package import LakeModel

/// What the reader needs to know of the table that a file is for.
package struct CSVTable: Sendable, Hashable {
    package let columns: [ColumnDeclaration]
    package let key: [String]
    package let undeclared: UndeclaredColumns

    package init(columns: [ColumnDeclaration], key: [String], undeclared: UndeclaredColumns) {
        self.columns = columns
        self.key = key
        self.undeclared = undeclared
    }

    package init(_ table: TableDeclaration) {
        self.init(columns: table.columns, key: table.key, undeclared: table.undeclaredColumns)
    }

    /// Whether a row without this column's value is refused.
    func isRequired(_ column: Int) -> Bool { columns[column].required || key.contains(columns[column].name) }

    /// The column that a header cell names, by name before alias, without regard to case and surrounding spaces.
    func column(named cell: String) -> Int? {
        let wanted = Self.folded(cell)
        if wanted.isEmpty { return nil }
        return columns.firstIndex { Self.folded($0.name) == wanted }
            ?? columns.firstIndex { $0.aliases.contains { Self.folded($0) == wanted } }
    }

    /// The names for a message: `id, name, hire_datetime (or datetime, hire_date)`.
    var columnsText: String {
        columns.map { $0.aliases.isEmpty ? $0.name : "\($0.name) (or \($0.aliases.joined(separator: ", ")))" }
            .joined(separator: ", ")
    }

    static func folded(_ name: String) -> String { trimmed(name).lowercased() }

    /// `name` without surrounding spaces, tabs and no-break spaces.
    static func trimmed(_ name: String) -> String {
        let isSpace: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\u{A0}" }
        let scalars = name.unicodeScalars.drop(while: isSpace)
        var end = scalars.endIndex
        while end > scalars.startIndex {
            let before = scalars.index(before: end)
            guard isSpace(scalars[before]) else { break }
            end = before
        }
        return String(String.UnicodeScalarView(scalars[..<end]))
    }
}

/// Which field of the file holds which declared column.
package struct CSVLayout: Sendable, Hashable {
    /// A header column that the table does not declare.
    package struct Undeclared: Sendable, Hashable {
        /// As the header writes it, without surrounding spaces.
        package let name: String
        /// 0-based field of the file.
        package let field: Int

        package init(name: String, field: Int) {
            self.name = name
            self.field = field
        }
    }

    /// Fields that a row is expected to have. Further ones are tolerated while they are empty.
    package let fieldCount: Int
    /// For each declared column the 0-based field of the file, `nil` where the file lacks the column.
    package let columnFields: [Int?]
    package let undeclared: [Undeclared]

    package init(fieldCount: Int, columnFields: [Int?], undeclared: [Undeclared] = []) {
        precondition(fieldCount > 0 && columnFields.allSatisfy { $0.map { (0..<fieldCount).contains($0) } ?? true })
        self.fieldCount = fieldCount
        self.columnFields = columnFields
        self.undeclared = undeclared
    }

    /// A file whose fields are the declared columns in declared order.
    package static func positional(columnCount: Int) -> CSVLayout {
        CSVLayout(fieldCount: columnCount, columnFields: (0..<columnCount).map { $0 })
    }
}

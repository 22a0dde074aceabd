package import QueryEngine

/// Point reads from the operational store.
package protocol RowReading: Sendable {
    /// - Parameter key: one text a key column, in the declared order, as the path gave it.
    /// - Throws: `unknown-table`, `table-without-key`, `key-invalid`.
    /// - Returns: `nil` when no row has that key.
    func row(of table: String, key: [String]) async throws -> RowDocument?
}

/// A row with the names of its columns, in the declared order.
package struct RowDocument: Sendable, Hashable {
    package var columns: [String]
    package var values: [QueryValue]

    package init(columns: [String], values: [QueryValue]) {
        precondition(columns.count == values.count)
        self.columns = columns
        self.values = values
    }
}

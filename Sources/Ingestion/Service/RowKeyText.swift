import CSVFormat
import LakeModel

/// A row's key as a client names it.
enum RowKeyText {
    /// - Returns: one row of the declared columns, only those of the key filled.
    /// - Throws: ``IngestionError`` `table-without-key`, `key-invalid`.
    static func parse(_ texts: [String], of table: TableDeclaration) throws -> ColumnBatch {
        let keyColumns = table.keyColumns
        guard !keyColumns.isEmpty else {
            throw IngestionError(
                code: "table-without-key", message: "\(table.name) has no key",
                remedy: "declare a key in the model; only rows of such tables can be named")
        }
        guard texts.count == keyColumns.count else {
            throw IngestionError(
                code: "key-invalid",
                message:
                    "the key of \(table.name) has the \(keyColumns.count) columns \(table.key.joined(separator: ", "))",
                remedy: "give one value for each, with commas between them")
        }
        var columns = table.columns.map { BatchColumn(type: $0.type, rowCapacity: 1) }
        for (text, column) in zip(texts, keyColumns) {
            do throws(ValueParseError) {
                columns[column].append(try ValueParser.parse(text, as: table.columns[column].type))
            } catch {
                throw IngestionError(
                    code: "key-invalid", message: "`\(table.columns[column].name)`: \(error.message)",
                    remedy: "send a \(table.columns[column].type)")
            }
        }
        for column in columns.indices where columns[column].count == 0 { columns[column].appendNull() }
        return ColumnBatch(columns: columns.map { $0.finish() }, rowCount: 1)
    }
}

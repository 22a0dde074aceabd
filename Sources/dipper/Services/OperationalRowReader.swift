import CSVFormat
import GatewayHTTP
import LakeModel
import OperationalStore
import QueryEngine

/// Point reads by key.
struct OperationalRowReader: RowReading {
    let model: LakeDeclaration
    let store: any OperationalStore

    func row(of table: String, key: [String]) async throws -> RowDocument? {
        guard let declaration = model.table(named: table) else {
            throw QueryError(
                code: "unknown-table", message: "there is no table `\(table)`",
                remedy: "use one of: \(model.tables.map(\.name).joined(separator: ", "))")
        }
        guard !declaration.key.isEmpty, declaration.operational else {
            throw QueryError(
                code: "table-without-key", message: "rows of \(table) cannot be read by key",
                remedy: "declare a key and `operational: true` in the model, or use POST /api/v2/query")
        }
        guard key.count == declaration.keyColumns.count else {
            throw QueryError(
                code: "key-invalid", message: "the key of \(table) is (\(declaration.key.joined(separator: ", ")))",
                remedy: "give one value for each of its columns")
        }
        let values = try zip(key, declaration.keyColumns).map { text, column in
            do {
                return try ValueParser.parse(text, as: declaration.columns[column].type)
            } catch let error as ValueParseError {
                throw QueryError(
                    code: "key-invalid", message: "`\(declaration.columns[column].name)`: \(error.message)",
                    remedy: "send a \(declaration.columns[column].type)")
            }
        }
        guard let row = try await store.row(table: table, key: values) else { return nil }
        return RowDocument(
            columns: declaration.columns.map(\.name),
            values: zip(row, declaration.columns).map { QueryValue($0, type: $1.type) })
    }
}

extension QueryValue {
    /// Numbers stay numbers; times, decimals and bytes become text.
    init(_ datum: Datum?, type: PrimitiveType) {
        switch (datum, type) {
        case (.int, .date), (.long, .time), (.long, .timestamp), (.long, .timestamptz), (.decimal, _), (.bytes, _):
            self = datum.map { .text(ValueFormatter.text($0, type: type)) } ?? .null
        default: self.init(datum)
        }
    }
}

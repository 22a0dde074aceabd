/// The SQL that makes a table of data files and position deletes readable under its name.
///
/// Columns are found by field id, as Iceberg defines it, so a renamed column keeps its data and a file that lacks a
/// newer column gives nulls. Files without field ids (written by an engine that leaves them out) are read by column
/// name instead.
struct TableSQL {
    /// A set of files that are read in one way.
    struct FileGroup {
        var files: [String]
        /// `nil` when the files carry field ids; else the names of their columns, in lower case.
        var columnNames: Set<String>?
        /// Whether position deletes apply.
        var hasDeletes: Bool
    }

    var namespace: String
    var name: String
    var fields: [WireField]
    var deleteFiles: [String]
    var locationScheme: String
    /// What local paths hold in its place.
    var locationRoot: String

    /// Whether the columns can be asked for by field id: the engine's schema argument takes flat types only.
    var canReadByFieldID: Bool { fields.allSatisfy { !$0.isNested } }

    var createSchema: String { "CREATE SCHEMA IF NOT EXISTS \(Self.quoted(namespace))" }

    /// - Complexity: O(text of all file names).
    func createView(groups: [FileGroup]) -> String {
        let head = "CREATE OR REPLACE VIEW \(Self.quoted(namespace)).\(Self.quoted(name)) AS "
        let selects = groups.filter { !$0.files.isEmpty }.map { select($0) }
        return head + (selects.isEmpty ? emptySelect : selects.joined(separator: " UNION ALL "))
    }

    private var emptySelect: String {
        let columns = fields.map { "NULL::\($0.type) AS \(Self.quoted($0.name))" }
        return "SELECT \(columns.joined(separator: ", ")) WHERE false"
    }

    private func select(_ group: FileGroup) -> String {
        let columns = fields.map { field -> String in
            let source: String
            if let names = group.columnNames {
                source = names.contains(field.name.lowercased()) ? "d.\(Self.quoted(field.name))" : "NULL"
            } else {
                source = "d.\(Self.columnAlias(field))"
            }
            return "\(source)::\(field.type) AS \(Self.quoted(field.name))"
        }
        var arguments = [Self.list(group.files), "hive_partitioning = false"]
        arguments.append(group.columnNames == nil ? "schema = \(schemaArgument)" : "union_by_name = true")
        var text = "SELECT \(columns.joined(separator: ", ")) FROM read_parquet(\(arguments.joined(separator: ", "))) d"
        if group.hasDeletes, !deleteFiles.isEmpty {
            text +=
                " ANTI JOIN (\(deletes)) x ON d.\(Self.fileNameColumn) = x.data_file AND d.\(Self.rowNumberColumn) = x.position"
        }
        return text
    }

    private var schemaArgument: String {
        let entries = fields.map {
            "\($0.id): {name: \(Self.literal(Self.columnAlias($0))), type: \(Self.literal($0.type)), default_value: NULL}"
        }
        return "MAP {\(entries.joined(separator: ", "))}"
    }

    /// Columns get names of our own inside, so that none hides the file name or the row number that deletes go by.
    private static func columnAlias(_ field: WireField) -> String { "c\(field.id)" }
    /// The engine's virtual columns. A file that is read by name must have none that is called so.
    static let fileNameColumn = "filename"
    static let rowNumberColumn = "file_row_number"

    /// Delete files name data files by location. Other engines write `file:/path` where we write `file:///path`: both
    /// become the plain path.
    private var deletes: String {
        let scheme = Self.literal(locationScheme)
        return "SELECT CASE WHEN starts_with(file_path, \(scheme)) "
            + "THEN \(Self.literal(locationRoot)) || substr(file_path, \(locationScheme.unicodeScalars.count + 1)) "
            + "WHEN starts_with(file_path, 'file:/') THEN '/' || ltrim(substr(file_path, 6), '/') "
            + "ELSE file_path END AS data_file, pos AS position "
            + "FROM read_parquet(\(Self.list(deleteFiles)), hive_partitioning = false, union_by_name = true)"
    }

    /// Which of `files` carry no field id.
    static func filesWithoutFieldIDs(_ files: [String]) -> String {
        "SELECT file_name FROM parquet_schema(\(list(files))) GROUP BY file_name HAVING count(field_id) = 0"
    }

    /// The column names of files that are read by name.
    static func columnNames(_ files: [String]) -> String {
        "SELECT column_name FROM (DESCRIBE SELECT * FROM "
            + "read_parquet(\(list(files)), hive_partitioning = false, union_by_name = true))"
    }

    static func list(_ files: [String]) -> String {
        "[\(files.map { literal(globEscaped($0)) }.joined(separator: ", "))]"
    }

    /// The engine takes `*`, `?` and `[` in a path for a pattern; as a class of one they stand for themselves.
    static func globEscaped(_ path: String) -> String {
        guard path.contains(where: { $0 == "*" || $0 == "?" || $0 == "[" }) else { return path }
        return path.reduce(into: "") { text, character in
            text += character == "*" || character == "?" || character == "[" ? "[\(character)]" : String(character)
        }
    }

    static func quoted(_ identifier: String) -> String { "\"\(identifier.replacing("\"", with: "\"\""))\"" }
    static func literal(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
}

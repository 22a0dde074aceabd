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
        var equalityDeletes: [WireRequest.EqualityDeletes] = []
    }

    var namespace: String
    var name: String
    var fields: [WireField]
    var deleteFiles: [String]
    var locationScheme: String
    /// What local paths hold in its place.
    var locationRoot: String
    /// Rows of a data file, on average; `nil`: not known. The engine knows of none by itself where columns are asked for by
    /// field id, and would join in an order that is good for empty tables.
    var rowsPerFile: Double?
    /// Read beside a large single file (``EmptyFile``).
    var emptyFile: String?

    /// Whether the columns can be asked for by field id: the engine's schema argument takes flat types only.
    var canReadByFieldID: Bool { fields.allSatisfy { !$0.isNested } }

    var createSchema: String { "CREATE SCHEMA IF NOT EXISTS \(Self.quoted(namespace))" }

    /// - Complexity: O(text of all file names).
    func createView(groups: [FileGroup]) -> String {
        let head = "CREATE OR REPLACE VIEW \(Self.quoted(namespace)).\(Self.quoted(name)) AS "
        let selects = groups.filter { !$0.files.isEmpty }.map { select($0) }
        return head + (selects.isEmpty ? emptySelect : selects.joined(separator: " UNION ALL "))
    }

    /// A table of rows that came as a JSON array of objects with the fields' names.
    /// - Complexity: O(text of all rows).
    func createTable(json: String) -> String {
        let types = fields.map { "\(Self.jsonText($0.name)): \(Self.jsonText($0.type))" }.joined(separator: ", ")
        let columns = fields.map { "r.\(Self.quoted($0.name))" }.joined(separator: ", ")
        return "CREATE OR REPLACE TABLE \(Self.quoted(namespace)).\(Self.quoted(name)) AS SELECT \(columns) FROM "
            + "(SELECT unnest(from_json(\(Self.literal(json)), \(Self.literal("[{\(types)}]")))) AS r)"
    }

    /// A view of a table of the attached database.
    func createView(attached: WireRequest.Attached) -> String {
        let columns = zip(attached.expressions, fields).map { "(\($0))::\($1.type) AS \(Self.quoted($1.name))" }
        return "CREATE OR REPLACE VIEW \(Self.quoted(namespace)).\(Self.quoted(name)) AS "
            + "SELECT \(columns.joined(separator: ", ")) FROM \(attached.name)"
    }

    private static func jsonText(_ text: String) -> String {
        var bytes: [UInt8] = []
        ValueText.appendQuoted(text.utf8, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
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
        var files = group.files
        if let emptyFile, files.count == 1, group.columnNames == nil,
            (rowsPerFile ?? 0) >= EmptyFile.rowsWorthwhile
        {
            files.append(emptyFile)
        }
        var arguments = [Self.list(files), "hive_partitioning = false"]
        arguments.append(
            group.columnNames == nil
                ? "schema = \(schemaArgument(group.extraFields(beside: fields)))" : "union_by_name = true")
        if group.columnNames == nil, let rowsPerFile {
            let rows = max(1, Int64(Double(group.files.count) * rowsPerFile))
            arguments.append("explicit_cardinality = \(rows)")
        }
        var text = "SELECT \(columns.joined(separator: ", ")) FROM read_parquet(\(arguments.joined(separator: ", "))) d"
        if group.hasDeletes, !deleteFiles.isEmpty {
            text +=
                " ANTI JOIN (\(deletes)) x ON d.\(Self.fileNameColumn) = x.data_file AND d.\(Self.rowNumberColumn) = x.position"
        }
        for (index, deletes) in group.equalityDeletes.enumerated() {
            text +=
                " ANTI JOIN (\(select(deletes))) e\(index) ON "
                + deletes.fields.map { field in
                    "\(column(field, in: group)) IS NOT DISTINCT FROM e\(index).\(Self.columnAlias(field))"
                }.joined(separator: " AND ")
        }
        return text
    }

    /// The values that equality deletes match rows by.
    private func select(_ deletes: WireRequest.EqualityDeletes) -> String {
        "SELECT DISTINCT \(deletes.fields.map(Self.columnAlias).joined(separator: ", ")) FROM "
            + "read_parquet(\(Self.list(deletes.files)), hive_partitioning = false, "
            + "schema = \(Self.schemaArgument(deletes.fields)))"
    }

    /// A field of the files as it is read, whether the table still has it or not.
    private func column(_ field: WireField, in group: FileGroup) -> String {
        guard let names = group.columnNames else { return "d.\(Self.columnAlias(field))" }
        return names.contains(field.name.lowercased()) ? "d.\(Self.quoted(field.name))::\(field.type)" : "NULL"
    }

    private func schemaArgument(_ extra: [WireField]) -> String { Self.schemaArgument(fields + extra) }

    private static func schemaArgument(_ fields: [WireField]) -> String {
        let entries = fields.map {
            "\($0.id): {name: \(literal(columnAlias($0))), type: \(literal($0.type)), default_value: NULL}"
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

extension TableSQL.FileGroup {
    /// Fields that equality deletes go by and the table has no more.
    func extraFields(beside fields: [WireField]) -> [WireField] {
        var known = Set(fields.map(\.id))
        return equalityDeletes.flatMap(\.fields).filter { known.insert($0.id).inserted }
    }
}

extension WireRequest.Definition {
    var rowsPerFile: Double? {
        let files = plainFiles.count + deletedFromFiles.count + equalityGroups.reduce(0) { $0 + $1.files.count }
        return files == 0 ? nil : rowCount.map { Double($0) / Double(files) }
    }
}

extension ModelFile {
    /// Reads one element of `tables:`.
    static func table(_ node: ModelNode) throws -> TableDeclaration {
        let fields = try node.fields([
            "name", "silver", "columns", "key", "derived", "partition", "sort", "references", "conflict", "operational",
            "undeclared",
        ])
        let name = try required("name", of: fields, in: node).name()
        var table = TableDeclaration(
            name: name, silverName: try fields["silver"]?.name() ?? "\(name)_cleaned",
            columns: try required("columns", of: fields, in: node).elements().map { try column($0) })
        if table.columns.isEmpty {
            throw node.failure("model-columns-empty", "a table has at least one column", remedy: "declare its columns")
        }
        table.derived = try fields["derived"]?.elements().map { try derived($0, columns: table.columns) } ?? []
        try checkUnique(table, node)
        table.key = try fields["key"]?.texts() ?? []
        table.partition = try fields["partition"]?.texts() ?? []
        table.sortOrder = try fields["sort"]?.texts() ?? []
        let declared = Set(table.columns.map(\.name))
        let all = declared.union(table.derived.map(\.name))
        try check(table.key, among: declared, fields["key"])
        try check(table.partition, among: all, fields["partition"])
        try check(table.sortOrder, among: all, fields["sort"])
        for column in table.columns where table.key.contains(column.name) {
            switch column.type {
            case .float, .double:
                throw node.failure(
                    "model-key-type", "`\(column.name)` is a \(column.type) and cannot be a key",
                    remedy: "key by an integer, string, date, decimal or uuid")
            default: break
            }
        }
        table.references = try fields["references"]?.elements().map { try reference($0, declared) } ?? []
        table.conflict = try fields["conflict"]?.choice(ConflictAction.self) ?? .replace
        table.operational = try fields["operational"]?.flag() ?? true
        table.undeclaredColumns = try fields["undeclared"]?.choice(UndeclaredColumns.self) ?? .reject
        if table.undeclaredColumns == .evolve, let field = fields["undeclared"] {
            throw field.failure(
                "model-not-built", "this version cannot `evolve` tables yet", remedy: "use `reject` or `ignore`")
        }
        return table
    }

    private static func column(_ node: ModelNode) throws -> ColumnDeclaration {
        let fields = try node.fields(["name", "aliases", "type", "required", "min", "max", "pattern", "doc"])
        let type = try type(required("type", of: fields, in: node))
        if let pattern = fields["pattern"] {
            guard type == .string else {
                throw pattern.failure("model-pattern", "a pattern needs a string column", remedy: "drop the pattern")
            }
            do {
                _ = try Regex(try pattern.text())
            } catch let error as ModelError {
                throw error
            } catch {
                throw pattern.failure(
                    "model-pattern", "the pattern is no regular expression: \(error)", remedy: "mend the expression")
            }
        }
        let minimum = try fields["min"].map { try bound($0, type) }
        let maximum = try fields["max"].map { try bound($0, type) }
        if let minimum, let maximum, let field = fields["max"], BoundText.isLess(maximum, minimum) {
            throw field.failure("model-range", "the range is empty", remedy: "let `min` be at most `max`")
        }
        return ColumnDeclaration(
            name: try required("name", of: fields, in: node).name(), aliases: try fields["aliases"]?.texts() ?? [],
            type: type, required: try fields["required"]?.flag() ?? false, minimum: minimum, maximum: maximum,
            pattern: try fields["pattern"]?.text(), doc: try fields["doc"]?.text())
    }

    private static func bound(_ node: ModelNode, _ type: PrimitiveType) throws -> Datum {
        let text = try node.text()
        guard let value = BoundText.datum(text, type) else {
            throw node.failure(
                "model-range", "`\(text)` is no bound for a \(type) column",
                remedy:
                    "bounds are for int, long, float, double, decimal, date and timestamp columns, written as in a file"
            )
        }
        return value
    }

    private static func derived(_ node: ModelNode, columns: [ColumnDeclaration]) throws -> DerivedColumn {
        let fields = try node.fields(["name", "part", "from"])
        let source = try required("from", of: fields, in: node)
        let name = try source.text()
        switch columns.first(where: { $0.name == name })?.type {
        case .date, .timestamp, .timestamptz: break
        default:
            throw source.failure(
                "model-derived-source", "`\(name)` is no date or timestamp column", remedy: "derive from one that is")
        }
        return DerivedColumn(
            name: try required("name", of: fields, in: node).name(),
            part: try required("part", of: fields, in: node).choice(DerivedColumn.Part.self), source: name)
    }

    private static func reference(_ node: ModelNode, _ declared: Set<String>) throws -> Reference {
        let fields = try node.fields(["column", "table", "action"])
        let column = try required("column", of: fields, in: node)
        try check([column.text()], among: declared, column)
        return Reference(
            column: try column.text(), table: try required("table", of: fields, in: node).name(),
            action: try fields["action"]?.choice(Reference.Action.self) ?? .warn)
    }

    private static func check(_ names: [String], among known: Set<String>, _ node: ModelNode?) throws {
        guard let node else { return }
        for name in names where !known.contains(name) {
            throw node.failure(
                "model-column-unknown", "there is no column `\(name)`",
                remedy: "use one of: \(known.sorted().joined(separator: ", "))")
        }
        if Set(names).count != names.count {
            throw node.failure("model-column-repeated", "a column stands here twice", remedy: "name each once")
        }
    }

    private static func checkUnique(_ table: TableDeclaration, _ node: ModelNode) throws {
        var seen: Set<String> = []
        let names = table.columns.flatMap { [$0.name] + $0.aliases } + table.derived.map(\.name)
        for name in names where !seen.insert(name.lowercased()).inserted {
            throw node.failure(
                "model-name-repeated", "two columns of `\(table.name)` go by the name `\(name)` (case does not count)",
                remedy: "rename a column or drop an alias")
        }
    }
}

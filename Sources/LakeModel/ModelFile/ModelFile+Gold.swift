extension ModelFile {
    /// Reads one element of `gold:`.
    static func gold(_ node: ModelNode) throws -> GoldDeclaration {
        let fields = try node.fields(["name", "doc", "from", "columns", "sql"])
        let columns = try fields["columns"]?.elements().map { try goldColumn($0) } ?? []
        var seen: Set<String> = []
        for column in columns where !seen.insert(column.name.lowercased()).inserted {
            throw node.failure(
                "model-name-repeated", "two columns go by the name `\(column.name)`", remedy: "rename one of them")
        }
        return GoldDeclaration(
            name: try required("name", of: fields, in: node).name(), doc: try fields["doc"]?.text() ?? "",
            from: try fields["from"]?.textOrTexts() ?? [], columns: columns,
            sql: try required("sql", of: fields, in: node).text())
    }

    private static func goldColumn(_ node: ModelNode) throws -> GoldDeclaration.Column {
        let fields = try node.fields(["name", "type", "doc"])
        let typeNode = try required("type", of: fields, in: node)
        let type = try type(typeNode)
        guard GoldDeclaration.sqlType(type) != nil else {
            throw typeNode.failure(
                "model-gold-type", "gold tables have no columns of type \(type)",
                remedy: "use boolean, int, long, float, double, decimal(P, S), date, timestamp, timestamptz or string")
        }
        return GoldDeclaration.Column(
            name: try required("name", of: fields, in: node).name(), type: type, doc: try fields["doc"]?.text())
    }

    /// Checks what gold tables are made of.
    static func validateGold(_ declaration: LakeDeclaration, _ node: ModelNode?) throws {
        guard let node else { return }
        for (table, node) in zip(declaration.gold, try node.elements()) {
            try checkFrom(table.from, declaration, node)
            try refuseQualifiedGold(table.sql, declaration, node)
            if table.from.isEmpty, declaration.inputs(of: table).isEmpty {
                throw node.failure(
                    "model-gold-inputs", "`\(table.name)` reads no declared table",
                    remedy: "name silver tables as silver.NAME, and gold tables under `from`")
            }
            if let cycle = cycle(through: table, declaration) {
                throw node.failure(
                    "model-gold-cycle", "`\(table.name)` is made of itself: \(cycle.joined(separator: " from "))",
                    remedy: "define one of them over silver")
            }
        }
    }

    private static func checkFrom(_ names: [String], _ declaration: LakeDeclaration, _ node: ModelNode) throws {
        for name in names where declaration.gold(named: name) == nil {
            throw node.failure(
                "model-gold-unknown", "there is no gold table `\(name)`",
                remedy: declaration.gold.isEmpty
                    ? "declare it under `gold:`"
                    : "use one of: \(declaration.gold.map(\.name).sorted().joined(separator: ", "))")
        }
        if Set(names).count != names.count {
            throw node.failure("model-column-repeated", "a table stands in `from` twice", remedy: "name each once")
        }
    }

    /// A gold table has to be computable from silver too, so that others name it in a way that can stand for both.
    private static func refuseQualifiedGold(
        _ sql: String, _ declaration: LakeDeclaration, _ node: ModelNode
    ) throws {
        let pairs = SQLNames.pairs(in: sql)
        for table in declaration.gold where pairs.contains("\(GoldDeclaration.namespace).\(table.name.lowercased())") {
            throw node.failure(
                "model-gold-reference", "the SQL names gold.\(table.name)",
                remedy: "write `from: [\(table.name)]`, and `\(table.name)` without `gold.` in the SQL")
        }
    }

    /// The way from a table back to itself.
    private static func cycle(through table: GoldDeclaration, _ declaration: LakeDeclaration) -> [String]? {
        var ways: [[String]] = [[table.name]]
        var seen: Set<String> = []
        while let way = ways.popLast() {
            for input in declaration.gold(named: way[way.count - 1])?.from ?? [] {
                if input == table.name { return way + [input] }
                if seen.insert(input).inserted { ways.append(way + [input]) }
            }
        }
        return nil
    }

    /// Reads one element of `analytics:`.
    /// - Parameter declaration: tables and gold tables.
    static func analytic(_ node: ModelNode, _ declaration: LakeDeclaration) throws -> AnalyticDeclaration {
        let fields = try node.fields(["name", "doc", "parameters", "from", "sql", "gold", "trino"])
        let parameters = try fields["parameters"]?.elements().map { node in
            let fields = try node.fields(["name", "type", "min", "max"])
            return AnalyticDeclaration.Parameter(
                name: try required("name", of: fields, in: node).name(),
                type: try type(required("type", of: fields, in: node)),
                minimum: try fields["min"]?.integer(), maximum: try fields["max"]?.integer())
        }
        let sqlNode = try required("sql", of: fields, in: node)
        let sql = try sqlNode.text()
        let from = try fields["from"]?.textOrTexts() ?? []
        try checkFrom(from, declaration, fields["from"] ?? node)
        try refuseQualifiedGold(sql, declaration, sqlNode)
        var analytic = AnalyticDeclaration(
            name: try required("name", of: fields, in: node).text(), doc: try fields["doc"]?.text() ?? "",
            parameters: parameters ?? [], sql: sql)
        if !from.isEmpty {
            analytic.sql = declaration.overSilver(sql, from: from)
            analytic.gold = .init(tables: from, sql: LakeDeclaration.overGold(sql, from: from))
        }
        if let gold = fields["gold"] {
            guard from.isEmpty else {
                throw gold.failure(
                    "model-gold-reference", "`gold` stands beside `from`",
                    remedy: "with `from` the question is put to gold by itself: take one of the two out")
            }
            analytic.gold = try overGold(gold, declaration)
        }
        if let trino = fields["trino"] { analytic.trino = try overTrino(trino, of: analytic, declaration) }
        return analytic
    }

    /// The same question for a cluster. It reads nothing that the SQL above it does not: what that reads is what an answer is
    /// known by.
    private static func overTrino(
        _ node: ModelNode, of analytic: AnalyticDeclaration, _ declaration: LakeDeclaration
    ) throws -> String {
        let sql = try node.text()
        let read = SQLNames.pairs(in: analytic.sql)
        let prefixes = [LakeDeclaration.silverNamespace, GoldDeclaration.namespace].map { $0 + "." }
        let named = SQLNames.pairs(in: sql).filter { pair in prefixes.contains { pair.hasPrefix($0) } }
        if let other = named.subtracting(read).min() {
            throw node.failure(
                "model-trino-reference", "the SQL for Trino names \(other), which `sql` does not read",
                remedy: "put the same question to the same silver tables in both")
        }
        guard !named.isEmpty else {
            throw node.failure(
                "model-trino-reference", "the SQL for Trino names no silver table",
                remedy: "name the tables as silver.NAME, without a catalog")
        }
        return sql
    }

    /// The same question in other words for gold.
    private static func overGold(
        _ node: ModelNode, _ declaration: LakeDeclaration
    ) throws -> AnalyticDeclaration.OverGold {
        let fields = try node.fields(["from", "sql"])
        let fromNode = try required("from", of: fields, in: node)
        let from = try fromNode.textOrTexts()
        try checkFrom(from, declaration, fromNode)
        let sqlNode = try required("sql", of: fields, in: node)
        let sql = try sqlNode.text()
        try refuseQualifiedGold(sql, declaration, sqlNode)
        guard !from.isEmpty else {
            throw fromNode.failure("model-gold-unknown", "no gold table is named", remedy: "name one at least")
        }
        return .init(tables: from, sql: LakeDeclaration.overGold(sql, from: from))
    }
}

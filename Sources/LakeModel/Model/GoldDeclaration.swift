/// A table of namespace `gold`, defined by SQL over silver tables and other gold tables.
package struct GoldDeclaration: Sendable, Hashable {
    /// A column that the table has in a declared type.
    package struct Column: Sendable, Hashable {
        package var name: String
        package var type: PrimitiveType
        package var doc: String?

        package init(name: String, type: PrimitiveType, doc: String? = nil) {
            self.name = name
            self.type = type
            self.doc = doc
        }
    }

    /// Where gold tables lie.
    package static let namespace = "gold"

    package var name: String
    package var doc: String
    /// Other gold tables, which the SQL names without a namespace.
    package var from: [String]
    /// Empty: as the engine types the result.
    package var columns: [Column]
    /// One SELECT without parameters, as declared.
    package var sql: String

    package init(name: String, doc: String = "", from: [String] = [], columns: [Column] = [], sql: String) {
        self.name = name
        self.doc = doc
        self.from = from
        self.columns = columns
        self.sql = sql
    }

    /// The SQL with its columns in their declared types.
    package var typedSQL: String {
        guard !columns.isEmpty else { return sql }
        let casts = columns.map { column in
            let name = SQLComposition.quoted(column.name)
            return "CAST(\(name) AS \(Self.sqlType(column.type) ?? "VARCHAR")) AS \(name)"
        }
        return "SELECT \(casts.joined(separator: ", ")) FROM (\n\(SQLComposition.body(sql))\n) AS definition"
    }

    /// The engine's name of a type that gold tables have; `nil` for those that they have not.
    package static func sqlType(_ type: PrimitiveType) -> String? {
        switch type {
        case .boolean: "BOOLEAN"
        case .int: "INTEGER"
        case .long: "BIGINT"
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .decimal(let precision, let scale): "DECIMAL(\(precision), \(scale))"
        case .date: "DATE"
        case .timestamp: "TIMESTAMP"
        case .timestamptz: "TIMESTAMP WITH TIME ZONE"
        case .string: "VARCHAR"
        case .time, .uuid, .fixed, .binary: nil
        }
    }
}

/// Puts SQL texts together by common table expressions: each stays as it is, and no name in it is replaced.
package enum SQLComposition {
    /// `sql` with tables of these names in front.
    package static func with(_ tables: [(name: String, body: String)], _ sql: String) -> String {
        guard !tables.isEmpty else { return body(sql) }
        // Filters of `sql` reach into the tables' bodies.
        let expressions = tables.map { "\(quoted($0.name)) AS NOT MATERIALIZED (\n\(body($0.body))\n)" }
        let front = expressions.joined(separator: ", ")
        let text = body(sql)
        guard let (isRecursive, rest) = SQLNames.behindWith(text) else { return "WITH \(front)\n\(text)" }
        return "WITH \(isRecursive ? "RECURSIVE " : "")\(front),\n\(rest)"
    }

    /// The text without semicolons at its end.
    static func body(_ sql: String) -> String {
        var text = sql[...]
        while let last = text.last, last.isWhitespace || last == ";" { text.removeLast() }
        return String(text)
    }

    static func quoted(_ identifier: String) -> String { "\"\(identifier.replacing("\"", with: "\"\""))\"" }
}

extension LakeDeclaration {
    package func gold(named name: String) -> GoldDeclaration? { gold.first { $0.name == name } }

    /// The declared tables that a gold table's own SQL reads.
    package func inputs(of gold: GoldDeclaration) -> [TableDeclaration] {
        let pairs = SQLNames.pairs(in: gold.sql)
        return tables.filter { pairs.contains("\(Self.silverNamespace).\($0.silverName.lowercased())") }
    }

    /// The namespace of the declared tables.
    package static let silverNamespace = "silver"

    /// Gold tables with those that they are made of before them.
    /// - Precondition: there is no cycle, which ``ModelFile`` makes sure of.
    package var goldInOrder: [GoldDeclaration] { line(gold.map(\.name)) }

    /// The named gold tables and all that they are made of, each behind its own.
    func line(_ names: [String]) -> [GoldDeclaration] {
        var placed: [GoldDeclaration] = []
        func place(_ name: String, depth: Int) {
            guard depth <= gold.count, !placed.contains(where: { $0.name == name }), let table = gold(named: name)
            else { return }
            for input in table.from { place(input, depth: depth + 1) }
            if !placed.contains(where: { $0.name == name }) { placed.append(table) }
        }
        for name in names { place(name, depth: 0) }
        return placed
    }

    /// `sql`, which names gold tables without a namespace, computed from silver alone.
    func overSilver(_ sql: String, from names: [String]) -> String {
        SQLComposition.with(line(names).map { ($0.name, $0.typedSQL) }, sql)
    }

    /// The same over what the gold tables hold.
    package static func overGold(_ sql: String, from names: [String]) -> String {
        SQLComposition.with(
            names.map { ($0, "SELECT * FROM \(GoldDeclaration.namespace).\(SQLComposition.quoted($0))") }, sql)
    }
}

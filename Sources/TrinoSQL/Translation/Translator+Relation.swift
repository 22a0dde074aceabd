extension Translator {
    /// A relation in the engine's SQL with the columns that it brings.
    struct FromPart {
        var sql: String
        var columns: [Scope.Column] = []
        var open: [Scope.OpenRelation] = []
    }

    /// - Parameter left: what a lateral relation can see beside it.
    func relation(_ relation: Relation, left: FromPart?, outer: Scope?) throws -> FromPart {
        switch relation {
        case .table(let name, let version): return try table(name, version)
        case .query(let query, _): return try derived(query, outer: outer, prefix: "")
        case .lateral(let query):
            let visible = Scope(columns: left?.columns ?? [], open: left?.open ?? [], parent: outer)
            return try derived(query, outer: visible, prefix: left == nil ? "" : "LATERAL ")
        case .unnest(let arguments, let withOrdinality, let location):
            let visible = Scope(columns: left?.columns ?? [], open: left?.open ?? [], parent: outer)
            return try unnest(arguments, withOrdinality, location, visible, isLateral: left != nil)
        case .aliased(let inner, let alias, let columns):
            return try aliased(self.relation(inner, left: left, outer: outer), alias, columns)
        case .sampled(let inner, let method, let percentage):
            var part = try self.relation(inner, left: left, outer: outer)
            let share = try expression(percentage, Scope(parent: nil)).sql
            guard Double(share) != nil else {
                throw TrinoSQLError.unsupported("a sample's share that is no number", percentage.location)
            }
            part.sql += " TABLESAMPLE \(method) (\(share) PERCENT)"
            return part
        case .joined(let first, let steps):
            var part = try self.relation(first, left: left, outer: outer)
            for step in steps { part = try join(part, step, outer: outer) }
            return FromPart(sql: part.sql, columns: part.columns, open: part.open)
        }
    }

    private func aliased(_ part: FromPart, _ alias: Identifier, _ names: [Identifier]) throws -> FromPart {
        var part = part
        for index in part.columns.indices { part.columns[index].qualifiers = [alias.key] }
        for index in part.open.indices { part.open[index].qualifiers = [alias.key] }
        guard !names.isEmpty else { return part }
        if !part.open.isEmpty { throw TrinoSQLError.unsupported("naming columns that are not known", alias.location) }
        part.columns.removeAll { !$0.isVisible }
        guard names.count == part.columns.count else {
            throw TrinoSQLError.semantic(
                "MISMATCHED_COLUMN_ALIASES",
                "Column alias list has \(names.count) entries but '\(alias.text)' has \(part.columns.count) columns available",
                alias.location)
        }
        for (index, name) in names.enumerated() { part.columns[index].name = name.text }
        return part
    }

    // MARK: Tables

    private func table(_ name: QualifiedName, _ version: TableVersion?) throws -> FromPart {
        let alias = newAlias()
        if name.parts.count == 1, let common = commonTables[name.parts[0].key] {
            if let version {
                throw TrinoSQLError.unsupported("a version of a common table expression", version.value.location)
            }
            return part(
                "\(common.alias) AS \(alias)", alias, common.output, qualifiers: [name.parts[0].key])
        }
        let full = try Self.resolve(name, in: context)
        guard let definition = context.tables[full] else {
            throw MissingTable(name: full, location: name.location)
        }
        usedTables.insert(full)
        let qualifiers = [full.catalog, full.schema, full.table]
        var sql: String
        switch definition.source {
        case .engine(let namespace, let table):
            sql = "\(SQLText.quoted(namespace)).\(SQLText.quoted(table)) AS \(alias)"
            if let version { sql += try at(version) }
        case .rows(let rows):
            if let version { throw TrinoSQLError.unsupported("a version of this table", version.value.location) }
            sql = "\(constants(rows, definition.columns ?? [])) AS \(alias)"
        }
        guard let columns = definition.columns else {
            return FromPart(sql: sql, open: [Scope.OpenRelation(qualifiers: qualifiers, alias: alias)])
        }
        return FromPart(
            sql: sql,
            columns: columns.map { column in
                Scope.Column(
                    name: column.name, qualifiers: qualifiers,
                    value: Typed("\(alias).\(SQLText.quoted(column.name))", column.type))
            })
    }

    private func at(_ version: TableVersion) throws -> String {
        let value = try expression(version.value, Scope(parent: nil))
        if version.isTimestamp {
            guard value.type.isMoment || value.type == .unresolved else {
                throw TrinoSQLError.semantic(
                    "TYPE_MISMATCH", "Type \(value.type.name) invalid. Temporal pointers must be of type timestamp",
                    version.value.location)
            }
            let moment = value.type == .date ? "CAST(\(value.sql) AS TIMESTAMP)" : value.sql
            return " AT (TIMESTAMP => CAST(\(moment) AS TIMESTAMPTZ))"
        }
        guard value.type.isInteger || value.type.isText else {
            throw TrinoSQLError.semantic(
                "TYPE_MISMATCH", "a version must be a snapshot's id or the name of a branch or tag",
                version.value.location)
        }
        return " AT (VERSION => \(value.sql))"
    }

    /// A small table as a query of constants.
    private func constants(_ rows: [[TableDefinition.Constant]], _ columns: [TableDefinition.Column]) -> String {
        func text(_ constant: TableDefinition.Constant, _ type: TrinoType) -> String {
            switch constant {
            case .null: "CAST(NULL AS \(type.engineName ?? "VARCHAR"))"
            case .boolean(let flag): flag ? "TRUE" : "FALSE"
            case .integer(let number): "CAST(\(number) AS \(type.engineName ?? "BIGINT"))"
            case .text(let text): SQLText.literal(text)
            }
        }
        guard !rows.isEmpty else {
            let items = columns.map { "\(text(.null, $0.type)) AS \(SQLText.quoted($0.name))" }
            return "(SELECT \(items.joined(separator: ", ")) WHERE FALSE)"
        }
        let lines = rows.map { row in
            "(\(zip(row, columns).map { text($0, $1.type) }.joined(separator: ", ")))"
        }
        let names = columns.map { SQLText.quoted($0.name) }.joined(separator: ", ")
        return "(SELECT * FROM (VALUES \(lines.joined(separator: ", "))) AS \(newAlias("v"))(\(names)))"
    }

    private func part(_ sql: String, _ alias: String, _ output: Output, qualifiers: [String]) -> FromPart {
        if output.isOpen {
            return FromPart(sql: sql, open: [Scope.OpenRelation(qualifiers: qualifiers, alias: alias)])
        }
        var part = FromPart(sql: sql)
        for (index, column) in output.columns.enumerated() {
            // A column without a name can only be reached by the star.
            part.columns.append(
                Scope.Column(
                    name: column.name ?? "", qualifiers: qualifiers,
                    value: Typed("\(alias).\(Self.columnName(index))", column.type)))
        }
        return part
    }

    private func derived(_ query: Query, outer: Scope?, prefix: String) throws -> FromPart {
        let (sql, output) = try self.query(query, outer: outer)
        let alias = newAlias()
        return part("\(prefix)(\(sql)) AS \(alias)", alias, output, qualifiers: [])
    }

    // MARK: Unnest

    private func unnest(
        _ arguments: [Expression], _ withOrdinality: Bool, _ location: SourceLocation, _ scope: Scope,
        isLateral: Bool
    ) throws -> FromPart {
        let alias = newAlias()
        var inner: [String] = []
        var columns: [UnnestedColumn] = []
        var lengths: [String] = []
        for argument in arguments {
            let value = try expression(argument, scope)
            try addColumns(of: value, argument.location, &inner, &columns)
            let isMap = if case .map = value.type { true } else { false }
            lengths.append("coalesce(len(\(isMap ? "map_keys(\(value.sql))" : value.sql)), 0)")
        }
        if withOrdinality {
            inner.append("unnest(generate_series(1, greatest(\(lengths.joined(separator: ", "))))) AS \"_n\"")
            columns.append(("\"_n\"", Output.Column(name: nil, type: .bigint)))
        }
        let items = columns.enumerated().map { "\($1.sql) AS \(Self.columnName($0))" }.joined(separator: ", ")
        let sql = "(SELECT \(items) FROM (SELECT \(inner.joined(separator: ", "))))"
        return part(
            "\(isLateral ? "LATERAL " : "")\(sql) AS \(alias)", alias, Output(columns: columns.map(\.column)),
            qualifiers: [])
    }

    private typealias UnnestedColumn = (sql: String, column: Output.Column)

    /// - Parameters:
    ///   - inner: gets what is unnested.
    ///   - columns: gets the columns that come of it.
    private func addColumns(
        of value: Typed, _ location: SourceLocation, _ inner: inout [String], _ columns: inout [UnnestedColumn]
    ) throws {
        let name = "\"_u\(inner.count)\""
        switch value.type {
        case .array(.row(let fields)) where fields.allSatisfy({ $0.name != nil }):
            inner.append("unnest(\(value.sql)) AS \(name)")
            for field in fields {
                let access = "\(name).\(SQLText.quoted(field.name ?? ""))"
                columns.append((access, Output.Column(name: field.name, type: field.type)))
            }
        case .array(.row(let fields)):
            // The engine cannot take fields without names out of unnested rows: they are taken out before.
            for (index, field) in fields.enumerated() {
                let part = "list_transform(\(value.sql), lambda \"_e\": struct_extract(\"_e\", \(index + 1)))"
                let name = "\"_u\(inner.count)\""
                inner.append("unnest(\(part)) AS \(name)")
                columns.append((name, Output.Column(name: field.name, type: field.type)))
            }
        case .array(let element):
            inner.append("unnest(\(value.sql)) AS \(name)")
            columns.append((name, Output.Column(name: nil, type: element)))
        case .map(let key, let element):
            inner.append("unnest(map_keys(\(value.sql))) AS \(name)")
            columns.append((name, Output.Column(name: nil, type: key)))
            let second = "\"_u\(inner.count)\""
            inner.append("unnest(map_values(\(value.sql))) AS \(second)")
            columns.append((second, Output.Column(name: nil, type: element)))
        case .unresolved:
            inner.append("unnest(\(value.sql)) AS \(name)")
            columns.append((name, Output.Column(name: nil, type: .unresolved)))
        default:
            throw TrinoSQLError.semantic(
                "TYPE_MISMATCH", "Cannot unnest type: \(value.type.name)", location)
        }
    }

    // MARK: Joins

    private func join(_ left: FromPart, _ step: JoinStep, outer: Scope?) throws -> FromPart {
        var right = try relation(step.relation, left: left, outer: outer)
        if case .joined = step.relation { right.sql = "(\(right.sql))" }
        var result = FromPart(
            sql: "\(left.sql) \(step.kind.rawValue) JOIN \(right.sql)", columns: left.columns + right.columns,
            open: left.open + right.open)
        switch step.condition {
        case .none: break
        case .on(let condition):
            let scope = Scope(columns: result.columns, open: result.open, parent: outer)
            result.sql += " ON \(try expression(condition, scope).sql)"
        case .using(let names): try using(names, left, right, step, &result)
        }
        return result
    }

    /// The columns of `USING` come first, once, and without a relation's name.
    private func using(
        _ names: [Identifier], _ left: FromPart, _ right: FromPart, _ step: JoinStep, _ result: inout FromPart
    ) throws {
        let leftScope = Scope(columns: left.columns, open: left.open, parent: nil)
        let rightScope = Scope(columns: right.columns, open: right.open, parent: nil)
        var conditions: [String] = []
        var shared: [Scope.Column] = []
        for name in names {
            guard let one = try leftScope.find([], name), let other = try rightScope.find([], name) else {
                throw TrinoSQLError.semantic(
                    "COLUMN_NOT_FOUND", "Column '\(name.text)' is missing from a side of join", name.location)
            }
            guard let type = one.type.common(with: other.type) else {
                throw TrinoSQLError.semantic(
                    "TYPE_MISMATCH", "Column types of '\(name.text)' cannot be compared", name.location)
            }
            conditions.append("\(one.sql) = \(other.sql)")
            let sql =
                switch step.kind {
                case .full: "COALESCE(\(one.sql), \(other.sql))"
                case .right: other.sql
                default: one.sql
                }
            shared.append(Scope.Column(name: name.text, qualifiers: [], value: Typed(sql, type)))
            for index in result.columns.indices where result.columns[index].key == name.key {
                result.columns[index].isVisible = false
            }
        }
        result.columns = shared + result.columns
        result.sql += " ON \(conditions.joined(separator: " AND "))"
    }
}

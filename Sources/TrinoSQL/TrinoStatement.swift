/// A statement in Trino's SQL, read and ready to be answered.
package struct TrinoStatement: Sendable {
    package enum Kind: Sendable {
        case query(ParsedQuery)
        case explain(ExplainOptions, ParsedQuery)
        case showCatalogs(NamePattern?)
        case showSchemas(catalog: String?, NamePattern?)
        /// A schema, perhaps with its catalog.
        case showTables(schema: [String], NamePattern?)
        case showColumns(WrittenName, NamePattern?)
        case showFunctions(NamePattern?)
        case showSession(NamePattern?)
        /// `TABLE`, `VIEW`, `MATERIALIZED VIEW` or `SCHEMA`.
        case showCreate(String, WrittenName)
        case describeInput(String)
        case describeOutput(String)
        case use(catalog: String?, schema: String)
        case prepare(name: String, text: String)
        case execute(name: String, ParsedArguments)
        case executeImmediate(text: String, ParsedArguments)
        case deallocate(String)
        case setSession(name: String, value: String)
        case resetSession(String)
        case startTransaction, commit, rollback
        case setTimeZone
        /// What Trino knows and this engine refuses, by its first words.
        case refused(String, SourceLocation)
    }

    package var kind: Kind
    /// How many `?` it has.
    package var parameterCount: Int

    /// - Throws: ``TrinoSQLError``.
    package init(_ text: String) throws {
        let (statement, count) = try Parser.statement(text)
        parameterCount = count
        kind = try Self.kind(statement)
    }

    private static func kind(_ statement: Statement) throws -> Kind {
        switch statement {
        case .query(let query): return .query(ParsedQuery(query: query))
        case .explain(let options, let inner):
            guard case .query(let query) = inner else {
                throw TrinoSQLError.unsupported("EXPLAIN of anything but a query", nil)
            }
            return .explain(
                ExplainOptions(isAnalyze: options.isAnalyze, type: options.type, format: options.format),
                ParsedQuery(query: query))
        case .showCatalogs(let pattern): return .showCatalogs(pattern.map(NamePattern.init))
        case .showSchemas(let catalog, let pattern):
            return .showSchemas(catalog: catalog?.text, pattern.map(NamePattern.init))
        case .showTables(let schema, let pattern):
            return .showTables(schema: schema?.parts.map(\.text) ?? [], pattern.map(NamePattern.init))
        case .showColumns(let name, let pattern):
            return .showColumns(WrittenName(name: name), pattern.map(NamePattern.init))
        case .showFunctions(let pattern): return .showFunctions(pattern.map(NamePattern.init))
        case .showSession(let pattern): return .showSession(pattern.map(NamePattern.init))
        case .showCreate(let what, let name): return .showCreate(what, WrittenName(name: name))
        case .showStats(let location): throw TrinoSQLError.unsupported("SHOW STATS", location)
        case .describeInput(let name): return .describeInput(name.text)
        case .describeOutput(let name): return .describeOutput(name.text)
        case .use(let catalog, let schema): return .use(catalog: catalog?.text, schema: schema.text)
        case .prepare(let name, let text): return .prepare(name: name.text, text: text)
        case .execute(let name, let values):
            return .execute(name: name.text, ParsedArguments(expressions: values))
        case .executeImmediate(let text, let values):
            return .executeImmediate(text: text, ParsedArguments(expressions: values))
        case .deallocate(let name): return .deallocate(name.text)
        case .setSession(let name, let value): return .setSession(name: name, value: try text(of: value))
        case .resetSession(let name): return .resetSession(name)
        case .startTransaction: return .startTransaction
        case .commit: return .commit
        case .rollback: return .rollback
        case .setTimeZone: return .setTimeZone
        case .refused(let words, let location): return .refused(words, location)
        }
    }

    /// The value of a session property: a literal.
    private static func text(of expression: Expression) throws -> String {
        switch expression.kind {
        case .string(let text), .integer(let text), .decimal(let text), .double(let text): return text
        case .boolean(let flag): return flag ? "true" : "false"
        case .negate(let inner): return "-" + (try text(of: inner))
        default: throw TrinoSQLError.unsupported("a session property that is no literal", expression.location)
        }
    }
}

/// A query with nothing resolved yet.
package struct ParsedQuery: Sendable {
    let query: Query

    /// The query in the engine's SQL.
    /// - Parameter arguments: for its `?`.
    /// - Throws: ``TrinoSQLError``; ``MissingTable`` for a table that `context` does not define.
    package func translated(
        for context: TranslationContext, arguments: ParsedArguments = ParsedArguments(expressions: [])
    ) throws -> Translation {
        let translator = Translator(context: context, parameters: arguments.expressions)
        let (sql, output) = try translator.query(query, outer: nil)
        var columns: [Translation.Column]?
        if !output.isOpen {
            columns = output.columns.enumerated().map { index, column in
                Translation.Column(name: column.name ?? "_col\(index)", type: column.type)
            }
        }
        return Translation(sql: sql, columns: columns, tables: translator.usedTables.sorted { "\($0)" < "\($1)" })
    }
}

/// The values behind `USING`.
package struct ParsedArguments: Sendable {
    let expressions: [Expression]

    package var count: Int { expressions.count }
}

/// A table's name as it was written.
package struct WrittenName: Sendable {
    let name: QualifiedName

    package var location: SourceLocation { name.location }

    /// - Throws: ``TrinoSQLError`` `MISSING_SCHEMA_NAME`, `MISSING_CATALOG_NAME`.
    package func resolved(for context: TranslationContext) throws -> TableName {
        try Translator.resolve(name, in: context)
    }
}

package struct ExplainOptions: Sendable {
    package var isAnalyze: Bool
    package var type: String
    package var format: String
}

/// What `LIKE` of a `SHOW` statement lets through.
package struct NamePattern: Sendable {
    private let text: [Character]
    private let escape: Character?

    init(_ pattern: Statement.Pattern) {
        text = Array(pattern.text)
        escape = pattern.escape?.first
    }

    package init(_ text: String, escape: Character? = nil) {
        self.text = Array(text)
        self.escape = escape
    }

    /// - Complexity: O(pattern × name).
    package func matches(_ name: String) -> Bool {
        let name = Array(name)
        // Which lengths of `name` the pattern so far can have matched.
        var reached = [Bool](repeating: false, count: name.count + 1)
        reached[0] = true
        var index = 0
        while index < text.count {
            var character = text[index]
            index += 1
            var isLiteral = false
            if character == escape, index < text.count {
                character = text[index]
                index += 1
                isLiteral = true
            }
            var next = [Bool](repeating: false, count: name.count + 1)
            if character == "%", !isLiteral {
                var isReached = false
                for length in 0...name.count {
                    isReached = isReached || reached[length]
                    next[length] = isReached
                }
            } else {
                for length in 0..<name.count where reached[length] {
                    if (character == "_" && !isLiteral) || name[length] == character { next[length + 1] = true }
                }
            }
            reached = next
        }
        return reached[name.count]
    }
}

/// The functions that statements can call, for `SHOW FUNCTIONS`.
package enum TrinoFunctions {
    package struct Entry: Sendable {
        package var name: String
        /// `scalar`, `aggregate` or `window`.
        package var kind: String
    }

    private static let others = [
        "all_match", "any_match", "at_timezone", "cardinality", "ceil", "ceiling", "coalesce", "concat", "concat_ws",
        "contains", "date_add", "date_diff", "date_format", "date_parse", "date_trunc", "day", "day_of_month",
        "day_of_week", "day_of_year", "dow", "doy", "element_at", "filter", "floor", "format_datetime", "greatest",
        "hour", "if", "json_array_get", "json_extract", "json_extract_scalar", "json_size", "least", "map",
        "map_entries", "map_filter", "map_from_entries", "map_keys", "map_values", "millisecond", "minute", "mod",
        "month", "none_match", "nullif", "parse_datetime", "quarter", "reduce", "regexp_replace", "repeat", "round",
        "second", "sequence", "to_iso8601", "transform", "transform_keys", "transform_values", "truncate", "try",
        "typeof", "week", "week_of_year", "with_timezone", "year", "year_of_week", "yow", "zip", "zip_with",
    ]

    package static let all: [Entry] =
        ((Array(SimpleFunction.all.keys) + others).map { Entry(name: $0, kind: "scalar") }
        + (Array(Aggregates.all.keys) + Aggregates.special).map { Entry(name: $0, kind: "aggregate") }
        + WindowFunctions.all.keys.map { Entry(name: $0, kind: "window") }).sorted { $0.name < $1.name }
}

extension TrinoStatement {
    package static let noArguments = ParsedArguments(expressions: [])

    /// Nulls for all parameters of a query: to learn its columns before it is run.
    package static func nulls(count: Int) -> ParsedArguments {
        let location = SourceLocation(line: 1, column: 1)
        return ParsedArguments(expressions: (0..<count).map { _ in Expression(.null, location) })
    }
}

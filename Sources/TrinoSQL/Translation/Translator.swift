/// Turns a parsed statement into the engine's SQL: names are resolved, types followed, and whatever differs between the two
/// languages is written out. What has no counterpart is refused with its place.
///
/// 1. Every relation gets an alias of its own (`r1`, `r2` …), and every column is written with it: the engine never has to
///    resolve a name by rules that differ from Trino's.
/// 2. The columns of every query are called `_c0`, `_c1` …; the names that clients see stand beside the text.
/// 3. Types decide where the languages differ: division, decimals, dates, intervals, text of numbers and times.
final class Translator {
    let context: TranslationContext
    /// What `EXECUTE … USING` gave for the statement's `?`.
    let parameters: [Expression]
    var commonTables: [String: CommonRelation] = [:]
    var usedTables: Set<TableName> = []
    /// Inside `TRY`: failing operations give null.
    var isForgiving = false
    private var aliasCount = 0
    private var depth = 0

    struct CommonRelation {
        var alias: String
        var output: Output
    }

    /// The columns of a query.
    struct Output {
        struct Column {
            /// `nil`: the column has no name in Trino.
            var name: String?
            var type: TrinoType
        }

        var columns: [Column]
        /// Whether there are more that only the engine knows. Columns then go by their own names.
        var isOpen = false
    }

    init(context: TranslationContext, parameters: [Expression]) {
        self.context = context
        self.parameters = parameters
    }

    func newAlias(_ prefix: String = "r") -> String {
        aliasCount += 1
        return "\(prefix)\(aliasCount)"
    }

    static func columnName(_ index: Int) -> String { "\"_c\(index)\"" }

    /// Runs `work` one level deeper, and checks how long its text has become.
    func nested(_ location: SourceLocation?, _ work: () throws -> Typed) throws -> Typed {
        depth += 1
        defer { depth -= 1 }
        guard depth <= TrinoSQLLimits.depthMax * 2 else {
            throw TrinoSQLError.tooLarge("the statement is nested too deep", location)
        }
        let result = try work()
        guard result.sql.utf8.count <= TrinoSQLLimits.outputBytesMax else {
            throw TrinoSQLError.tooLarge(
                "the statement grows past \(TrinoSQLLimits.outputBytesMax) bytes when it is translated", location)
        }
        return result
    }

    /// The full name that a written one means.
    /// - Throws: ``TrinoSQLError`` `MISSING_SCHEMA_NAME`, `MISSING_CATALOG_NAME`.
    static func resolve(_ name: QualifiedName, in context: TranslationContext) throws -> TableName {
        let parts = name.parts.map(\.text)
        guard parts.count <= 3 else {
            throw TrinoSQLError.syntax("Too many dots in table name: \(name.text)", name.location)
        }
        guard let catalog = parts.count == 3 ? parts[0] : context.catalog else {
            throw TrinoSQLError.semantic(
                "MISSING_CATALOG_NAME", "Catalog must be specified when session catalog is not set", name.location)
        }
        guard let schema = parts.count >= 2 ? parts[parts.count - 2] : context.schema else {
            throw TrinoSQLError.semantic(
                "MISSING_SCHEMA_NAME", "Schema must be specified when session schema is not set", name.location)
        }
        return TableName(catalog: catalog, schema: schema, table: parts[parts.count - 1])
    }

    /// A parameter's expression.
    func parameter(_ index: Int, _ location: SourceLocation) throws -> Expression {
        guard index < parameters.count else {
            throw TrinoSQLError.semantic(
                "INVALID_PARAMETER_USAGE", "Incorrect number of parameters: no value for parameter \(index + 1)",
                location)
        }
        return parameters[index]
    }

    /// The text of a string literal, also when it came as a parameter.
    func constantText(_ expression: Expression) -> String? {
        switch expression.kind {
        case .string(let text): text
        case .parameter(let index) where index < parameters.count: constantText(parameters[index])
        default: nil
        }
    }

    func constantInteger(_ expression: Expression) -> Int? {
        switch expression.kind {
        case .integer(let text): Int(text)
        case .negate(let inner): constantInteger(inner).map { -$0 }
        case .parameter(let index) where index < parameters.count: constantInteger(parameters[index])
        default: nil
        }
    }
}

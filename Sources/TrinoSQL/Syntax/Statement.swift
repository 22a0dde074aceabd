/// A statement as it was parsed.
indirect enum Statement: Sendable {
    case query(Query)
    case explain(Explain, Statement)
    case showCatalogs(Pattern?)
    case showSchemas(catalog: Identifier?, Pattern?)
    case showTables(schema: QualifiedName?, Pattern?)
    case showColumns(QualifiedName, Pattern?)
    case showFunctions(Pattern?)
    case showSession(Pattern?)
    case showCreate(String, QualifiedName)
    case showStats(SourceLocation)
    case describeInput(Identifier)
    case describeOutput(Identifier)
    case use(catalog: Identifier?, schema: Identifier)
    /// The text is the statement's own, without what stands around it.
    case prepare(Identifier, text: String)
    case execute(Identifier, [Expression])
    case executeImmediate(String, [Expression])
    case deallocate(Identifier)
    case setSession(String, Expression)
    case resetSession(String)
    case startTransaction
    case commit
    case rollback
    case setTimeZone
    /// A statement that Trino knows and that is refused here, by the words that it begins with.
    case refused(String, SourceLocation)

    struct Pattern: Sendable {
        var text: String
        var escape: String?
    }

    struct Explain: Sendable {
        var isAnalyze = false
        /// `LOGICAL`, `DISTRIBUTED`, `VALIDATE` or `IO`.
        var type = "DISTRIBUTED"
        /// `TEXT`, `GRAPHVIZ` or `JSON`.
        var format = "TEXT"
    }
}

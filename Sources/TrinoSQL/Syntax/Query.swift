/// A query with what stands around its body.
struct Query: Sendable, Hashable {
    var commonTables: [CommonTable] = []
    var isRecursive = false
    var body: QueryBody
    var orderBy: [SortItem] = []
    var offset: Expression?
    var limit: Expression?
    var location: SourceLocation
}

struct CommonTable: Sendable, Hashable {
    var name: Identifier
    var columns: [Identifier]
    var query: Query
}

indirect enum QueryBody: Sendable, Hashable {
    case select(Select)
    /// Set operations of one rank, flat, from the left.
    case combined(QueryBody, [Combination])
    case table(QualifiedName)
    case values([Expression], SourceLocation)
    case nested(Query)
}

struct Combination: Sendable, Hashable {
    var operation: SetOperation
    var isAll: Bool
    var body: QueryBody
    var location: SourceLocation
}

enum SetOperation: String, Sendable {
    case union = "UNION"
    case intersect = "INTERSECT"
    case except = "EXCEPT"
}

struct Select: Sendable, Hashable {
    var isDistinct = false
    var items: [SelectItem]
    var from: Relation?
    var filter: Expression?
    var groupBy: GroupBy?
    var having: Expression?
    var windows: [NamedWindow] = []
    var location: SourceLocation
}

struct NamedWindow: Sendable, Hashable {
    var name: Identifier
    var specification: WindowSpecification
}

enum SelectItem: Sendable, Hashable {
    case expression(Expression, alias: Identifier?)
    /// `*`, `t.*` and `(expression).*`, with names for the columns if any were given.
    case all(of: Expression?, aliases: [Identifier], SourceLocation)
}

struct GroupBy: Sendable, Hashable {
    enum Element: Sendable, Hashable {
        case expression(Expression)
        /// `ROLLUP` or `CUBE`, each part one or several expressions.
        case grouped(String, [[Expression]])
        case sets([[Expression]])
        case none
    }

    var elements: [Element]
}

indirect enum Relation: Sendable, Hashable {
    case table(QualifiedName, version: TableVersion?)
    case query(Query, SourceLocation)
    case unnest([Expression], withOrdinality: Bool, SourceLocation)
    case lateral(Query)
    case aliased(Relation, Identifier, columns: [Identifier])
    case sampled(Relation, method: String, percentage: Expression)
    /// Joins from the left, flat.
    case joined(Relation, [JoinStep])
}

struct TableVersion: Sendable, Hashable {
    /// Whether it is a time, and not a snapshot's id.
    var isTimestamp: Bool
    var value: Expression
}

struct JoinStep: Sendable, Hashable {
    var kind: JoinKind
    var relation: Relation
    var condition: JoinCondition
    var location: SourceLocation
}

enum JoinKind: String, Sendable {
    case cross = "CROSS"
    case inner = "INNER"
    case left = "LEFT"
    case right = "RIGHT"
    case full = "FULL"
}

enum JoinCondition: Sendable, Hashable {
    case none
    case on(Expression)
    case using([Identifier])
}

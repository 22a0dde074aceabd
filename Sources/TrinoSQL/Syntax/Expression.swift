/// A name as it was written.
struct Identifier: Sendable, Hashable {
    var text: String
    var location: SourceLocation

    /// Identifiers are compared without regard to case, quoted ones too.
    var key: String { text.lowercased() }
}

/// A name of one to several parts: `lake.silver.jobs`.
struct QualifiedName: Sendable, Hashable {
    var parts: [Identifier]

    var location: SourceLocation { parts[0].location }
    var text: String { parts.map(\.text).joined(separator: ".") }
}

/// A type as it was written: `decimal(10, 2)`, `row(x integer, y array(varchar))`.
struct TypeName: Sendable, Hashable {
    enum Argument: Sendable, Hashable {
        case number(Int)
        case type(TypeName)
        case field(String, TypeName)
    }

    /// In lower case; `with time zone` and `precision` are part of it.
    var name: String
    var arguments: [Argument]
    var location: SourceLocation
}

/// A node of an expression with its place.
struct Expression: Sendable, Hashable {
    var kind: ExpressionKind
    var location: SourceLocation

    init(_ kind: ExpressionKind, _ location: SourceLocation) {
        self.kind = kind
        self.location = location
    }
}

indirect enum ExpressionKind: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(String)
    case decimal(String)
    case double(String)
    case string(String)
    case binary([UInt8])
    /// `DATE '2020-01-01'`.
    case typed(TypeName, String)
    case interval(IntervalLiteral)
    case name(Identifier)
    case field(Expression, Identifier)
    /// `?`, counted from 0.
    case parameter(Int)
    case call(FunctionCall)
    case lambda([Identifier], Expression)
    case cast(Expression, TypeName, isTry: Bool)
    case extract(String, Expression)
    case conditional(operand: Expression?, branches: [Branch], otherwise: Expression?)
    case negate(Expression)
    case not(Expression)
    /// A chain of operators of one rank, flat: what stands first, and each operator with what follows it.
    case arithmetic(Expression, [ArithmeticTerm])
    case comparison(ComparisonOperator, Expression, Expression)
    /// Flat, however many terms there are.
    case all([Expression])
    case any([Expression])
    case between(Expression, Expression, Expression, isNegated: Bool)
    case inList(Expression, [Expression], isNegated: Bool)
    case inQuery(Expression, Query, isNegated: Bool)
    case like(Expression, pattern: Expression, escape: Expression?, isNegated: Bool)
    case isNull(Expression, isNegated: Bool)
    case exists(Query)
    case scalar(Query)
    case quantified(ComparisonOperator, Expression, isAll: Bool, Query)
    case array([Expression])
    case row([Expression])
    case element(Expression, Expression)
    case atTimeZone(Expression, Expression)
    /// `CURRENT_DATE` and its like, in lower case, with a precision if one was given.
    case special(String, Int?)

    struct Branch: Sendable, Hashable {
        var condition: Expression
        var result: Expression
    }
}

struct IntervalLiteral: Sendable, Hashable {
    var isNegative: Bool
    var text: String
    /// In lower case: `year`, `month`, `day`, `hour`, `minute` or `second`.
    var from: String
    var to: String?
}

struct ArithmeticTerm: Sendable, Hashable {
    var operation: ArithmeticOperator
    var operand: Expression
    var location: SourceLocation
}

enum ArithmeticOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulus = "%"
    case concatenate = "||"
}

enum ComparisonOperator: String, Sendable {
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case distinct = "IS DISTINCT FROM"
    case notDistinct = "IS NOT DISTINCT FROM"
}

struct FunctionCall: Sendable, Hashable {
    var name: QualifiedName
    var arguments: [Expression]
    var isDistinct = false
    /// `count(*)`.
    var isStar = false
    var orderBy: [SortItem] = []
    /// Whether the order came by `WITHIN GROUP`.
    var isWithinGroup = false
    var filter: Expression?
    var ignoresNulls = false
    var window: Window?
}

struct SortItem: Sendable, Hashable {
    var expression: Expression
    var isDescending: Bool
    /// `nil`: Trino's rule, last in both directions.
    var nullsFirst: Bool?
}

enum Window: Sendable, Hashable {
    case named(Identifier)
    case specification(WindowSpecification)
}

struct WindowSpecification: Sendable, Hashable {
    var base: Identifier?
    var partitionBy: [Expression] = []
    var orderBy: [SortItem] = []
    var frame: Frame?

    struct Frame: Sendable, Hashable {
        /// `ROWS`, `RANGE` or `GROUPS`.
        var unit: String
        var start: Bound
        var end: Bound?
    }

    enum Bound: Sendable, Hashable {
        case unboundedPreceding, currentRow, unboundedFollowing
        case preceding(Expression)
        case following(Expression)
    }
}

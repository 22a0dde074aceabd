package import LakeModel

/// A predicate on the rows of a table, used to leave out files that cannot hold matching rows.
///
/// Null follows SQL: a comparison with null is not true, so a row with a null there does not match.
package indirect enum Expression: Sendable, Hashable {
    package enum Comparison: Sendable, Hashable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    }

    case alwaysTrue
    case alwaysFalse
    case and(Expression, Expression)
    case or(Expression, Expression)
    case not(Expression)
    /// `column` by name (dots between the names of nested fields), compared with a value of its type.
    case compare(column: String, Comparison, Datum)
    case isIn(column: String, [Datum])
    case isNull(column: String)
    case isNotNull(column: String)
    case isNaN(column: String)
    /// Text that starts with a prefix.
    case startsWith(column: String, String)
    /// What metadata can't tell: neither this nor its negation leaves out a file.
    case undecided

    package static func equal(_ column: String, _ value: Datum) -> Expression {
        .compare(column: column, .equal, value)
    }

    /// All of `parts`; always true without any.
    package static func all(_ parts: [Expression]) -> Expression {
        parts.isEmpty ? .alwaysTrue : parts.dropFirst().reduce(parts[0]) { .and($0, $1) }
    }

    /// Ties names to field ids and types and takes `not` apart.
    /// - Throws: ``IcebergError`` `expression-invalid`.
    package func bound(to schema: Schema) throws -> BoundPredicate { try bound(to: schema, negated: false, depth: 0) }

    /// Nesting that an expression may have.
    package static let depthMax = 512

    private func bound(to schema: Schema, negated: Bool, depth: Int) throws -> BoundPredicate {
        if depth > Self.depthMax {
            throw IcebergError(.expressionInvalid, "an expression nested deeper than \(Self.depthMax)")
        }
        switch self {
        case .alwaysTrue: return negated ? .never : .always
        case .alwaysFalse: return negated ? .always : .never
        case .undecided: return .always
        case .not(let inner): return try inner.bound(to: schema, negated: !negated, depth: depth + 1)
        case .and(let left, let right), .or(let left, let right):
            let left = try left.bound(to: schema, negated: negated, depth: depth + 1)
            let right = try right.bound(to: schema, negated: negated, depth: depth + 1)
            if case .and = self { return negated ? .either(left, right) : .both(left, right) }
            return negated ? .both(left, right) : .either(left, right)
        default: return try boundLeaf(to: schema, negated: negated)
        }
    }

    private func boundLeaf(to schema: Schema, negated: Bool) throws -> BoundPredicate {
        switch self {
        case .compare(let column, let comparison, let value):
            let column = try BoundColumn(column, in: schema)
            let test = BoundTest(negated ? comparison.negation : comparison, try column.literal(value))
            return .test(column, test)
        case .isIn(let column, let values):
            let column = try BoundColumn(column, in: schema)
            let values = try values.map(column.literal)
            return .test(column, negated ? .notIn(values) : .isIn(values))
        case .isNull(let column): return .test(try BoundColumn(column, in: schema), negated ? .notNull : .isNull)
        case .isNotNull(let column): return .test(try BoundColumn(column, in: schema), negated ? .isNull : .notNull)
        case .isNaN(let column): return .test(try BoundColumn(column, in: schema), negated ? .notNaN : .isNaN)
        case .startsWith(let column, let prefix):
            let column = try BoundColumn(column, in: schema)
            guard column.type == .string else {
                throw IcebergError(.expressionInvalid, "column \(column.name) is no text that could start with another")
            }
            return .test(column, negated ? .notStartsWith(prefix) : .startsWith(prefix))
        default: return negated ? .never : .always
        }
    }
}

extension Expression.Comparison {
    var negation: Expression.Comparison {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        }
    }
}

/// An expression with names tied to field ids, without `not`.
package indirect enum BoundPredicate: Sendable, Hashable {
    case always
    case never
    case both(BoundPredicate, BoundPredicate)
    case either(BoundPredicate, BoundPredicate)
    case test(BoundColumn, BoundTest)

    /// The field ids that the predicate tests.
    package var fieldIDs: Set<Int> {
        switch self {
        case .always, .never: []
        case .both(let left, let right), .either(let left, let right): left.fieldIDs.union(right.fieldIDs)
        case .test(let column, _): [column.id]
        }
    }

    /// Replaces each test, then drops what is always true or never.
    func mapTests(_ transform: (BoundColumn, BoundTest) -> BoundPredicate) -> BoundPredicate {
        switch self {
        case .always, .never: return self
        case .test(let column, let test): return transform(column, test)
        case .both(let left, let right):
            switch (left.mapTests(transform), right.mapTests(transform)) {
            case (.never, _), (_, .never): return .never
            case (.always, let other), (let other, .always): return other
            case (let left, let right): return .both(left, right)
            }
        case .either(let left, let right):
            switch (left.mapTests(transform), right.mapTests(transform)) {
            case (.always, _), (_, .always): return .always
            case (.never, let other), (let other, .never): return other
            case (let left, let right): return .either(left, right)
            }
        }
    }

    /// Whether the predicate may hold, given what each test may.
    func mayHold(_ test: (BoundColumn, BoundTest) -> Bool) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .both(let left, let right): left.mayHold(test) && right.mayHold(test)
        case .either(let left, let right): left.mayHold(test) || right.mayHold(test)
        case .test(let column, let leaf): test(column, leaf)
        }
    }
}

/// What a predicate asks of one column.
package enum BoundTest: Sendable, Hashable {
    case equal(Datum), notEqual(Datum), less(Datum), lessOrEqual(Datum), greater(Datum), greaterOrEqual(Datum)
    case isIn([Datum]), notIn([Datum])
    case isNull, notNull, isNaN, notNaN
    case startsWith(String), notStartsWith(String)

    init(_ comparison: Expression.Comparison, _ value: Datum) {
        switch comparison {
        case .equal: self = .equal(value)
        case .notEqual: self = .notEqual(value)
        case .less: self = .less(value)
        case .lessOrEqual: self = .lessOrEqual(value)
        case .greater: self = .greater(value)
        case .greaterOrEqual: self = .greaterOrEqual(value)
        }
    }
}

/// A primitive column of a schema.
package struct BoundColumn: Sendable, Hashable {
    package let id: Int
    package let name: String
    package let type: PrimitiveType

    package init(id: Int, name: String, type: PrimitiveType) {
        self.id = id
        self.name = name
        self.type = type
    }

    /// Looks `name` up: a top-level name first, then parts between dots through nested structs.
    init(_ name: String, in schema: Schema) throws {
        var field = schema.field(named: name)
        if field == nil {
            var fields = schema.fields
            for part in name.split(separator: ".") {
                field = fields.first { $0.name == part }
                if case .structure(let nested)? = field?.type { fields = nested } else { fields = [] }
            }
        }
        guard let field else { throw IcebergError(.expressionInvalid, "the table has no column \(name)") }
        guard let type = field.type.primitive else {
            throw IcebergError(.expressionInvalid, "column \(name) is nested and cannot be compared")
        }
        self.init(id: field.id, name: name, type: type)
    }

    /// The value in the column's physical form; whole numbers and float widths convert when nothing is lost.
    func literal(_ value: Datum) throws -> Datum {
        // One NaN for all, because the total order puts negative ones below every number.
        if value.isNaN, type == .double { return .double(.nan) }
        if value.isNaN, type == .float { return .float(.nan) }
        if value.isOf(type) { return value }
        switch (value, type.physical) {
        case (.int(let number), .int64): return .long(Int64(number))
        case (.int(let number), .double): return .double(Double(number))
        case (.float(let number), .double): return .double(Double(number))
        case (.long(let number), .int32): if let narrow = Int32(exactly: number) { return .int(narrow) }
        default: break
        }
        throw IcebergError(.expressionInvalid, "\(value) cannot be compared with column \(name) of type \(type)")
    }
}

package import AvroFormat
package import LakeModel

extension Expression {
    /// Reads a filter of the REST catalog, in the deprecated form (`term`, `value`) or the newer (`left`, `right`,
    /// `child`).
    ///
    /// What can be told from no statistics (a transformed column, a call of a function, two columns compared) becomes
    /// ``undecided``, which leaves out no file.
    /// - Parameter schema: gives the literals their types.
    /// - Throws: ``IcebergError`` `expression-invalid`.
    package static func parse(_ json: JSONValue, schema: Schema, isCaseSensitive: Bool = true) throws -> Expression {
        try ExpressionReader(columns: schema.namedFields, isCaseSensitive: isCaseSensitive).read(
            json, isNegated: false, depth: 0)
    }
}

/// Reads filters for the columns of one schema.
private struct ExpressionReader {
    let columns: [NamedField]
    let isCaseSensitive: Bool

    private func invalid(_ message: String) -> IcebergError {
        IcebergError(.expressionInvalid, "Cannot parse filter: \(message)")
    }

    /// Reads `json`, or its negation: `not` is taken apart on the way, so that what a filter leaves to its reader means the
    /// same under it.
    func read(_ json: JSONValue, isNegated: Bool, depth: Int) throws -> Expression {
        guard depth <= Expression.depthMax else { throw invalid("it is nested deeper than \(Expression.depthMax)") }
        if let constant = json.bool { return constant != isNegated ? .alwaysTrue : .alwaysFalse }
        func part(_ key: String, isNegated: Bool) throws -> Expression {
            guard let part = json[key] else { throw invalid("an expression without \(key)") }
            return try read(part, isNegated: isNegated, depth: depth + 1)
        }
        // Bare words are what early clients sent for constants.
        switch json.text ?? json["type"]?.text {
        case "true"?: return isNegated ? .alwaysFalse : .alwaysTrue
        case "false"?: return isNegated ? .alwaysTrue : .alwaysFalse
        case "not"?: return try part("child", isNegated: !isNegated)
        case let type? where type == "and" || type == "or":
            let left = try part("left", isNegated: isNegated)
            let right = try part("right", isNegated: isNegated)
            return (type == "and") != isNegated ? .and(left, right) : .or(left, right)
        case let type?: return try leaf(type, isNegated: isNegated, json)
        case nil: throw invalid("an expression without a type")
        }
    }

    private static let opposites: [String: String] = [
        "is-null": "not-null", "is-nan": "not-nan", "in": "not-in", "eq": "not-eq", "lt": "gt-eq", "lt-eq": "gt",
        "starts-with": "not-starts-with",
    ]
    private static let negations = opposites.merging(opposites.map { ($0.value, $0.key) }) { first, _ in first }

    private func leaf(_ name: String, isNegated: Bool, _ json: JSONValue) throws -> Expression {
        guard let opposite = Self.negations[name] else {
            throw invalid("the operation \(name.prefix(32)) is not known")
        }
        let type = isNegated ? opposite : name
        guard let operand = json["term"] ?? json["child"] ?? json["left"] else {
            throw invalid("\(name) without a column")
        }
        guard let column = try column(operand) else { return .undecided }
        switch type {
        case "is-null": return .isNull(column: column.name)
        case "not-null": return .isNotNull(column: column.name)
        case "is-nan": return .isNaN(column: column.name)
        case "not-nan": return .not(.isNaN(column: column.name))
        case "in", "not-in":
            guard let list = json["values"], let values = list.array ?? list["values"]?.array else {
                throw invalid("\(name) without values")
            }
            var literals: [Datum] = []
            for value in values {
                switch try literal(value, column) {
                case .value(let datum): literals.append(datum)
                case .beyond: continue
                case .undecided: return .undecided
                }
            }
            let isIn = literals.isEmpty ? Expression.alwaysFalse : .isIn(column: column.name, literals)
            return type == "in" ? isIn : orNull(.not(isIn), column.name)
        default:
            guard let value = json["value"] ?? json["right"] else { throw invalid("\(name) without a value") }
            return try comparison(type, column, try literal(value, column))
        }
    }

    /// Readers of Iceberg disagree whether null is other than a value, so files of nulls are left in.
    private func orNull(_ expression: Expression, _ column: String) -> Expression {
        .or(.isNull(column: column), expression)
    }

    private func comparison(
        _ type: String, _ column: (name: String, type: PrimitiveType), _ literal: Literal
    ) throws -> Expression {
        guard case .value(let value) = literal else { return .undecided }
        let name = column.name
        switch type {
        case "eq": return .compare(column: name, .equal, value)
        case "not-eq": return orNull(.compare(column: name, .notEqual, value), name)
        case "lt": return .compare(column: name, .less, value)
        case "lt-eq": return .compare(column: name, .lessOrEqual, value)
        case "gt": return .compare(column: name, .greater, value)
        case "gt-eq": return .compare(column: name, .greaterOrEqual, value)
        default:
            guard case .string(let prefix) = value, column.type == .string else {
                throw invalid("\(type) takes a column of text, and \(name) is none")
            }
            let starts = Expression.startsWith(column: name, prefix)
            return type == "starts-with" ? starts : orNull(.not(starts), name)
        }
    }

    private enum Literal {
        case value(Datum)
        /// A whole number that the column can't hold.
        case beyond
        /// No literal at all.
        case undecided
    }

    private func literal(_ json: JSONValue, _ column: (name: String, type: PrimitiveType)) throws -> Literal {
        var json = json
        if case .object = json {
            guard json["type"]?.text == "literal", let value = json["value"] else { return .undecided }
            json = value
        }
        if let value = SingleValueJSON.parse(json, column.type) { return .value(value) }
        if column.type == .int, json.integer != nil { return .beyond }
        throw invalid("\(json.serializedText.prefix(64)) is no value of column \(column.name), a \(column.type)")
    }

    /// The full name and type of a column; `nil` for terms that are more than a column.
    private func column(_ json: JSONValue) throws -> (name: String, type: PrimitiveType)? {
        if let name = json.text { return try column(named: name) }
        guard json["type"]?.text == "reference" else { return nil }
        if let name = (json["name"] ?? json["term"])?.text { return try column(named: name) }
        guard let id = json["id"]?.integer, let found = columns.first(where: { $0.id == Int(id) }) else {
            throw invalid("a reference to no column of the table")
        }
        return try primitive(found)
    }

    private func column(named name: String) throws -> (name: String, type: PrimitiveType)? {
        let wanted = isCaseSensitive ? name : name.lowercased()
        guard let found = columns.first(where: { (isCaseSensitive ? $0.name : $0.name.lowercased()) == wanted }) else {
            throw invalid("Cannot find field '\(name.prefix(128))' in struct")
        }
        return try primitive(found)
    }

    private func primitive(_ column: NamedField) throws -> (name: String, type: PrimitiveType)? {
        guard let type = column.type.primitive else { return nil }
        // Fields inside lists and maps have no value of their own in a row.
        return column.isRepeated ? nil : (column.name, type)
    }
}

import QueryEngine

/// Reads a WHERE clause out of the parsed tree, as far as columns are compared with constants.
struct FilterReading {
    /// Nesting of conditions that is read; what lies deeper says nothing.
    static let depthMax = 32
    /// Alternatives of one `IN` that are read; a longer list says nothing.
    static let alternativesMax = 1_000

    /// Whether rows may be made up with nulls by an outer join. Tests for null say nothing then: a file that is left out
    /// because it has no null would make more rows come out with one.
    var isOuterJoined: Bool

    func filter(_ tree: JSONTree, depth: Int = 0) -> RowFilter {
        guard depth < Self.depthMax else { return .unknown }
        func parts(_ tree: JSONTree) -> [RowFilter] {
            (tree["children"]?.elements ?? []).map { filter($0, depth: depth + 1) }
        }
        switch (tree["class"]?.text, tree["type"]?.text) {
        case ("CONJUNCTION", "CONJUNCTION_AND"): return .all(parts(tree))
        case ("CONJUNCTION", "CONJUNCTION_OR"): return .any(parts(tree))
        case ("COMPARISON", let type?): return comparison(tree, type)
        case ("BETWEEN", _):
            guard let column = column(tree["input"]), let lower = operand(tree["lower"]),
                let upper = operand(tree["upper"])
            else { return .unknown }
            return .all([.compare(column, .greaterOrEqual, lower), .compare(column, .lessOrEqual, upper)])
        case ("OPERATOR", "OPERATOR_NOT"): return parts(tree).first.map { .not($0) } ?? .unknown
        case ("OPERATOR", let type?): return operation(tree, type)
        case ("FUNCTION", _): return function(tree)
        default: return .unknown
        }
    }

    private static let comparisons: [String: (plain: RowFilter.Comparison, turned: RowFilter.Comparison)] = [
        "COMPARE_EQUAL": (.equal, .equal), "COMPARE_NOTEQUAL": (.notEqual, .notEqual),
        "COMPARE_LESSTHAN": (.less, .greater), "COMPARE_GREATERTHAN": (.greater, .less),
        "COMPARE_LESSTHANOREQUALTO": (.lessOrEqual, .greaterOrEqual),
        "COMPARE_GREATERTHANOREQUALTO": (.greaterOrEqual, .lessOrEqual),
    ]

    private func comparison(_ tree: JSONTree, _ type: String) -> RowFilter {
        guard let comparison = Self.comparisons[type] else { return .unknown }
        if let column = column(tree["left"]), let operand = operand(tree["right"]) {
            return .compare(column, comparison.plain, operand)
        }
        if let column = column(tree["right"]), let operand = operand(tree["left"]) {
            return .compare(column, comparison.turned, operand)
        }
        return .unknown
    }

    private func operation(_ tree: JSONTree, _ type: String) -> RowFilter {
        let children = tree["children"]?.elements ?? []
        guard let first = children.first else { return .unknown }
        switch type {
        case "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL":
            guard !isOuterJoined, let column = column(first) else { return .unknown }
            return type == "OPERATOR_IS_NULL" ? .isNull(column) : .not(.isNull(column))
        case "COMPARE_IN", "COMPARE_NOT_IN":
            let operands = children.dropFirst().compactMap { operand($0) }
            guard let column = column(first), operands.count == children.count - 1, !operands.isEmpty,
                operands.count <= Self.alternativesMax
            else { return .unknown }
            return type == "COMPARE_IN" ? .isIn(column, operands) : .not(.isIn(column, operands))
        default: return .unknown
        }
    }

    /// `LIKE` with something fixed at its begin, and the functions that ask for a prefix.
    private func function(_ tree: JSONTree) -> RowFilter {
        let children = tree["children"]?.elements ?? []
        guard children.count == 2, let column = column(children[0]), case .text(let text)? = operand(children[1]) else {
            return .unknown
        }
        switch tree["function_name"]?.text?.lowercased() {
        case "starts_with", "prefix", "^@": return .startsWith(column, text)
        case "~~":
            let prefix = text.prefix { $0 != "%" && $0 != "_" && $0 != "\\" }
            return prefix.isEmpty ? .unknown : .all([.startsWith(column, String(prefix)), .unknown])
        default: return .unknown
        }
    }

    private func column(_ tree: JSONTree?) -> RowFilter.Column? {
        guard let tree, tree["class"]?.text == "COLUMN_REF", let parts = tree["column_names"]?.elements else {
            return nil
        }
        let names = parts.compactMap(\.text)
        guard names.count == parts.count, let last = names.last else { return nil }
        return RowFilter.Column(qualifier: Array(names.dropLast()), name: last)
    }

    private func operand(_ tree: JSONTree?) -> RowFilter.Operand? {
        switch tree?["class"]?.text {
        case "CONSTANT": return constant(tree?["value"])
        case "PARAMETER": return tree?["identifier"]?.text.map { .parameter($0) }
        case "CAST":
            // Only a plain type: one with a collation, a scale or an alias of its own has more members.
            guard let type = tree?["cast_type"], case .object(let members) = type, members.count == 1,
                tree?["try_cast"] == nil, let name = type["id"]?.text, let child = operand(tree?["child"])
            else { return nil }
            // What is cast twice is not followed.
            if case .cast = child { return nil }
            return .cast(child, type: name)
        default: return nil
        }
    }

    private func constant(_ tree: JSONTree?) -> RowFilter.Operand? {
        guard let tree, let value = tree["value"] else { return nil }
        switch (tree["type"]?["id"]?.text, value) {
        case ("BOOLEAN", .boolean(let flag)): return .boolean(flag)
        case ("TINYINT", .integer(let number)), ("SMALLINT", .integer(let number)), ("INTEGER", .integer(let number)),
            ("BIGINT", .integer(let number)):
            return .integer(Int64(number))
        case ("DOUBLE", .real(let number)): return .double(number)
        case ("DOUBLE", .integer(let number)): return .double(Double(number))
        case ("DECIMAL", .integer(let unscaled)):
            let scale = tree["type"]?["type_info"]?["scale"]?.number ?? 0
            return .decimal(unscaled: Int64(unscaled), scale: scale)
        case ("VARCHAR", .string(let text)) where tree["type"]?["type_info"] == nil: return .text(text)
        default: return nil
        }
    }
}

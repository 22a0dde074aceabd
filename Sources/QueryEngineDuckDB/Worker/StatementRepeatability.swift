/// Decides from its parsed form whether a statement gives the same answer each time that it reads the same rows.
///
/// Everything is on a list of what is known to compute from its arguments alone; what is not on one counts as not repeatable:
///
/// 1. every function is one of ``RepeatableFunctions``,
/// 2. every expression is of a known class,
/// 3. no name without a qualifier is one that the engine reads as the time of day or as whoever asks,
/// 4. no rows are picked by chance.
///
/// Which of several rows of equal rank a LIMIT takes, and the last digit of a sum of floating point numbers, may differ from run to
/// run all the same: any of them is an answer.
enum StatementRepeatability {
    private static let expressionClasses: Set<String> = [
        "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION",
        "LAMBDA",
        "OPERATOR", "PARAMETER", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "WINDOW",
    ]
    /// Column names that stand for functions where no table has such a column.
    static let hiddenFunctions: Set<String> = [
        "current_catalog", "current_database", "current_date", "current_localtime", "current_localtimestamp",
        "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "localtime",
        "localtimestamp", "session_user", "user",
    ]

    /// - Parameter tree: a statement that has passed ``StatementAdmission``.
    static func holds(for tree: JSONTree) -> Bool {
        switch tree {
        case .array(let elements): elements.allSatisfy { holds(for: $0) }
        case .object(let members): isKnown(tree) && members.allSatisfy { holds(for: $0.value) }
        case .other, .integer, .real, .boolean, .string: true
        }
    }

    private static func isKnown(_ node: JSONTree) -> Bool {
        if let name = node["function_name"]?.text, !RepeatableFunctions.names.contains(name.lowercased()) {
            return false
        }
        if case .object? = node["sample"] { return false }
        if node["type"]?.text == "SHOW_REF" { return false }
        guard let kind = node["class"]?.text else { return true }
        guard expressionClasses.contains(kind) else { return false }
        if kind == "COLUMN_REF", let names = node["column_names"]?.elements, names.count == 1 {
            return names.first?.text.map { !hiddenFunctions.contains($0.lowercased()) } ?? false
        }
        return true
    }
}

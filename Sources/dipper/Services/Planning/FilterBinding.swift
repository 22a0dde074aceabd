import AvroFormat
import Iceberg
import LakeModel
import QueryEngine

/// Ties a WHERE clause to one table of its FROM clause, for leaving out files.
///
/// Only what means the same to the engine and to column bounds is taken over: columns compared with constants of their own
/// kind. Everything else is undecided, and leaves out nothing.
struct FilterBinding {
    let schema: Schema
    let parameters: QueryParameters
    /// Whether a column of the text is this table's and no other one's.
    let isOwn: (RowFilter.Column) -> Bool

    func expression(_ filter: RowFilter) -> Expression {
        switch filter {
        case .unknown: return .undecided
        case .all(let parts): return Expression.all(parts.map(expression))
        case .any(let parts):
            guard let first = parts.first else { return .undecided }
            return parts.dropFirst().reduce(expression(first)) { .or($0, expression($1)) }
        case .not(let inner): return .not(expression(inner))
        case .compare(let column, let comparison, let operand):
            guard let (name, type) = own(column), let value = literal(operand, type) else { return .undecided }
            return .compare(column: name, Self.comparison(comparison), value)
        case .isIn(let column, let operands):
            guard let (name, type) = own(column) else { return .undecided }
            let values = operands.compactMap { literal($0, type) }
            return values.count == operands.count ? .isIn(column: name, values) : .undecided
        case .isNull(let column):
            guard let (name, _) = own(column) else { return .undecided }
            return .isNull(column: name)
        case .startsWith(let column, let prefix):
            guard let (name, type) = own(column), type == .string else { return .undecided }
            return .startsWith(column: name, prefix)
        }
    }

    private static func comparison(_ comparison: RowFilter.Comparison) -> Expression.Comparison {
        switch comparison {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        }
    }

    /// The column's name and type in the schema; the engine's names have no case.
    private func own(_ column: RowFilter.Column) -> (String, PrimitiveType)? {
        guard isOwn(column) else { return nil }
        let wanted = column.name.lowercased()
        let found = schema.fields.filter { $0.name.lowercased() == wanted }
        guard found.count == 1, let type = found[0].type.primitive else { return nil }
        return (found[0].name, type)
    }

    /// The operand as a value of the column's type; `nil` where the engine might compare in another type.
    func literal(_ operand: RowFilter.Operand, _ type: PrimitiveType) -> Datum? {
        var operand = operand
        var cast: String?
        if case .cast(let inner, let name) = operand {
            operand = inner
            cast = name
        }
        var isParameter = false
        if case .parameter(let name) = operand {
            guard let value = value(ofParameter: name) else { return nil }
            operand = value
            isParameter = true
        }
        switch (type, operand, cast) {
        case (.boolean, .boolean(let flag), nil): return .boolean(flag)
        case (.boolean, .text(let text), "BOOLEAN"?): return ["t": .boolean(true), "f": .boolean(false)][text]
        case (.int, .integer(let number), nil): return Int32(exactly: number).map { .int($0) }
        case (.int, .integer(let number), let name?) where Self.wholeTypes.contains(name):
            return Int32(exactly: number).map { .int($0) }
        case (.long, .integer(let number), nil): return .long(number)
        case (.long, .integer(let number), let name?) where Self.wholeTypes.contains(name): return .long(number)
        case (.double, _, nil): return double(operand)
        case (.decimal(_, let scale), _, nil): return decimal(operand, scale: scale)
        case (.string, .text(let text), nil), (.string, .text(let text), "VARCHAR"?): return .string(text)
        case (.date, .text(let text), "DATE"?): return Self.date(text)
        case (.date, .text(let text), nil) where !isParameter: return Self.date(text)
        case (.timestamp, .text(let text), let name) where name != nil || !isParameter:
            return Self.instant(text, cast: name, allowsZone: false)
        case (.timestamptz, .text(let text), let name) where name != nil || !isParameter:
            return Self.instant(text, cast: name, allowsZone: true)
        default: return nil
        }
    }

    private static let wholeTypes: Set<String> = ["SMALLINT", "INTEGER", "BIGINT"]
    /// Whole numbers up to here are doubles exactly.
    private static let exactDoubleMax: Int64 = 1 << 53

    private func value(ofParameter name: String) -> RowFilter.Operand? {
        let value: QueryValue?
        switch parameters {
        case .positional(let values):
            guard let number = Int(name), values.indices.contains(number - 1) else { return nil }
            value = values[number - 1]
        case .named(let values): value = values[name]
        }
        switch value {
        case .boolean(let flag)?: return .boolean(flag)
        case .integer(let number)?: return .integer(number)
        case .double(let number)?: return .double(number)
        case .text(let text)?: return .text(text)
        case .null?, nil: return nil
        }
    }

    private func double(_ operand: RowFilter.Operand) -> Datum? {
        switch operand {
        case .double(let value): .double(value)
        case .integer(let value): value.magnitude <= Self.exactDoubleMax ? .double(Double(value)) : nil
        case .decimal(let unscaled, let scale): Double("\(unscaled)e-\(scale)").map { .double($0) }
        default: nil
        }
    }

    /// Exactly, or not at all.
    private func decimal(_ operand: RowFilter.Operand, scale: Int) -> Datum? {
        switch operand {
        case .integer(let value): return SingleValueJSON.parse(.integer(value), .decimal(precision: 38, scale: scale))
        case .decimal(let unscaled, let own):
            return SingleValueJSON.parse(.number("\(unscaled)e-\(own)"), .decimal(precision: 38, scale: scale))
        default: return nil
        }
    }

    /// `2021-01-31` alone: the engine takes more, which is not needed here.
    private static func date(_ text: String) -> Datum? {
        guard text.utf8.count == 10 else { return nil }
        return SingleValueJSON.parse(.string(text), .date)
    }

    /// `2021-01-31`, or with a time behind it, and a zone where the type has one. Sessions are in UTC.
    private static func instant(_ text: String, cast: String?, allowsZone: Bool) -> Datum? {
        switch cast {
        case nil, "TIMESTAMP": break
        case "DATE": if text.utf8.count != 10 { return nil }
        case "TIMESTAMP WITH TIME ZONE": if !allowsZone { return nil }
        default: return nil
        }
        if text.utf8.count == 10 { return SingleValueJSON.parse(.string(text + "T00:00:00"), .timestamp) }
        var clock = text.replacing(" ", with: "T", maxReplacements: 1)
        let hasZone = clock.dropFirst(11).contains { $0 == "+" || $0 == "-" || $0 == "Z" || $0 == "z" }
        guard clock.dropFirst(10).first == "T", !hasZone || (allowsZone && cast != "TIMESTAMP") else { return nil }
        // Digits past the microsecond are rounded by the one and cut by the other.
        guard clock.utf8.count <= 26 || hasZone && clock.utf8.count <= 27 else { return nil }
        if !hasZone { clock += "Z" }
        return SingleValueJSON.parse(.string(clock), .timestamptz)
    }
}

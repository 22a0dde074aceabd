/// What a statement speaks of, as the engine's own parser reads it: enough to find the files that it needs.
package struct StatementOutline: Codable, Sendable, Hashable {
    /// A table that the text names.
    package struct Reference: Codable, Sendable, Hashable {
        package var namespace: String
        package var name: String
        /// The name that its columns are qualified with, if not its own.
        package var alias: String?
        /// `AT (…)` behind it; `nil`: the state that the whole query is asked for.
        package var moment: Moment?
        /// Which of ``StatementOutline/scopes`` filters its rows; `nil`: none does.
        package var scope: Int?
        /// Bytes of the qualified name in the text, and of `AT (…)`; known where ``moment`` is.
        package var nameBytes: Range<Int>?
        package var momentBytes: Range<Int>?

        package init(namespace: String, name: String, alias: String? = nil, moment: Moment? = nil, scope: Int? = nil) {
            self.namespace = namespace
            self.name = name
            self.alias = alias
            self.moment = moment
            self.scope = scope
        }
    }

    /// A point in a table's history.
    package enum Moment: Codable, Sendable, Hashable {
        case snapshot(Int64)
        /// A branch or tag.
        case reference(String)
        /// Microseconds since 1970 UTC.
        case instant(microseconds: Int64)
    }

    package var references: [Reference]
    /// The WHERE clause of each SELECT that names tables.
    package var scopes: [RowFilter]
    /// Whether the same rows of the same tables give the same answer each time: nothing in it depends on the time of day, on
    /// chance or on who asks. What is not known counts as no.
    package var isRepeatable: Bool

    package init(references: [Reference] = [], scopes: [RowFilter] = [], isRepeatable: Bool = false) {
        self.references = references
        self.scopes = scopes
        self.isRepeatable = isRepeatable
    }
}

/// Which rows a WHERE clause lets through, as far as it compares columns with constants.
///
/// What is not understood is ``unknown``, which is never the reason to leave out a file, under `not` and `any` neither.
package indirect enum RowFilter: Codable, Sendable, Hashable {
    package enum Comparison: String, Codable, Sendable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    }

    /// A column as the text names it: what stands before the last dot, and what behind.
    package struct Column: Codable, Sendable, Hashable {
        package var qualifier: [String]
        package var name: String

        package init(qualifier: [String] = [], name: String) {
            self.qualifier = qualifier
            self.name = name
        }
    }

    case unknown
    case all([RowFilter])
    case any([RowFilter])
    case not(RowFilter)
    case compare(Column, Comparison, Operand)
    case isIn(Column, [Operand])
    case isNull(Column)
    case startsWith(Column, String)

    /// A constant, with the type that the engine gives it.
    package indirect enum Operand: Codable, Sendable, Hashable {
        case boolean(Bool)
        case integer(Int64)
        case decimal(unscaled: Int64, scale: Int)
        case double(Double)
        case text(String)
        /// By its number or name.
        case parameter(String)
        /// A cast to one of the engine's types.
        case cast(Operand, type: String)
    }
}

/// An expression in the engine's SQL with its type in Trino.
struct Typed {
    var sql: String
    var type: TrinoType
    /// For a time with a zone other than UTC: the zone, as text in the engine's SQL.
    var zone: String?

    init(_ sql: String, _ type: TrinoType, zone: String? = nil) {
        self.sql = sql
        self.type = type
        self.zone = zone
    }

    /// What functions of the calendar compute with: the wall clock of the zone.
    var calendar: String { zone.map { "timezone(\($0), \(sql))" } ?? sql }
}

/// The names that an expression can use.
final class Scope {
    struct Column {
        var name: String
        /// What may stand before the name, the outermost first: `lake`, `silver`, `jobs`, or an alias alone.
        var qualifiers: [String]
        var value: Typed
        /// Whether the name alone means it, and `*` shows it.
        var isVisible = true

        var key: String { name.lowercased() }
    }

    /// A relation whose columns are not known.
    struct OpenRelation {
        var qualifiers: [String]
        /// The relation's name in the engine's SQL.
        var alias: String
    }

    var columns: [Column]
    var open: [OpenRelation]
    /// Parameters of lambdas.
    var bindings: [String: Typed] = [:]
    let parent: Scope?

    init(columns: [Column] = [], open: [OpenRelation] = [], parent: Scope?) {
        self.columns = columns
        self.open = open
        self.parent = parent
    }

    /// The value of `name`, or of `qualifier.name`.
    /// - Throws: ``TrinoSQLError`` `AMBIGUOUS_NAME`.
    func find(_ qualifier: [Identifier], _ name: Identifier) throws -> Typed? {
        let key = name.key
        let wanted = qualifier.map(\.key)
        if wanted.isEmpty, let bound = bindings[key] { return bound }
        let found = columns.filter { column in
            column.key == key && (wanted.isEmpty ? column.isVisible : column.qualifiers.hasSuffix(wanted))
        }
        if found.count > 1 {
            throw TrinoSQLError.semantic("AMBIGUOUS_NAME", "Column '\(name.text)' is ambiguous", name.location)
        }
        if let column = found.first { return column.value }
        let open = open.filter { wanted.isEmpty || $0.qualifiers.hasSuffix(wanted) }
        if open.count == 1, let relation = open.first {
            return Typed("\(relation.alias).\(SQLText.quoted(name.text))", .unresolved)
        }
        return try parent?.find(qualifier, name)
    }

    /// Whether some relation here goes by the qualifier.
    func hasRelation(_ qualifier: [Identifier]) -> Bool {
        let wanted = qualifier.map(\.key)
        return columns.contains { $0.qualifiers.hasSuffix(wanted) } || open.contains { $0.qualifiers.hasSuffix(wanted) }
    }
}

extension [String] {
    func hasSuffix(_ end: [String]) -> Bool { count >= end.count && Array(suffix(end.count)) == end }
}

import QueryEngine

/// Reads out of a statement's parsed form which tables it names, at which time, and which of their rows matter.
///
/// A WHERE clause says something about the tables that stand in the FROM clause of the same SELECT, joined or not. It says
/// nothing where rows are picked before it is looked at: samples, and joins to the nearest row or by position.
struct StatementOutliner {
    private(set) var outline = StatementOutline()
    private let text: String
    /// Computes a point in time from the text of its expression, microseconds since 1970.
    private let instant: (String) throws -> Int64

    /// - Parameter text: the statement, whose parsed form has passed ``StatementAdmission``.
    init(_ text: String, instant: @escaping (String) throws -> Int64) {
        self.text = text
        self.instant = instant
    }

    /// - Throws: ``WireError`` `sql-invalid` for a point in time that is none.
    mutating func visit(_ tree: JSONTree) throws {
        switch tree {
        case .array(let elements): for element in elements { try visit(element) }
        case .object(let members):
            if tree["class"] == nil, tree["type"]?.text == "SELECT_NODE" {
                try visitSelect(tree, members)
            } else if Self.isTable(tree) {
                try add(tree, scope: nil)
            } else {
                for member in members { try visit(member.value) }
            }
        case .other, .integer, .real, .boolean, .string: break
        }
    }

    private static func isTable(_ tree: JSONTree) -> Bool {
        tree["class"] == nil && tree["type"]?.text == "BASE_TABLE"
    }

    private mutating func visitSelect(_ node: JSONTree, _ members: [JSONTree.Member]) throws {
        let scope = outline.scopes.count
        outline.scopes.append(.unknown)
        var joins = Joins()
        if let from = node["from_table"] { try visitFrom(from, scope: scope, &joins) }
        if let condition = node["where_clause"], node["sample"] == nil, !joins.pickRows {
            outline.scopes[scope] = FilterReading(isOuterJoined: joins.areOuter).filter(condition)
        }
        for member in members where member.key != "from_table" { try visit(member.value) }
    }

    private struct Joins {
        var areOuter = false
        /// Whether which rows are joined depends on rows that the WHERE clause would drop.
        var pickRows = false
    }

    private mutating func visitFrom(_ tree: JSONTree, scope: Int, _ joins: inout Joins) throws {
        guard tree["class"] == nil else { return try visit(tree) }
        switch tree["type"]?.text {
        case "BASE_TABLE":
            let isWhole = tree["sample"] == nil && tree["column_name_alias"] == nil
            try add(tree, scope: isWhole ? scope : nil)
        case "JOIN":
            switch tree["join_type"]?.text {
            case "INNER", nil: break
            case "LEFT", "RIGHT", "OUTER", "FULL": joins.areOuter = true
            default: joins.pickRows = true
            }
            switch tree["ref_type"]?.text {
            case "REGULAR", "CROSS", nil: break
            default: joins.pickRows = true
            }
            guard case .object(let members) = tree else { return }
            for member in members {
                if member.key == "left" || member.key == "right" {
                    try visitFrom(member.value, scope: scope, &joins)
                } else {
                    try visit(member.value)
                }
            }
        default: try visit(tree)
        }
    }

    /// Names without a namespace are common table expressions: the admission has seen to that.
    private mutating func add(_ table: JSONTree, scope: Int?) throws {
        guard let namespace = table["schema_name"]?.text, !namespace.isEmpty, let name = table["table_name"]?.text
        else {
            return
        }
        var reference = StatementOutline.Reference(
            namespace: namespace, name: name, alias: table["alias"]?.text, scope: scope)
        if let clause = table["at_clause"], case .object = clause {
            try read(clause, at: table["query_location"]?.number, into: &reference)
        }
        outline.references.append(reference)
    }

    private func read(
        _ clause: JSONTree, at location: Int?, into reference: inout StatementOutline.Reference
    ) throws {
        var scanner = SQLScanner(text, at: location ?? text.utf8.count)
        let start = scanner.position
        guard let parts = scanner.name(),
            parts.map({ $0.lowercased() }) == [
                reference.namespace.lowercased(), reference.name.lowercased(),
            ]
        else { throw Self.unreadable(reference) }
        reference.nameBytes = start..<scanner.position
        scanner.skipSpace()
        let head = scanner
        // `FROM t AS a AT (…)`: an alias stands before.
        if scanner.word("as") { scanner.skipSpace() }
        if reference.alias != nil {
            guard scanner.identifier() != nil else { throw Self.unreadable(reference) }
            scanner.skipSpace()
        } else {
            scanner = head
        }
        let begin = scanner.position
        guard scanner.word("at") else { throw Self.unreadable(reference) }
        scanner.skipSpace()
        guard scanner.take(UInt8(ascii: "(")) else { throw Self.unreadable(reference) }
        let inside = scanner.position
        guard let body = scanner.untilClosed() else { throw Self.unreadable(reference) }
        reference.momentBytes = begin..<scanner.position
        let isVersion = clause["unit"]?.text?.uppercased() == "VERSION"
        if isVersion {
            reference.moment = try version(clause["expr"], reference)
        } else {
            var expression = SQLScanner(text, at: inside)
            expression.skipSpace()
            guard expression.word("timestamp") else { throw Self.unreadable(reference) }
            expression.skipSpace()
            guard expression.take(UInt8(ascii: "=")), expression.take(UInt8(ascii: ">")) else {
                throw Self.unreadable(reference)
            }
            let range = expression.position..<body.upperBound
            reference.moment = .instant(microseconds: try instant(scanner.text(range)))
        }
    }

    private func version(
        _ tree: JSONTree?, _ reference: StatementOutline.Reference
    ) throws -> StatementOutline.Moment {
        if tree?["class"]?.text == "CONSTANT" {
            switch tree?["value"]?["value"] {
            case .integer(let id)?: return .snapshot(Int64(id))
            case .string(let text)?: return Int64(text).map { .snapshot($0) } ?? .reference(text)
            default: break
            }
        }
        throw WireError(
            code: "sql-invalid",
            message: "AT (VERSION => …) of \(reference.namespace).\(reference.name) is no snapshot id, branch or tag",
            remedy: "write a number, or the name of a branch or tag as text")
    }

    private static func unreadable(_ reference: StatementOutline.Reference) -> WireError {
        WireError(
            code: "sql-refused", message: "AT behind \(reference.namespace).\(reference.name) cannot be read here",
            remedy: "write it as namespace.table AS alias AT (VERSION => id) or AT (TIMESTAMP => time)")
    }
}

import CatalogService
import Iceberg
import LakeModel
import QueryEngine

/// A table that a statement names, as the catalog knows it.
struct ResolvedReference {
    enum Content {
        /// Rows or an attached table, which no filter cuts down.
        case fixed(QueryTable)
        case planned(PlannedTable)
    }

    let identifier: TableIdentifier
    let snapshotID: Int64?
    var content: Content?
    var kind: MetadataTable?
    private let reference: StatementOutline.Reference

    init(_ reference: StatementOutline.Reference, identifier: TableIdentifier, snapshotID: Int64?) {
        self.reference = reference
        self.identifier = identifier
        self.snapshotID = snapshotID
    }

    /// The namespace that the engine is told: a table in a state of its own stands in one of its own, because the same
    /// statement may name it in another state as well.
    var namespace: String {
        reference.moment == nil
            ? identifier.namespace : "\(identifier.namespace)@\(snapshotID.map { String($0) } ?? "0")"
    }

    /// The same for two places of a statement that read the same rows.
    var key: String { "\(namespace).\(identifier.name)\(kind.map { "$\($0.rawValue)" } ?? "")" }

    /// What the answer calls the table whose snapshot was read.
    var shownName: String {
        reference.moment == nil ? identifier.description : "\(identifier)@\(snapshotID.map { String($0) } ?? "0")"
    }

    /// The names of its columns, and their types as far as they can be compared.
    var schema: Schema {
        switch content {
        case .fixed(let table): Schema(id: 0, fields: table.fields)
        case .planned(let plan): plan.schema
        case nil: Schema(id: 0, fields: [])
        }
    }

    func table(matching filter: Expression) -> QueryTable {
        switch content {
        case .fixed(let table): table
        case .planned(let plan): plan.table(matching: filter)
        case nil: preconditionFailure("a reference was resolved to nothing")
        }
    }

    /// The table with all of its files.
    var whole: QueryTable {
        switch content {
        case .fixed(let table): table
        case .planned(let plan): plan.whole
        case nil: preconditionFailure("a reference was resolved to nothing")
        }
    }

    /// Takes `AT (…)` out of the text, and names the table in its own namespace.
    var edits: [TextEdit] {
        guard let nameBytes = reference.nameBytes, let momentBytes = reference.momentBytes else { return [] }
        let name = identifier.name + (kind.map { "$\($0.rawValue)" } ?? "")
        let qualified = [namespace, name].map { "\"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: ".")
        return [TextEdit(bytes: nameBytes, text: qualified), TextEdit(bytes: momentBytes, text: "")]
    }

    /// Whether a qualified column may be this table's.
    func answers(to qualifier: [String]) -> Bool {
        let wanted = qualifier.map { $0.lowercased() }
        if let alias = reference.alias, !alias.isEmpty { return wanted == [alias.lowercased()] }
        let own = [reference.namespace.lowercased(), reference.name.lowercased()]
        return wanted == own || wanted == [own[1]]
    }

    func hasColumn(_ name: String) -> Bool {
        let wanted = name.lowercased()
        return schema.fields.contains { $0.name.lowercased() == wanted }
    }
}

/// A stretch of a statement's text that is replaced.
struct TextEdit {
    /// UTF-8 of the text.
    var bytes: Range<Int>
    var text: String

    /// The places come from the engine's process: one that lies outside of the text is left alone.
    static func apply(_ edits: [TextEdit], to text: String) -> String {
        guard !edits.isEmpty else { return text }
        var bytes = Array(text.utf8)
        for edit in edits.sorted(by: { $0.bytes.lowerBound > $1.bytes.lowerBound })
        where edit.bytes.lowerBound >= 0 && edit.bytes.upperBound <= bytes.count {
            bytes.replaceSubrange(edit.bytes, with: edit.text.utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The filters of a statement, table by table.
struct ReferenceFilters {
    let outline: StatementOutline
    /// In the order of the outline's references; `nil`: not resolved.
    let found: [ResolvedReference?]
    let parameters: QueryParameters

    /// What the WHERE clause beside a reference asks of its rows.
    func filter(of index: Int) -> Expression {
        guard let resolved = found[index], let scope = outline.references[index].scope,
            outline.scopes.indices.contains(scope), case .planned? = resolved.content
        else { return .undecided }
        let beside = outline.references.indices.filter { outline.references[$0].scope == scope }
        // A table that is not known here may have any column: the statement fails, or it is another's to say.
        guard beside.allSatisfy({ found[$0] != nil }) else { return .undecided }
        let binding = FilterBinding(schema: resolved.schema, parameters: parameters) { column in
            let owners = beside.filter { other in
                guard let table = found[other] else { return false }
                return column.qualifier.isEmpty ? table.hasColumn(column.name) : table.answers(to: column.qualifier)
            }
            return owners == [index]
        }
        return binding.expression(outline.scopes[scope])
    }
}

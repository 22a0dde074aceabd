import CatalogService
import Iceberg
import LakeModel
import QueryEngine

/// Refuses what the engine would read wrongly, with the reason.
enum TableObjections {
    static func check(
        _ plan: ScanPlan, of table: TableIdentifier, _ metadata: TableMetadata, _ schema: Schema
    ) throws {
        if let file = plan.tasks.lazy.flatMap({ [$0.dataFile] + $0.deleteFiles }).first(where: {
            $0.format.uppercased() != "PARQUET"
        }) {
            throw QueryError(
                code: "format-unsupported",
                message: "\(table) has \(file.format) files, and Parquet alone is read here",
                remedy: "rewrite the table's files as Parquet (write.format.default)")
        }
        // Columns of flat types are found by their ids. The engine finds those of a table with nested ones by name.
        let isFlat = schema.fields.allSatisfy { $0.type.primitive != nil }
        if !isFlat, !plan.tasks.isEmpty, let column = metadata.renamedColumn(of: schema) {
            throw QueryError(
                code: "evolution-unsupported",
                message: "\(table) has nested columns, and `\(column)` was another column or had another name before",
                remedy: "rewrite the table's files, and expire the snapshots and schemas from before")
        }
    }
}

/// The equality deletes of a table's plan: files that have the same ones on top of them share a set.
struct EqualityDeleteSets {
    let table: TableIdentifier
    let metadata: TableMetadata
    private(set) var sets: [[QueryTable.EqualityDeletes]] = []
    private var indexes: [[String]: Int] = [:]

    init(table: TableIdentifier, metadata: TableMetadata) {
        self.table = table
        self.metadata = metadata
    }

    /// The set of a data file; `nil` when no equality deletes apply to it.
    /// - Parameter deleteFiles: those of its scan task.
    /// - Throws: ``QueryError`` `deletes-unsupported` where columns are matched that are not primitive.
    mutating func index(of deleteFiles: [DataFile], path: (String) throws -> String) throws -> Int? {
        let files = deleteFiles.filter { $0.content == .equalityDeletes }
        guard !files.isEmpty else { return nil }
        let key = files.map(\.location)
        if let index = indexes[key] { return index }
        var byColumns: [[Int]: [String]] = [:]
        for file in files { byColumns[(file.equalityIDs ?? []).sorted(), default: []].append(try path(file.location)) }
        sets.append(
            try byColumns.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ids, files in
                QueryTable.EqualityDeletes(files: files, fields: try fields(ids))
            })
        indexes[key] = sets.count - 1
        return sets.count - 1
    }

    private func fields(_ ids: [Int]) throws -> [SchemaField] {
        let fields = ids.compactMap { id -> SchemaField? in
            for schema in [metadata.schema] + metadata.schemas.reversed() {
                if let field = schema.field(id: id), field.type.primitive != nil { return field }
            }
            return nil
        }
        guard !ids.isEmpty, fields.count == ids.count else {
            throw QueryError(
                code: "deletes-unsupported",
                message: "\(table) has equality deletes of another engine by columns that cannot be compared here",
                remedy: "rewrite the table's files with the engine that wrote them")
        }
        return fields
    }
}

extension TableMetadata {
    /// A column whose name stood for another one, or that had another name, in some schema of the table.
    fileprivate func renamedColumn(of schema: Schema) -> String? {
        var names: [Int: String] = [:]
        var ids: [String: Int] = [:]
        for field in schema.namedFields {
            names[field.id] = field.name
            ids[field.name] = field.id
        }
        for other in schemas where other.id != schema.id {
            for field in other.namedFields {
                if let name = names[field.id], name != field.name { return name }
                if let id = ids[field.name], id != field.id { return field.name }
            }
        }
        return nil
    }
}

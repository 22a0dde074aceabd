import Access
import CatalogService
import Iceberg
import Ingestion
import LakeModel
import ObjectStorage
import QueryEngine
import Synchronization

/// Which state of a table a question is about.
enum TableState: Sendable, Hashable {
    /// What it is now, under the names that its columns have now.
    case current
    /// What it was at a snapshot, under the names of then; `nil`: before its first.
    case at(snapshotID: Int64?)
}

/// Scan plans of tables as the SQL engine takes them, each made once a snapshot.
final class TablePlans: Sendable {
    private struct Key: Hashable {
        let table: TableIdentifier
        let tableUUID: String
        let snapshotID: Int64?
        let schemaID: Int
    }

    private let tables: LakeTables
    private let known = Mutex<[Key: QueryTable]>([:])

    /// Plans that are kept.
    private static let plansMax = 256

    init(tables: LakeTables) { self.tables = tables }

    struct All: Sendable {
        var tables: [QueryTable] = []
        /// Of each table that has a snapshot.
        var snapshotIDs: [String: Int64] = [:]
        /// Names of the tables that the reader may not read, in lower case.
        var hidden: Set<String> = []
    }

    /// The tables that a statement may speak of and `reader` may read, as they are, or in the state that `state` names.
    ///
    /// Those whose names are not in the text can't be meant, and are left alone: what is wrong with a table (of another
    /// engine, or damaged) fails only what speaks of it. A client may name any file in a table's metadata: for readers without
    /// every right a table counts as readable only while all its files lie in the folders of namespaces that they may read.
    func all(
        of reader: Principal, for sql: String,
        state: (TableIdentifier, TableMetadata) throws -> TableState = { _, _ in .current }
    ) async throws -> All {
        var all = All()
        let folders = reader.namespaces(.read)?.map {
            "\(root)\(LakeTables.warehouseFolder)/\(LakehouseCatalog.folder(ofNamespace: $0))"
        }
        let text = sql.lowercased()
        for namespace in try await tables.catalog.namespaces() {
            let isReadable = reader.may(.read, NamespaceName.levels(namespace))
            for table in try await tables.catalog.tables(in: namespace) {
                guard isReadable else {
                    all.hidden.insert(Self.key(table))
                    continue
                }
                // In SQL a quote in a name is doubled, so that the name itself is not in the text.
                guard table.name.contains("\"") || text.contains(table.name.lowercased()),
                    let metadata = try await tables.metadata(table)
                else { continue }
                let state = try state(table, metadata)
                let plan = try await plan(table, metadata, state)
                if let folders, !plan.isInside(folders) {
                    all.hidden.insert(Self.key(table))
                    continue
                }
                all.tables.append(plan)
                if let snapshotID = metadata.snapshotID(in: state) { all.snapshotIDs[table.description] = snapshotID }
            }
        }
        return all
    }

    private static func key(_ table: TableIdentifier) -> String { "\(table.namespace).\(table.name)".lowercased() }

    /// The local folder of the object store, with a trailing slash.
    private var root: String { (tables.objects as? LocalObjectStore).map { $0.root + "/" } ?? "/" }

    private func plan(
        _ table: TableIdentifier, _ metadata: TableMetadata, _ state: TableState
    ) async throws -> QueryTable {
        let snapshotID = metadata.snapshotID(in: state)
        var schema = metadata.schema
        if case .at(let id?) = state {
            schema = metadata.snapshot(id: id)?.schemaID.flatMap { metadata.schema(id: $0) } ?? schema
        }
        let key = Key(
            table: table, tableUUID: metadata.tableUUID, snapshotID: snapshotID, schemaID: schema.id)
        if let plan = known.withLock({ $0[key] }) { return plan }
        var result = QueryTable(
            namespace: table.namespace, name: table.name, fields: schema.fields, plainFiles: [],
            locationScheme: locationScheme, locationRoot: locationScheme == "file://" ? "" : root,
            version: "\(metadata.tableUUID)/\(snapshotID ?? 0)/\(schema.id)")
        if metadata.formatVersion > TableMetadata.scannedVersionMax {
            throw QueryError(
                code: "format-unsupported",
                message: "\(table) is of format version \(metadata.formatVersion), which is not read here",
                remedy: "read it with an engine that knows its version")
        }
        if let snapshotID {
            let plan = try await TableScan(
                metadata: metadata, io: tables.io, snapshotID: snapshotID, schema: schema
            ).plan()
            try check(plan, of: table, metadata, schema)
            var deletes: Set<String> = []
            for task in plan.tasks {
                if task.deleteFiles.isEmpty {
                    result.plainFiles.append(try path(task.dataFile.location))
                } else {
                    result.deletedFromFiles.append(try path(task.dataFile.location))
                    for file in task.deleteFiles { deletes.insert(try path(file.location)) }
                }
            }
            result.deleteFiles = deletes.sorted()
        }
        let plan = result
        known.withLock { known in
            if known.count >= Self.plansMax { known.removeAll() }
            known[key] = plan
        }
        return plan
    }

    private var locationScheme: String {
        let prefix = tables.objects.locationPrefix
        return prefix.hasPrefix("file://") ? "file://" : prefix + "/"
    }

    /// Refuses what the engine would read wrongly, with the reason.
    private func check(
        _ plan: ScanPlan, of table: TableIdentifier, _ metadata: TableMetadata, _ schema: Schema
    ) throws {
        if plan.hasEqualityDeletes {
            throw QueryError(
                code: "deletes-unsupported",
                message: "\(table) has equality deletes of another engine, which cannot be applied here",
                remedy: "rewrite the table's files with the engine that wrote them")
        }
        if let file = plan.tasks.lazy.flatMap({ [$0.dataFile] + $0.deleteFiles }).first(where: {
            $0.format != "PARQUET"
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

    private func path(_ location: String) throws -> String {
        let local = (tables.objects as? LocalObjectStore)?.localPath(forLocation: location)
        guard let path = local ?? FileLocation.path(location) else {
            throw QueryError(
                code: "location-unsupported", message: "\(location) is not on this machine",
                remedy: "the embedded engine reads local files only")
        }
        return path
    }
}

extension QueryTable {
    /// Whether all files lie in one of the folders.
    fileprivate func isInside(_ folders: [String]) -> Bool {
        (plainFiles + deletedFromFiles + deleteFiles).allSatisfy { file in
            folders.contains { LocationPolicy.isInside(file, folder: $0) }
        }
    }
}

extension TableMetadata {
    fileprivate func snapshotID(in state: TableState) -> Int64? {
        switch state {
        case .current: currentSnapshotID
        case .at(let id): id
        }
    }

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

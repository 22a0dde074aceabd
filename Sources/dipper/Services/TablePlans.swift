import Access
import CatalogService
import Iceberg
import Ingestion
import LakeModel
import ObjectStorage
import QueryEngine
import Synchronization

/// Scan plans of tables as the SQL engine takes them, each made once a snapshot.
final class TablePlans: Sendable {
    private struct Key: Hashable {
        let table: TableIdentifier
        let snapshotID: Int64?
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

    /// Every table of the lake that `reader` may read, at its current snapshot, or the one that `snapshot` names.
    ///
    /// A client may name any file in a table's metadata. For readers without every right a table counts as readable only
    /// while all its files lie in the folders of namespaces that they may read.
    func all(
        of reader: Principal,
        snapshot: (TableIdentifier, TableMetadata) throws -> Int64? = { $1.currentSnapshotID }
    ) async throws -> All {
        var all = All()
        let folders = reader.namespaces(.read)?.map {
            "\(root)\(LakeTables.warehouseFolder)/\(LakehouseCatalog.folder(ofNamespace: $0))"
        }
        for namespace in try await tables.catalog.namespaces() {
            let isReadable = reader.may(.read, NamespaceName.levels(namespace))
            for table in try await tables.catalog.tables(in: namespace) {
                guard isReadable else {
                    all.hidden.insert(Self.key(table))
                    continue
                }
                guard let metadata = try await tables.metadata(table) else { continue }
                let snapshotID = try snapshot(table, metadata)
                let plan = try await plan(table, metadata, snapshotID)
                if let folders, !plan.isInside(folders) {
                    all.hidden.insert(Self.key(table))
                    continue
                }
                all.tables.append(plan)
                if let snapshotID { all.snapshotIDs[table.description] = snapshotID }
            }
        }
        return all
    }

    private static func key(_ table: TableIdentifier) -> String { "\(table.namespace).\(table.name)".lowercased() }

    /// The local folder of the object store, with a trailing slash.
    private var root: String { (tables.objects as? LocalObjectStore).map { $0.root + "/" } ?? "/" }

    private func plan(
        _ table: TableIdentifier, _ metadata: TableMetadata, _ snapshotID: Int64?
    ) async throws -> QueryTable {
        let key = Key(table: table, snapshotID: snapshotID)
        if let plan = known.withLock({ $0[key] }) { return plan }
        var result = QueryTable(
            namespace: table.namespace, name: table.name, fields: metadata.schema.fields, plainFiles: [],
            locationScheme: locationScheme, locationRoot: locationScheme == "file://" ? "" : root,
            version: "\(metadata.tableUUID)/\(snapshotID ?? 0)/\(metadata.currentSchemaID)")
        if let snapshotID {
            let plan = try await TableScan(metadata: metadata, io: tables.io, snapshotID: snapshotID).plan()
            if plan.hasEqualityDeletes {
                throw QueryError(
                    code: "deletes-unsupported",
                    message: "\(table) has equality deletes of another engine, which cannot be applied here",
                    remedy: "rewrite the table's files with the engine that wrote them")
            }
            result.fields = plan.schema.fields
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

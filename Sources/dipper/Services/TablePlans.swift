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

    /// Every table of the lake at its current snapshot, or the one that `snapshot` names.
    /// - Returns: the tables, and the snapshot of each that has one.
    func all(
        snapshot: (TableIdentifier, TableMetadata) throws -> Int64? = { $1.currentSnapshotID }
    ) async throws -> (tables: [QueryTable], snapshotIDs: [String: Int64]) {
        var planned: [QueryTable] = []
        var snapshotIDs: [String: Int64] = [:]
        for namespace in try await tables.catalog.namespaces() {
            for table in try await tables.catalog.tables(in: namespace) {
                guard let metadata = try await tables.metadata(table) else { continue }
                let snapshotID = try snapshot(table, metadata)
                planned.append(try await plan(table, metadata, snapshotID))
                if let snapshotID { snapshotIDs[table.description] = snapshotID }
            }
        }
        return (planned, snapshotIDs)
    }

    private func plan(
        _ table: TableIdentifier, _ metadata: TableMetadata, _ snapshotID: Int64?
    ) async throws -> QueryTable {
        let key = Key(table: table, snapshotID: snapshotID)
        if let plan = known.withLock({ $0[key] }) { return plan }
        var result = QueryTable(
            namespace: table.namespace, name: table.name, fields: metadata.schema.fields, plainFiles: [],
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

    private func path(_ location: String) throws -> String {
        guard let path = FileLocation.path(location) else {
            throw QueryError(
                code: "location-unsupported", message: "\(location) is not on this machine",
                remedy: "the embedded engine reads local files only")
        }
        return path
    }
}

import Access
import Analytics
import CatalogService
import GatewayHTTP
import Iceberg
import Ingestion
import LakeModel
import QueryEngine

/// The lake as gold tables are computed from it.
struct LakeGoldSource: GoldSource {
    let plans: TablePlans
    let tables: LakeTables

    func metadata(_ table: TableIdentifier) async throws -> TableMetadata? { try await tables.metadata(table) }

    func plan(_ wanted: [TableIdentifier], for sql: String) async throws -> GoldPlan {
        let all = try await plans.all(of: .anybody, for: sql)
        var plan = GoldPlan(tables: [], snapshotIDs: [:], hold: all.hold)
        for table in all.tables {
            let name = TableIdentifier(namespace: table.namespace, name: table.name)
            guard wanted.contains(name) else { continue }
            plan.tables.append(table)
            plan.snapshotIDs[name] = all.snapshotIDs[name.description]
        }
        return plan
    }
}

/// Gold tables as the gateway tells of them.
struct LakeGold: GoldBrowsing {
    let model: LakeDeclaration
    let tables: LakeTables
    let service: GoldService

    func goldTables() async throws -> [GoldSummary] {
        let book = GoldBook(model: model)
        let statuses = Dictionary(service.status.map { ($0.name, $0) }) { first, _ in first }
        var summaries: [GoldSummary] = []
        for gold in model.goldInOrder {
            var summary = GoldSummary(
                name: gold.name, doc: gold.doc, inputs: book.inputs(of: gold).map(\.description),
                isCurrent: try await service.isCurrent(gold.name))
            if let snapshot = try await tables.metadata(GoldBook.identifier(gold.name))?.currentSnapshot {
                summary.snapshotID = snapshot.id
                summary.rowCount = snapshot.summary["total-records"].flatMap { Int64($0) }
            }
            let status = statuses[gold.name]
            summary.refreshedMicroseconds = status?.refreshedMilliseconds.map { $0 * 1_000 }
            summary.tookMilliseconds = status?.tookMilliseconds
            summary.failure = status?.failure
            summaries.append(summary)
        }
        return summaries
    }

    func refreshGold() async throws { await service.refreshAll() }
}

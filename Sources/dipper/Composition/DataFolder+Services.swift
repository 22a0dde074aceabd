import CatalogService
import EventLog
import Foundation
import GatewayHTTP
import Ingestion
import LakeModel
import ObjectStorage
import QueryEngine

extension DataFolder {
    /// What the gateway puts on the network.
    func services(_ parts: AnswerParts) -> GatewayServices {
        let sql = LakeSQL(plans: parts.plans, engine: parts.queries)
        let analytics = LakeAnalytics(
            model: model, plans: parts.plans, tables: tables, engine: parts.queries, watch: watch,
            isShared: isCatalogShared)
        return GatewayServices(
            ingestion: ingestion, tables: LakeTableBrowser(model: model, tables: tables),
            rejects: LakeRejectBrowser(model: model, tables: tables),
            rows: OperationalRowReader(model: model, store: operational), analytics: analytics, sql: sql,
            answers: parts.cache, gold: LakeGold(model: model, tables: tables, service: parts.gold),
            readiness: [
                ReadinessCheck(name: "catalog") { _ = try await catalog.namespaces() },
                ReadinessCheck(name: "log") { _ = try await log.endOffset(topic: "readiness", partition: 0) },
            ])
    }

    /// The Iceberg REST catalog over the same tables.
    /// - Parameter further: folders beside the warehouse that clients may place tables in.
    func lakehouse(further: [String]) throws -> LakehouseCatalog {
        let folders = further.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
        return LakehouseCatalog(
            store: catalog, io: try CatalogFileIO(objects, further: folders),
            locations: LocationPolicy(
                warehouse: "\(objects.locationPrefix)/\(LakeTables.warehouseFolder)", further: folders),
            nowMilliseconds: { Int64(Date().timeIntervalSince1970 * 1_000) })
    }
}

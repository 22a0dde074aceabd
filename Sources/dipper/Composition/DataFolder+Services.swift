import CatalogService
import EventLog
import GatewayHTTP
import LakeModel
import QueryEngine

extension DataFolder {
    /// What the gateway puts on the network.
    func services(queries: any QueryEngine) -> GatewayServices {
        let sql = LakeSQL(plans: TablePlans(tables: tables), engine: queries, analytics: model.analytics)
        return GatewayServices(
            ingestion: ingestion, tables: LakeTableBrowser(model: model, tables: tables),
            rejects: LakeRejectBrowser(model: model, tables: tables),
            rows: OperationalRowReader(model: model, store: operational), analytics: sql, sql: sql,
            readiness: [
                ReadinessCheck(name: "catalog") { _ = try await catalog.namespaces() },
                ReadinessCheck(name: "log") { _ = try await log.endOffset(topic: "readiness", partition: 0) },
            ])
    }
}

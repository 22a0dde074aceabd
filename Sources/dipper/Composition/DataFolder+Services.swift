import CatalogService
import EventLog
import Foundation
import GatewayHTTP
import Iceberg
import Ingestion
import LakeModel
import ObjectStorage
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

    /// The Iceberg REST catalog over the same tables.
    /// - Parameter further: folders beside the warehouse that clients may place tables in.
    func lakehouse(further: [String]) throws -> LakehouseCatalog {
        let own = Set(model.tables.flatMap { [LakeTables.silver($0), LakeTables.quarantine($0)] })
        let folders = further.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
        return LakehouseCatalog(
            store: catalog, io: try CatalogFileIO(objects, further: folders),
            locations: LocationPolicy(
                warehouse: "\(objects.locationPrefix)/\(LakeTables.warehouseFolder)", further: folders),
            versionMax: { own.contains($0) ? TableMetadata.formatVersionDefault : TableMetadata.formatVersionMax },
            nowMilliseconds: { Int64(Date().timeIntervalSince1970 * 1_000) })
    }
}

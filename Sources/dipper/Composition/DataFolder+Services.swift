import CatalogService
import EventLog
import Foundation
import GatewayHTTP
import Iceberg
import Ingestion
import LakeModel
import ObjectStorage
import OperationalStore
import QueryEngine
import TableMaintenance

extension DataFolder {
    /// What the gateway puts on the network.
    /// - Parameters:
    ///   - room: of the server's maintenance; `nil`: no backups are made.
    ///   - cluster: of Trino, if there is one.
    func services(
        _ parts: AnswerParts, room: MaintenanceRoom? = nil, cluster: ClusterAnalytics? = nil
    ) -> GatewayServices {
        var sql = LakeSQL(plans: parts.plans, engine: parts.queries)
        sql.limits = parts.limits
        let analytics = LakeAnalytics(
            model: model, plans: parts.plans, tables: tables, engine: parts.queries, watch: watch,
            isShared: isCatalogShared, cluster: cluster)
        var services = GatewayServices(
            ingestion: ingestion, tables: LakeTableBrowser(model: model, tables: tables),
            rejects: LakeRejectBrowser(model: model, tables: tables),
            rows: OperationalRowReader(model: model, store: operational), analytics: analytics, sql: sql,
            backups: room.map { LakeBackups(folder: self, room: $0) },
            answers: parts.cache, gold: LakeGold(model: model, tables: tables, service: parts.gold),
            readiness: readiness + parts.readiness)
        services.trinoCluster = cluster.map { ClusterForwarding(cluster: $0.cluster, fallsBack: $0.fallsBack) }
        return services
    }

    /// What must be reachable before work is done here, and the operational database, which the lake does without.
    var readiness: [ReadinessCheck] {
        [
            ReadinessCheck(name: "catalog") { _ = try await catalog.namespaces() },
            ReadinessCheck(name: "log") { _ = try await log.endOffset(topic: "readiness", partition: 0) },
        ] + objectsReadiness + operationalReadiness
    }

    private var operationalReadiness: [ReadinessCheck] {
        guard sharesOperational else { return [] }
        return [
            ReadinessCheck(name: "operational", isRequired: false) {
                _ = try await operational.watermark(topic: "readiness", partition: 0)
            }
        ]
    }

    /// The Iceberg REST catalog over the same tables.
    /// - Parameter further: folders beside the warehouse that clients may place tables in.
    func lakehouse(further: [String]) throws -> LakehouseCatalog {
        let own = Set(model.tables.flatMap { [LakeTables.silver($0), LakeTables.quarantine($0)] })
        let folders = further.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
        return LakehouseCatalog(
            store: catalog, io: PinnedFileIO(base: try CatalogFileIO(objects, further: folders), pins: pins),
            locations: LocationPolicy(
                warehouse: "\(objects.locationPrefix)/\(LakeTables.warehouseFolder)", further: folders),
            versionMax: { own.contains($0) ? TableMetadata.formatVersionDefault : TableMetadata.formatVersionMax },
            nowMilliseconds: { Int64(Date().timeIntervalSince1970 * 1_000) })
    }
}

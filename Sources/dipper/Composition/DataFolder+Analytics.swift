import Analytics
import CatalogService
import Foundation
import GatewayHTTP
import Ingestion
import LakeModel
import Logging
import ObjectStorage
import QueryEngine
import ResultCache
import ResultCacheRedis

/// What answers come from: plans, the engine, the cache, gold.
struct AnswerParts: Sendable {
    let queries: LakeQueryEngine
    /// For gold alone: a refresh may take minutes, and must not keep queries of clients waiting.
    let goldQueries: LakeQueryEngine
    let plans: TablePlans
    let cache: AnswerCache
    let gold: GoldService
    /// Of queries of clients.
    let limits: QueryLimits
    /// The Redis server behind the memory of this process.
    var shared: RedisResultCache?

    /// Without it answers are computed.
    var readiness: [ReadinessCheck] {
        guard let shared else { return [] }
        let key = CacheKey(["readiness"])
        return [ReadinessCheck(name: "cache", isRequired: false) { _ = try await shared.value(for: key) }]
    }

    func shutdown() async {
        await queries.shutdown()
        await goldQueries.shutdown()
    }
}

extension DataFolder {
    /// - Parameters:
    ///   - refreshes: whether commits have gold refreshed.
    ///   - cacheAddress: of a Redis server behind the memory of this process.
    func answerParts(
        queries: LakeQueryEngine, lakehouse: LakehouseCatalog, refreshes: Bool, limits: ServerLimits,
        cacheAddress: CacheChoice, logger: Logger
    ) throws -> AnswerParts {
        let plans = plans(queries)
        let goldQueries = try goldQueries(queries.files, limits.queries, logger: logger)
        let gold = GoldService(
            room: goldRoom(self.plans(goldQueries), goldQueries, lakehouse, limits.gold), pool: BlockingPool.shared,
            signals: refreshes ? [tables.signals, lakehouse.signals] : [],
            shared: refreshes && isCatalogShared ? catalog : nil, logger: logger)
        let shared = cacheAddress.redis.map { RedisResultCache($0) }
        let cache = AnswerCache(bytesMax: limits.answers.answerCacheBytes, second: shared, logger: logger)
        return AnswerParts(
            queries: queries, goldQueries: goldQueries, plans: plans, cache: cache, gold: gold,
            limits: limits.queries.limits, shared: shared)
    }

    private func goldRoom(
        _ plans: TablePlans, _ queries: LakeQueryEngine, _ lakehouse: LakehouseCatalog, _ limits: GoldLimits
    ) -> GoldRoom {
        GoldRoom(
            model: model, source: LakeGoldSource(plans: plans, tables: tables), engine: queries, catalog: lakehouse,
            objects: objects, limits: limits, nowMilliseconds: { Int64(Date().timeIntervalSince1970 * 1_000) })
    }

    /// The role of keeping gold tables current behind commits of any process, for one process at a time.
    ///
    /// The refresh begins anew each time that the role is taken. Two processes at once, one of which has lost the role and
    /// does not know it yet, do no harm: a refresh commits on the snapshot that it has seen alone.
    func goldRole(
        queries: LakeQueryEngine, lakehouse: LakehouseCatalog, limits: ServerLimits, logger: Logger
    ) -> (name: String, work: RoleKeeper.Work) {
        let room = goldRoom(plans(queries), queries, lakehouse, limits.gold)
        return (
            TableRoles.Role.gold.rawValue,
            {
                await GoldService(
                    room: room, pool: BlockingPool.shared, signals: [], shared: catalog, logger: logger
                ).run()
            }
        )
    }
}

/// Which cache stands behind the memory of the process.
struct CacheChoice: Sendable, Equatable {
    static let variable = "DIPPER_CACHE"

    var redis: RedisAddress?

    /// - Parameter text: `redis://…`, `rediss://…`, or `@FILE` with that as its first line; `nil`: as the environment says.
    /// - Throws: `cache-address-invalid`, what keeps the file from being read.
    init(_ text: String?, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        guard var text = text ?? environment[Self.variable], !text.isEmpty else { return }
        if text.hasPrefix("@") {
            let content = try String(contentsOfFile: String(text.dropFirst()), encoding: .utf8)
            text = content.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        }
        redis = try RedisAddress(text.trimmingCharacters(in: .whitespaces))
    }
}

/// What the answer cache may take.
struct AnswerLimits: Sendable, Hashable {
    /// Bytes of the answers that the process keeps.
    var answerCacheBytes = AnswerCache.bytesMaxDefault
}

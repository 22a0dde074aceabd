import Access
import Hummingbird
import LakeModel
import Observability

/// `GET /api/v2/gold` and `POST /api/v2/gold/refresh`.
struct GoldRoutes {
    let service: any GoldBrowsing

    var routes: [Route] {
        [
            Route(.get, "/api/v2/gold", access: Self.access(.read), documentation: .gold, handler: list),
            Route(
                .post, "/api/v2/gold/refresh", access: Self.access(.write), documentation: .goldRefresh,
                handler: refresh),
        ]
    }

    private static func access(_ right: AccessRight) -> RouteAccess {
        .namespaces(right) { _ in [GoldDeclaration.namespace] }
    }

    @Sendable private func list(_ request: GatewayRequest) async throws -> Response {
        _ = try QueryOptions(request.request, known: [])
        return Answers.json(.array(try await service.goldTables().map(Self.json)))
    }

    @Sendable private func refresh(_ request: GatewayRequest) async throws -> Response {
        _ = try QueryOptions(request.request, known: [])
        try await service.refreshGold()
        return Answers.json(.array(try await service.goldTables().map(Self.json)))
    }

    private static func json(_ gold: GoldSummary) -> JSONValue {
        .object([
            "name": .string(gold.name), "table": .string("\(GoldDeclaration.namespace).\(gold.name)"),
            "doc": .string(gold.doc), "inputs": .strings(gold.inputs), "current": .boolean(gold.isCurrent),
            "snapshotId": .string(gold.snapshotID.map { String($0) }), "rowCount": .integer(gold.rowCount),
            "refreshedAt": .string(gold.refreshedMicroseconds.map { UTCText.text(microseconds: $0) }),
            "milliseconds": .integer(gold.tookMilliseconds), "failure": .string(gold.failure),
        ])
    }
}

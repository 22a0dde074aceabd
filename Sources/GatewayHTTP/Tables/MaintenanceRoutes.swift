import Access
import HTTPTypes
import Hummingbird
import LakeModel
import TableMaintenance

/// `POST /api/v2/tables/{table}/compact`, `expire` and `orphans`, and what came of such.
package struct MaintenanceRoutes: Sendable {
    /// Files that may be deleted as orphans are this old at least: an hour. Writers may be about to commit younger ones, and here
    /// the server's own are at work.
    static let orphanSecondsMin = 3_600
    /// Ten years.
    static let secondsMax = 315_360_000
    static let snapshotsMax = 1_000_000

    let service: any TableMaintaining
    let limits: GatewayLimits

    package init(service: any TableMaintaining, limits: GatewayLimits) {
        self.service = service
        self.limits = limits
    }

    package var routes: [Route] {
        let table = "/api/v2/tables/{table}"
        return [
            route(table + "/compact", .compact(), known: []) { _ in MaintenanceRequest(.compact) },
            route(table + "/expire", .expire(), known: ["olderThanSeconds", "keep"]) { options in
                MaintenanceRequest(
                    .expire, ageMilliseconds: try Self.age(options, from: 0),
                    snapshotsMin: try options["keep"].map { _ in
                        try options.integer("keep", in: 1...Self.snapshotsMax, default: 1)
                    })
            },
            route(table + "/orphans", .orphans(), known: ["olderThanSeconds"]) { options in
                MaintenanceRequest(.orphans, ageMilliseconds: try Self.age(options, from: Self.orphanSecondsMin))
            },
            Route(
                .get, RoutePath(table + "/maintenance"), access: .table(.read), documentation: .maintenance(limits),
                handler: history),
        ]
    }

    private func route(
        _ path: String, _ documentation: RouteDocumentation, known: [String],
        _ request: @escaping @Sendable (QueryOptions) throws -> MaintenanceRequest
    ) -> Route {
        Route(.post, RoutePath(path), access: .table(.write), documentation: documentation) { call in
            let options = try QueryOptions(call.request, known: known + ["dryRun"])
            var wanted = try request(options)
            wanted.isDryRun = try options.boolean("dryRun") ?? false
            let name = try call.parameter("table")
            guard let outcome = try await service.maintain(name, wanted) else { throw TableRoutes.unknownTable(name) }
            // What went wrong is in the log and the history; inner messages name places on the server.
            guard outcome.state != .failed else {
                throw GatewayError(
                    code: "maintenance-failed", message: "the \(outcome.action.rawValue) of \(name) failed",
                    remedy: "look at the server's log; the table is as it was")
            }
            return Answers.json(Self.json(outcome))
        }
    }

    private static func age(_ options: QueryOptions, from least: Int) throws -> Int64? {
        guard options["olderThanSeconds"] != nil else { return nil }
        return Int64(try options.integer("olderThanSeconds", in: least...secondsMax, default: least)) * 1_000
    }

    @Sendable private func history(_ request: GatewayRequest) async throws -> Response {
        let paging = try Paging(
            QueryOptions(request.request, known: Paging.options), sizeDefault: limits.pageSizeDefault,
            sizeMax: limits.pageSizeMax, limits: limits)
        let name = try request.parameter("table")
        guard let outcomes = try await service.history(of: name) else { throw TableRoutes.unknownTable(name) }
        let shown = outcomes.dropFirst(paging.page * paging.size).prefix(paging.size)
        return Answers.json(
            .array(shown.map(Self.json)), headers: paging.headers(total: outcomes.count, request: request.request))
    }

    private static func json(_ outcome: MaintenanceOutcome) -> JSONValue {
        .object([
            "action": .string(outcome.action.rawValue), "table": .string(outcome.table),
            "state": .string(outcome.state.rawValue),
            // A failure's text may name places on the server.
            "reason": outcome.state == .failed ? nil : .string(outcome.reason),
            "startedAt": .time(outcome.startedMilliseconds * 1_000), "milliseconds": .integer(outcome.milliseconds),
            "before": outcome.before.map(json), "after": outcome.after.map(json),
            "addedFiles": .integer(outcome.addedFiles), "removedFiles": .integer(outcome.removedFiles),
            "expiredSnapshots": .integer(outcome.expiredSnapshots),
            "expiredReferences": .integer(outcome.expiredReferences),
            "deletedFiles": .integer(outcome.deletedFiles), "deletedBytes": .integer(outcome.deletedBytes),
            "undeletedFiles": .integer(outcome.undeletedFiles),
            "locations": outcome.locations.isEmpty ? nil : .strings(outcome.locations),
        ])
    }

    private static func json(_ size: TableSize) -> JSONValue {
        .object([
            "snapshots": .integer(size.snapshots), "metadataFiles": .integer(size.metadataFiles),
            "rows": .integer(size.records), "byteCount": .integer(size.bytes), "dataFiles": .integer(size.dataFiles),
            "deleteFiles": .integer(size.deleteFiles), "manifests": .integer(size.manifests),
        ])
    }
}

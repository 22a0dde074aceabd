import Foundation
import GatewayHTTP
import HTTPTypes
import HummingbirdTesting
import Synchronization
import TableMaintenance
import Testing

struct MaintenanceRouteTests {
    private static let table = "/api/v2/tables/departments"

    private static func run(
        _ test: @escaping @Sendable (any TestClientProtocol, FakeMaintaining) async throws -> Void
    ) async throws {
        let fake = FakeMaintaining()
        let routes = MaintenanceRoutes(service: fake, limits: GatewayLimits()).routes
        try await Harness(routes: routes).run { client in try await test(client, fake) }
    }

    @Test func `each action is asked for as the options say`() async throws {
        try await Self.run { client, fake in
            for (path, wanted) in [
                ("/compact", MaintenanceRequest(.compact)), ("/compact?dryRun=true", .init(.compact, isDryRun: true)),
                ("/expire", .init(.expire)),
                (
                    "/expire?olderThanSeconds=0&keep=3&dryRun=false",
                    .init(.expire, ageMilliseconds: 0, snapshotsMin: 3)
                ),
                ("/orphans", .init(.orphans)),
                ("/orphans?olderThanSeconds=3600", .init(.orphans, ageMilliseconds: 3_600_000)),
            ] {
                let answer = try await client.post(Self.table + path, "")
                answer.expect(.ok)
                #expect(fake.state.withLock { $0.requests.last } == wanted, "\(path)")
                let json = try answer.json
                #expect(json["state"] as? String == (wanted.isDryRun ? "dry-run" : "done"))
                #expect(json["removedFiles"] as? Int == 9 && json["startedAt"] as? String == "2024-01-31T12:00:00Z")
            }
        }
    }

    @Test func `young files are no orphans, and unknown options are refused`() async throws {
        try await Self.run { client, fake in
            for (path, code) in [
                ("/orphans?olderThanSeconds=3599", "option-invalid"), ("/orphans?keep=1", "option-unknown"),
                ("/compact?olderThanSeconds=1", "option-unknown"), ("/expire?keep=0", "option-invalid"),
                ("/expire?dryRun=yes", "option-invalid"),
            ] {
                try await client.post(Self.table + path, "").expectProblem(code, 400)
            }
            try await client.post("/api/v2/tables/none/compact", "").expectProblem("unknown-table", 404)
            try await client.get("/api/v2/tables/none/maintenance").expectProblem("unknown-table", 404)
            #expect(fake.state.withLock { $0.requests.isEmpty })
        }
    }

    @Test func `a failure is told without places on the server`() async throws {
        try await Self.run { client, fake in
            fake.state.withLock { $0.outcome = .failed }
            try await client.post(Self.table + "/compact", "").expectProblem("maintenance-failed", 500)
            fake.state.withLock { $0.error = MaintenanceError(code: "maintenance-running", message: "busy") }
            try await client.post(Self.table + "/compact", "").expectProblem("maintenance-running", 409)
            let history = try await client.get(Self.table + "/maintenance?size=2")
            history.expect(.ok)
            #expect(history.header("X-Total-Count") == "2" && !history.text.contains("secret"))
            #expect(try history.list.map { $0["action"] as? String } == ["compact", "expire"])
        }
    }
}

import Access
import CatalogService
import Foundation
import GatewayHTTP
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Synchronization
import Testing

/// Walks every route that the server has. A route without a rule fails here, and so does one whose rule lets through whom it
/// should not.
struct RouteAccessTests {
    private static let all = "all-all-all-all-all"
    private static let reader = "reader-reader-reader"
    private static let stranger = "stranger-stranger-stranger"
    private static let nobody = "nobody-nobody-nobody"

    /// What the requests of the walk name: the catalog's namespace, beside `silver` and `quarantine`.
    private static let namespace = "ns"

    /// Bodies for the routes whose paths don't tell what they touch. A route of that kind without one fails the walk.
    private static let bodies: [String: String] = [
        "DELETE /api/v2/queries/{id}": "",
        "POST /api/v2/query": #"{"sql": "SELECT 1"}"#, "POST /v1/statement": "SELECT 1",
        "POST /catalog/v1/namespaces": #"{"namespace": ["ns"]}"#,
        "POST /catalog/v1/tables/rename":
            #"{"source": {"namespace": ["ns"], "name": "t"}, "destination": {"namespace": ["elsewhere"], "name": "t"}}"#,
        "POST /catalog/v1/views/rename":
            #"{"source": {"namespace": ["elsewhere"], "name": "t"}, "destination": {"namespace": ["ns"], "name": "t"}}"#,
        "POST /catalog/v1/aws/s3/sign":
            #"{"method": "GET", "uri": "http://door/lake/ns/x", "region": "r", "headers": {}}"#,
        "POST /catalog/v1/transactions/commit":
            #"{"table-changes": [{"identifier": {"namespace": ["ns"], "name": "t"}, "requirements": [], "updates": []}]}"#,
    ]

    /// Lists, which show what their reader may see and refuse nobody who may read anything.
    private static let lists: Set<String> = [
        "GET /api/v2/tables", "GET /api/v2/queries", "GET /catalog/v1/namespaces",
    ]

    /// Other methods than GET that change nothing.
    private static let readsByPost: Set<String> = [
        "POST /api/v2/query", "POST /v1/statement", "DELETE /api/v2/queries/{id}",
        "POST /api/v2/tables/{table}/backup",
        "POST /catalog/v1/oauth/tokens", "POST /catalog/v1/aws/s3/sign",
        "POST /catalog/v1/namespaces/{namespace}/tables/{table}/sign",
        "POST /catalog/v1/namespaces/{namespace}/tables/{table}/metrics",
        "POST /catalog/v1/namespaces/{namespace}/tables/{table}/plan",
        "POST /catalog/v1/namespaces/{namespace}/tables/{table}/tasks",
        "DELETE /catalog/v1/namespaces/{namespace}/tables/{table}/plan/{plan-id}",
    ]

    private struct Walk {
        let harness: Harness
        let routes: [Route]
    }

    private func walk() async throws -> Walk {
        func credential(_ token: String, _ grants: [String]) throws -> Credential {
            Credential(
                name: String(token.prefix(6)), tokenHash: Credential.hash(token: token.utf8), accessKeyID: nil,
                grants: try grants.map { try Grant(parsing: $0) })
        }
        let book = try AccessBook([
            try credential(Self.all, ["write:*"]), try credential(Self.reader, ["read:*"]),
            try credential(Self.stranger, ["write:elsewhere"]), try credential(Self.nobody, []),
        ])
        let authentication = TokenAuthentication(AccessRegistry(book))
        let catalog = try await CatalogHarness()
        for name in [Self.namespace, "elsewhere"] {
            try await catalog.catalog.createNamespace(name, properties: [:], ticket: nil, answer: [])
        }
        var configuration = IcebergConfiguration()
        configuration.storage = StorageAccess(prefix: "s3://lake/", signer: FakeSigner()) { _, _ in [:] }
        let harness = try Harness(
            authentication: authentication,
            routes: IcebergRoutes(
                catalog: catalog.catalog, configuration: configuration, authentication: authentication
            ).routes + MaintenanceRoutes(service: FakeMaintaining(), limits: GatewayLimits()).routes)
        return Walk(harness: harness, routes: harness.gateway.routes)
    }

    private static func name(_ route: Route) -> String { "\(route.method.rawValue) \(route.path.template)" }

    private static func isForAnyone(_ route: Route) -> Bool {
        if case .anyone = route.access { true } else { false }
    }

    private static func path(_ route: Route) -> String {
        route.path.template.split(separator: "/", omittingEmptySubsequences: false).map { part in
            guard part.hasPrefix("{") else { return String(part) }
            switch part {
            case "{namespace}": return namespace
            case "{table}" where route.path.template.hasPrefix("/api/"): return "departments"
            case "{key}": return "7"
            default: return "x"
            }
        }.joined(separator: "/")
    }

    private static func send(
        _ route: Route, _ token: String?, _ client: any TestClientProtocol
    ) async throws -> TestResponse {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let token { headers[.authorization] = "Bearer \(token)" }
        let body = bodies[name(route)] ?? (route.method == .get || route.method == .head ? "" : "{}")
        return try await client.execute(
            uri: path(route), method: route.method, headers: headers, body: ByteBuffer(string: body))
    }

    @Test func `every route has a rule`() async throws {
        for route in try await walk().routes {
            if case .undeclared = route.access { Issue.record("no rule for \(Self.name(route))") }
            if case .decided = route.access {
                let name = Self.name(route)
                #expect(
                    Self.bodies[name] != nil || Self.lists.contains(name),
                    "\(name) decides by itself: say here by which request that is seen")
            }
        }
    }

    @Test func `without a token every route is refused, but for those that are open`() async throws {
        let walk = try await walk()
        let routes = walk.routes
        #expect(
            routes.filter(\.isOpen).map(Self.name) == [
                "GET /healthz", "GET /readyz", "POST /catalog/v1/oauth/tokens",
            ])
        try await walk.harness.run { client in
            for route in routes where !route.isOpen {
                for token in [nil, "wrong-wrong-wrong-wrong"] {
                    let answer = try await Self.send(route, token, client)
                    #expect(answer.status == .unauthorized, "\(Self.name(route))")
                    #expect(answer.headers[.wwwAuthenticate] == "Bearer realm=\"dipper\"")
                    guard route.method != .head else { continue }
                    #expect(
                        answer.text.contains(
                            route.path.template.hasPrefix("/catalog") ? "NotAuthorizedException" : "unauthenticated"),
                        "\(Self.name(route)): \(answer.text)")
                }
            }
        }
    }

    @Test func `a token of another namespace is refused wherever data is shown or changed`() async throws {
        let walk = try await walk()
        let routes = walk.routes
        try await walk.harness.run { client in
            for route in routes where !route.isOpen && !Self.isForAnyone(route) {
                let name = Self.name(route)
                let answer = try await Self.send(route, Self.stranger, client)
                if Self.lists.contains(name) {
                    #expect(answer.status == .ok && !answer.text.contains("silver"), "\(name): \(answer.text)")
                    #expect(!answer.text.contains("\"ns\""), "\(name): \(answer.text)")
                } else if name == "POST /api/v2/query" {
                    // The rights go on to where the tables are known.
                    #expect(walk.harness.sql.state.withLock { $0.questions.last?.reader.name } == "strang")
                } else if name == "POST /v1/statement" {
                    // The answer names where the result will be; what it may hold is decided where the tables are known.
                    #expect(answer.status == .ok)
                } else if name == "DELETE /api/v2/queries/{id}" {
                    // One's own queries alone: others' are not there.
                    #expect(answer.status == .notFound, "\(name): \(answer.text)")
                } else {
                    #expect(answer.status == .forbidden, "\(name): \(answer.status) \(answer.text)")
                    guard route.method != .head else { continue }
                    #expect(
                        answer.text.contains(
                            route.path.template.hasPrefix("/catalog") ? "ForbiddenException" : "forbidden"),
                        "\(name): \(answer.text)")
                }
                #expect(try await Self.send(route, Self.nobody, client).status == .forbidden, "\(name)")
            }
        }
        #expect(
            walk.harness.ingestion.state.withLock { $0.batches.isEmpty && $0.uploads.isEmpty && $0.deletes.isEmpty })
    }

    @Test func `a token that may read everything changes nothing`() async throws {
        let walk = try await walk()
        let routes = walk.routes
        try await walk.harness.run { client in
            for route in routes where !route.isOpen && !Self.isForAnyone(route) {
                let name = Self.name(route)
                let answer = try await Self.send(route, Self.reader, client)
                let isRefused = answer.status == .forbidden || answer.status == .unauthorized
                let isReading = route.method == .get || route.method == .head || Self.readsByPost.contains(name)
                let isAsExpected = isRefused == !isReading
                #expect(isAsExpected, "\(name): \(answer.status) \(answer.text)")
            }
        }
    }

    @Test func `a token with every right is refused nothing`() async throws {
        let walk = try await walk()
        let routes = walk.routes
        try await walk.harness.run { client in
            for route in routes where !route.isOpen {
                let answer = try await Self.send(route, Self.all, client)
                #expect(answer.status != .forbidden && answer.status != .unauthorized, "\(Self.name(route))")
            }
        }
    }
}

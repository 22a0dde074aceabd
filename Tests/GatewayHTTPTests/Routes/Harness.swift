import Foundation
import GatewayHTTP
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Ingestion
import Logging
import NIOCore
import Observability
import ResultCache
import Testing

/// A gateway over fakes.
struct Harness: Sendable {
    let ingestion = FakeIngestion()
    let analytics = FakeAnalytics()
    let sql = FakeSQL()
    let backups = FakeBackups()
    let gold = FakeGold()
    let registry = PrometheusRegistry()
    let log = MemoryLogSink()
    let gateway: Gateway

    init(
        limits: GatewayLimits = GatewayLimits(), authentication: (any RequestAuthenticating)? = nil,
        readiness: [ReadinessCheck] = [], routes: [Route] = [], answers: AnswerCache? = nil
    ) throws {
        let log = log
        gateway = try Gateway(
            configuration: GatewayConfiguration(authentication: authentication, limits: limits),
            services: GatewayServices(
                ingestion: ingestion, tables: FakeTables(), rejects: FakeRejects(), rows: FakeRows(),
                analytics: analytics,
                sql: sql, backups: backups, answers: answers, gold: gold, readiness: readiness), registry: registry,
            logger: Logger(label: "test") { JSONLogHandler(label: $0, sink: log) }, additionalRoutes: routes)
    }

    func run(
        live: Bool = false, _ test: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        try await gateway.application().test(live ? .live : .router, test)
    }
}

extension TestClientProtocol {
    func get(_ path: String, _ headers: HTTPFields = [:]) async throws -> TestResponse {
        try await execute(uri: path, method: .get, headers: headers)
    }

    func post(_ path: String, _ body: String, _ headers: HTTPFields = [:]) async throws -> TestResponse {
        try await execute(uri: path, method: .post, headers: headers, body: ByteBuffer(string: body))
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }

    var json: NSDictionary {
        get throws { try JSONSerialization.jsonObject(with: Data(buffer: body)) as? NSDictionary ?? [:] }
    }

    var list: [NSDictionary] {
        get throws { try JSONSerialization.jsonObject(with: Data(buffer: body)) as? [NSDictionary] ?? [] }
    }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    func expect(_ wanted: HTTPResponse.Status, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(status == wanted, "\(text)", sourceLocation: sourceLocation)
    }

    /// Checks the whole shape of a problem.
    func expectProblem(
        _ code: String, _ status: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(self.status.code == status, "\(text)", sourceLocation: sourceLocation)
        #expect(headers[.contentType] == "application/problem+json", sourceLocation: sourceLocation)
        let problem = try json
        #expect(problem["code"] as? String == code, "\(text)", sourceLocation: sourceLocation)
        #expect(problem["status"] as? Int == status, sourceLocation: sourceLocation)
        #expect(problem["type"] as? String == "urn:dipper:problem:\(code)", sourceLocation: sourceLocation)
        for name in ["title", "detail", "instance"] {
            #expect((problem[name] as? String)?.isEmpty == false, "no \(name)", sourceLocation: sourceLocation)
        }
        #expect((problem["traceId"] as? String)?.count == 32, sourceLocation: sourceLocation)
        #expect(
            (header("Retry-After") != nil) == (status == 503 || status == 429), sourceLocation: sourceLocation)
    }
}

extension Data {
    init(buffer: ByteBuffer) { self.init(buffer.readableBytesView) }
}

import Access
import HTTPTypes
import Hummingbird
import Ingestion
import Logging
import Observability
import ServiceLifecycle

/// Health, readiness, metrics, the description of the API and the page at `/`.
struct OperationRoutes {
    /// Whose backlog readiness looks at; `nil`: this process takes nothing in.
    let ingestion: (any IngestionService)?
    let probe: DependencyProbe
    let limits: GatewayLimits
    let registry: PrometheusRegistry

    var routes: [Route] {
        [
            Route(.get, "/healthz", access: .open, documentation: .health, handler: health),
            Route(.get, "/readyz", access: .open, documentation: .readiness, handler: ready),
            Route(.get, "/metrics", access: .everything(.read), documentation: .metrics, handler: metrics),
        ]
    }

    /// The process answers: nothing more is asked, so that a slow disk gets no one killed.
    @Sendable private func health(_ request: GatewayRequest) async throws -> Response {
        Answers.json(["status": "ok"])
    }

    @Sendable private func ready(_ request: GatewayRequest) async throws -> Response {
        var members: [JSONMember] = []
        var isReady = true
        func note(_ name: String, _ failure: String?) {
            isReady = isReady && failure == nil
            members.append(JSONMember(name, .string(failure ?? "ok")))
        }
        note("server", Task.isShuttingDownGracefully ? "shutting-down" : nil)
        do {
            if let backlog = try await ingestion?.backlog() {
                note("ingestion", backlog > limits.readyBacklogMax ? "overloaded" : nil)
            }
        } catch {
            note("ingestion", failure("ingestion", error, request))
        }
        for answer in await probe.ask() {
            let code = answer.failure.map { failure(answer.name, $0, request) }
            if answer.isRequired {
                note(answer.name, code)
            } else {
                members.append(JSONMember(answer.name, .string(code ?? "ok")))
            }
        }
        var headers: HTTPFields = [:]
        if !isReady { headers[.retryAfter] = String(limits.retryAfterSeconds) }
        return Answers.json(
            ["status": .string(isReady ? "ready" : "not-ready"), "checks": .object(members)],
            status: isReady ? .ok : .serviceUnavailable, headers: headers)
    }

    /// The code alone: the text may name paths, and this route is open.
    private func failure(_ name: String, _ error: any Error, _ request: GatewayRequest) -> String {
        request.logger.warning("not ready", metadata: ["check": .string(name), "cause": "\(error)"])
        return DependencyProbe.code(of: error)
    }

    @Sendable private func metrics(_ request: GatewayRequest) async throws -> Response {
        Answers.bytes(registry.exposition(), contentType: PrometheusText.contentType)
    }
}

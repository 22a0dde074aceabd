import Access
import HTTPTypes
package import Hummingbird
import Logging
import Metrics
import NIOCore

/// The channel and the logger of a request.
package struct GatewayContext: InitializableFromSource, Sendable {
    let channel: any Channel
    let logger: Logger

    package init(source: ApplicationRequestContextSource) {
        channel = source.channel
        logger = source.logger
    }
}

/// Finds the route, asks who is there, runs the handler, turns errors into problems, and writes access log and metrics.
package struct GatewayResponder: HTTPResponder {
    package typealias Context = GatewayContext

    let table: RouteTable
    let catalog: ProblemCatalog
    let authentication: (any RequestAuthenticating)?
    let limits: GatewayLimits
    let metrics: GatewayMetrics

    package func respond(to request: Request, context: GatewayContext) async throws -> Response {
        let start = ContinuousClock.now
        let traceID = TraceID.of(request.headers)
        let requestID = TraceID.requestID(request.headers, fallback: traceID)
        var logger = context.logger
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: "traceId"] = .string(traceID)
        logger[metadataKey: "requestId"] = .string(requestID)
        let active = metrics.requestBegan()

        var outcome = RequestOutcome(method: request.method, path: request.uri.path)
        var response: Response
        do {
            response = try await answer(request, context, traceID: traceID, logger: logger, outcome: &outcome)
        } catch {
            let problem = Problem(error, catalog: catalog, instance: request.uri.path, traceID: traceID)
            outcome.code = problem.kind.code
            if problem.kind.status.code >= 500 {
                logger.error("request failed", metadata: ["code": .string(problem.kind.code), "cause": "\(error)"])
            }
            // Clients of the catalog read errors in the catalog's own form.
            response =
                request.uri.path.hasPrefix(IcebergRoutes.base + "/")
                ? IcebergFailure(error).response(limits: limits) : problem.response(limits: limits)
        }
        if let name = TraceID.requestField { response.headers[name] = requestID }
        response.headers[.xContentTypeOptions] = "nosniff"
        if request.method == .head { response = response.createHeadResponse() }
        return finished(response, outcome, active, since: start, logger: logger)
    }

    private func answer(
        _ request: Request, _ context: GatewayContext, traceID: String, logger: Logger, outcome: inout RequestOutcome
    ) async throws -> Response {
        guard request.head.path?.utf8.count ?? 0 <= limits.targetBytesMax else {
            throw GatewayError(
                code: "request-too-long", message: "the path and query are longer than \(limits.targetBytesMax) bytes",
                remedy: "move long values into the body")
        }
        let path = request.uri.path.split(separator: "/", omittingEmptySubsequences: true)
        let match = table.match(method: request.method, path: path)
        var principal = Principal.anybody
        if case .route(let route, _) = match, route.isOpen {
            outcome.sender = nil
        } else if let authentication {
            principal = try await authentication.authenticate(request.headers)
            outcome.sender = principal.name
        } else {
            try SiteGuard.check(request.head)
        }
        switch match {
        case .route(let route, let parameters):
            outcome.route = route.path.template
            let call = GatewayRequest(
                request: request, limits: limits, traceID: traceID, logger: logger, principal: principal,
                channel: context.channel, parameters: parameters)
            try route.access.check(call)
            return try await route.handler(call)
        case .wrongMethod(let template, let allowed):
            outcome.route = template
            if request.method == .options {
                return Response(status: .noContent, headers: [.allow: allowed.joined(separator: ", ")])
            }
            throw GatewayError(
                code: "method-not-allowed", message: "\(request.method.rawValue) is not answered here",
                remedy: "use \(allowed.joined(separator: ", "))", allowedMethods: allowed)
        case .unknown:
            throw GatewayError(
                code: "path-unknown", message: "there is nothing at this path",
                remedy: "see /openapi.json for all paths")
        }
    }

    /// Access log and metrics follow when the answer is out; a stream's when its last byte is.
    private func finished(
        _ response: Response, _ outcome: RequestOutcome, _ active: ActiveRequest, since start: ContinuousClock.Instant,
        logger: Logger
    ) -> Response {
        var outcome = outcome
        outcome.status = response.status.code
        if let length = response.body.contentLength {
            outcome.responseBytes = length
            metrics.requestEnded(outcome, after: .now - start, logger: logger)
            return response
        }
        let body = response.body
        let ended = outcome
        let metrics = metrics
        var streamed = response
        streamed.body = ResponseBody { writer in
            do {
                try await body.write(writer)
            } catch {
                var broken = ended
                broken.isBroken = true
                metrics.requestEnded(broken, after: .now - start, logger: logger)
                throw error
            }
            metrics.requestEnded(ended, after: .now - start, logger: logger)
            withExtendedLifetime(active) {}
        }
        return streamed
    }
}

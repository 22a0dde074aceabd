package import CatalogService
import HTTPTypes
import Hummingbird
import LakeModel
import Logging

/// The Iceberg REST catalog under `/catalog`.
///
/// Source: apache/iceberg, `open-api/rest-catalog-open-api.yaml`.
package struct IcebergRoutes: Sendable {
    package static let base = "/catalog"

    let catalog: LakehouseCatalog
    let configuration: IcebergConfiguration
    let gate: IdempotencyGate
    let authentication: (any RequestAuthenticating)?

    /// - Parameter authentication: what the gateway asks; its tokens are what the token endpoint hands out.
    package init(
        catalog: LakehouseCatalog, configuration: IcebergConfiguration = IcebergConfiguration(),
        authentication: (any RequestAuthenticating)? = nil, limits: GatewayLimits = GatewayLimits()
    ) {
        self.catalog = catalog
        self.configuration = configuration
        self.authentication = authentication
        gate = IdempotencyGate(catalog: catalog, limits: limits)
    }

    package var routes: [Route] {
        configurationRoutes + namespaceRoutes + tableRoutes + planRoutes + signingRoutes + viewRoutes
            + unknownRoutes
    }

    typealias Handler = @Sendable (IcebergCall) async throws -> Response

    /// A route that answers errors in the catalog's form.
    /// - Parameter access: by default the right over the path's namespace: to read it, or to write it for other methods than
    ///   GET and HEAD.
    func route(
        _ method: HTTPRequest.Method, _ path: String, access: RouteAccess? = nil, _ handler: @escaping Handler
    ) -> Route {
        let separator = configuration.namespaceSeparator
        let path = RoutePath(Self.base + path)
        let access = access ?? Self.access(method, path, separator: separator)
        return Route(method, path, access: access) { request in
            do {
                let isReading = method == .get || method == .head
                let bytes = isReading ? [] : try await request.collectBody(bytesMax: IcebergLimits.bodyBytesMax)
                return try await handler(IcebergCall(request: request, bytes: bytes, separator: separator))
            } catch let error as CancellationError {
                throw error
            } catch {
                let failure = IcebergFailure(error)
                if failure.status.code >= 500 {
                    request.logger.error(
                        "catalog request failed", metadata: ["code": .string(failure.code), "cause": "\(error)"])
                }
                return failure.response(limits: request.limits)
            }
        }
    }

    /// Runs a change under the request's idempotency key.
    /// - Parameter settings: those of an answer that is given again. Answers are kept without them: keys are nothing to store.
    func change(
        _ call: IcebergCall, settings: [String: String] = [:],
        _ action: (IdempotencyTicket?) async throws -> Response
    ) async throws -> Response {
        try await gate.run(try call.ticket(), action) { location in
            IcebergAnswer.document(try await catalog.metadataDocument(at: location), settings: settings)
        }
    }

    /// Everything else below the catalog's address.
    private var unknownRoutes: [Route] {
        [HTTPRequest.Method.get, .head, .post, .put, .delete].map { method in
            route(method, "/{rest*}", access: .anyone) { call in
                throw GatewayError(
                    code: "path-unknown",
                    message: "No route for request: \(method.rawValue) \(call.request.request.uri.path)")
            }
        }
    }
}

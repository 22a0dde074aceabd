package import Access
import CatalogService
import Ingestion
import LakeModel

/// Who may ask for a route. Each route has a rule; one without is closed to all but those who may do everything.
package enum RouteAccess: Sendable {
    /// Anyone, without authentication: health, readiness, the token endpoint.
    case open
    /// Whoever is known here: descriptions that show no data.
    case anyone
    /// Those with the right over everything.
    case everything(AccessRight)
    /// Those with the right over each of the namespaces that the request's path names.
    case namespaces(AccessRight, @Sendable (GatewayRequest) throws -> [String])
    /// The route itself looks at the rights, because the path does not tell what the request touches: a list shows what its
    /// reader may see, a body names tables. Those who have the right nowhere are refused before.
    case decided(AccessRight)
    case undeclared

    /// - Throws: ``GatewayError`` `forbidden`.
    func check(_ request: GatewayRequest) throws {
        let principal = request.principal
        switch self {
        case .open, .anyone: return
        case .everything(let right):
            guard principal.mayEverywhere(right) else { throw Self.refusal(right, "everything") }
        case .namespaces(let right, let names):
            for name in try names(request) { try request.require(right, name) }
        case .decided(let right):
            guard principal.maySomewhere(right) else { throw Self.refusal(right, "any namespace") }
        case .undeclared:
            guard principal.mayEverywhere(.write) else { throw Self.refusal(.write, "everything") }
        }
    }

    static func refusal(_ right: AccessRight, _ what: String) -> GatewayError {
        GatewayError(
            code: "forbidden", message: "the access token may not \(right.rawValue) \(what)",
            remedy: "ask whoever runs the server for the right \(right.rawValue) over it")
    }

    // MARK: Rules of the product API

    /// Declared tables are silver tables.
    static func silver(_ right: AccessRight) -> RouteAccess { .namespaces(right) { _ in [LakeTables.silver] } }

    /// Refused rows hold what the file held.
    static func quarantine(_ right: AccessRight) -> RouteAccess { .namespaces(right) { _ in [LakeTables.quarantine] } }

    /// The table that the path's `{table}` names: `hired_employees`, or `silver.employees_cleaned`.
    static func table(_ right: AccessRight) -> RouteAccess {
        .namespaces(right) { request in [TableNaming.namespace(of: try request.parameter("table"))] }
    }
}

/// How tables are named in the product API.
package enum TableNaming {
    /// The namespace of a table: what stands before the first dot of a qualified name. Any other name is a declared table's,
    /// and those lie in silver.
    package static func namespace(of table: String) -> String {
        qualified(table)?.namespace ?? LakeTables.silver
    }

    package static func qualified(_ table: String) -> (namespace: String, name: String)? {
        let parts = table.split(separator: ".", maxSplits: 1).map(String.init)
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
}

extension GatewayRequest {
    /// - Parameter namespace: as the catalog stores it.
    /// - Throws: ``GatewayError`` `forbidden`.
    func require(_ right: AccessRight, _ namespace: String) throws {
        guard principal.may(right, NamespaceName.levels(namespace)) else {
            throw RouteAccess.refusal(right, "the namespace \(NamespaceName.shown(namespace).prefix(128))")
        }
    }
}

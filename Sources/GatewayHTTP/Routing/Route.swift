package import HTTPTypes
package import Hummingbird

/// One operation: method, path, what it does and how it is described in `/openapi.json`.
package struct Route: Sendable {
    package typealias Handler = @Sendable (GatewayRequest) async throws -> Response

    package var method: HTTPRequest.Method
    package var path: RoutePath
    /// Who may ask for it.
    package var access: RouteAccess
    /// `nil`: not part of the documented API.
    var documentation: RouteDocumentation?
    package var handler: Handler

    package init(
        _ method: HTTPRequest.Method, _ path: RoutePath, access: RouteAccess = .undeclared, handler: @escaping Handler
    ) {
        self.init(method, path, access: access, documentation: nil, handler: handler)
    }

    init(
        _ method: HTTPRequest.Method, _ path: RoutePath, access: RouteAccess = .undeclared,
        documentation: RouteDocumentation?, handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.documentation = documentation
        self.handler = handler
    }

    /// Whether it is answered without authentication.
    package var isOpen: Bool { if case .open = access { true } else { false } }
}

/// All routes. A path is looked up once; the methods that it answers to are known from there.
struct RouteTable: Sendable {
    private struct Entry: Sendable {
        var path: RoutePath
        var routes: [(method: HTTPRequest.Method, route: Route)]
    }

    enum Match {
        case route(Route, PathParameters)
        case wrongMethod(template: String, allowed: [String])
        case unknown
    }

    private let entries: [Entry]
    /// Indexes of those that a path with this first segment can fit: templates that begin with it, or with a parameter.
    private let candidates: [String: [Int]]

    init(_ routes: [Route]) {
        var entries: [Entry] = []
        for route in routes {
            if let index = entries.firstIndex(where: { $0.path == route.path }) {
                precondition(
                    !entries[index].routes.contains { $0.method == route.method },
                    "two routes for \(route.path.template)")
                entries[index].routes.append((route.method, route))
            } else {
                entries.append(Entry(path: route.path, routes: [(route.method, route)]))
            }
        }
        entries.sort { $0.path.specificity > $1.path.specificity }
        self.entries = entries
        let firsts = Set(entries.compactMap(\.path.firstLiteral))
        candidates = Dictionary(
            uniqueKeysWithValues: firsts.map { first in
                (first, entries.indices.filter { entries[$0].path.firstLiteral ?? first == first })
            })
    }

    /// - Complexity: O(routes with the same first segment × segments).
    func match(method: HTTPRequest.Method, path: [Substring]) -> Match {
        let indexes = path.first.flatMap { candidates[String($0)] } ?? Array(entries.indices)
        for index in indexes {
            let entry = entries[index]
            guard let parameters = entry.path.match(path) else { continue }
            if let found = entry.routes.first(where: { $0.method == method }) { return .route(found.route, parameters) }
            if method == .head, let found = entry.routes.first(where: { $0.method == .get }) {
                return .route(found.route, parameters)
            }
            var allowed = entry.routes.map(\.method.rawValue)
            if allowed.contains("GET") { allowed.append("HEAD") }
            allowed.append("OPTIONS")
            return .wrongMethod(template: entry.path.template, allowed: Set(allowed).sorted())
        }
        return .unknown
    }
}

import HTTPTypes

/// `/openapi.json`: OpenAPI 3.1, made of the routes themselves, so that no route is missing and none is there in vain.
struct OpenAPIDocument {
    static let version = "3.1.0"

    let routes: [Route]
    let catalog: ProblemCatalog
    let apiVersion: String
    let isAuthenticated: Bool

    var json: JSONValue {
        .object([
            "openapi": .string(Self.version),
            "info": [
                "title": "Dipper", "version": .string(apiVersion),
                "description": """
                CSV files and JSON batches in; Apache Iceberg tables, SQL and ready analytics out. Errors are RFC 9457 \
                problems with a stable `code`. A known path answers any other method with 405 and `Allow`. Lists are \
                paged from 0 and carry `X-Total-Count` and `Link`.
                """,
            ],
            "servers": [["url": "/"]],
            "security": isAuthenticated ? [["bearer": []]] : nil,
            "tags": .array(Self.tags.map { ["name": .string($0.name), "description": .string($0.text)] }),
            "paths": paths,
            "components": .object([
                "schemas": .object(OpenAPISchemas.all + [JSONMember("ProblemCode", codes)]),
                "headers": .object(OpenAPISchemas.headers),
                "securitySchemes": isAuthenticated ? ["bearer": ["type": "http", "scheme": "bearer"]] : nil,
            ]),
        ])
    }

    private static let tags: [(name: String, text: String)] = [
        ("write", "Files and batches in."), ("jobs", "What became of them."), ("read", "Analytics and SQL."),
        ("tables", "Schemas, snapshots, files, rows and rejects."),
        ("trino", "Trino's client protocol."), ("operations", "Health and metrics."),
    ]

    private var paths: JSONValue {
        var order: [String] = []
        var operations: [String: [JSONMember]] = [:]
        for route in routes {
            guard let documentation = route.documentation else { continue }
            let path = String(route.path.template.filter { $0 != "*" })
            if operations[path] == nil { order.append(path) }
            operations[path, default: []].append(
                JSONMember(route.method.rawValue.lowercased(), operation(documentation, route)))
        }
        return .object(order.map { JSONMember($0, .object(operations[$0] ?? [])) })
    }

    private func operation(_ documentation: RouteDocumentation, _ route: Route) -> JSONValue {
        .object([
            "operationId": .string(documentation.id), "tags": [.string(documentation.tag)],
            "summary": .string(documentation.summary), "description": .string(documentation.text),
            "security": isAuthenticated && route.isOpen ? [] : nil,
            "parameters": documentation.parameters.isEmpty
                ? nil : .array(documentation.parameters.map { Self.parameter($0, path: route.path) }),
            "requestBody": documentation.body.isEmpty
                ? nil : ["required": true, "content": Self.content(documentation.body)],
            "responses": responses(documentation, route),
        ])
    }

    private static func parameter(_ parameter: RouteDocumentation.Parameter, path: RoutePath) -> JSONValue {
        .object([
            "name": .string(parameter.name), "in": .string(parameter.location),
            "required": parameter.location == "path" ? true : nil, "description": .string(parameter.text),
            "schema": parameter.schema,
        ])
    }

    private static func content(_ content: [(type: String, schema: JSONValue)]) -> JSONValue {
        .object(content.map { JSONMember($0.type, ["schema": $0.schema]) })
    }

    /// The codes that a route may answer with: its own, and those of every route of its kind.
    static func problems(_ documentation: RouteDocumentation, _ route: Route, isAuthenticated: Bool) -> [String] {
        var codes = ["internal-error", "request-too-long"]
        if !route.isOpen {
            codes += isAuthenticated ? ["unauthenticated", "forbidden"] : ["host-refused", "origin-refused"]
        }
        if !route.path.parameterNames.isEmpty { codes.append("path-invalid") }
        if route.path.template.hasPrefix("/api/") { codes += ["option-unknown", "option-invalid"] }
        if route.method == .post { codes.append("header-invalid") }
        return codes + documentation.problems.filter { !codes.contains($0) }
    }

    private func responses(_ documentation: RouteDocumentation, _ route: Route) -> JSONValue {
        var members = documentation.answers.map { answer in
            JSONMember(
                String(answer.status),
                .object([
                    "description": .string(answer.text),
                    "headers": answer.headers.isEmpty ? nil : Self.headers(answer.headers),
                    "content": answer.content.isEmpty ? nil : Self.content(answer.content),
                ]))
        }
        let kinds = Self.problems(documentation, route, isAuthenticated: isAuthenticated).map { code in
            guard let kind = catalog.kind(of: code) else { preconditionFailure("no problem has the code \(code)") }
            return kind
        }
        for (status, kinds) in Dictionary(grouping: kinds, by: \.status.code).sorted(by: { $0.key < $1.key })
        where !members.contains(where: { $0.name == String(status) }) {
            members.append(JSONMember(String(status), Self.problem(status, kinds)))
        }
        return .object(members.sorted { $0.name < $1.name })
    }

    private static func problem(_ status: Int, _ kinds: [ProblemKind]) -> JSONValue {
        let text = kinds.map { "`\($0.code)`: \($0.title)." }.joined(separator: " ")
        let names = status == 503 || status == 429 ? ["Retry-After"] : status == 401 ? ["WWW-Authenticate"] : []
        return .object([
            "description": .string(text),
            "headers": names.isEmpty ? nil : headers(names),
            "content": content([(Problem.contentType, RouteDocumentation.reference("Problem"))]),
        ])
    }

    private static func headers(_ names: [String]) -> JSONValue {
        .object(names.map { JSONMember($0, ["$ref": .string("#/components/headers/\($0)")]) })
    }

    private var codes: JSONValue {
        [
            "description": "Stable names of the problems; clients match on them.",
            "oneOf": .array(
                catalog.all.map { kind in
                    [
                        "const": .string(kind.code), "title": .string(kind.title),
                        "description": .string("Status \(kind.status.code)."),
                    ]
                }),
        ]
    }
}

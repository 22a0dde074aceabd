import Access
import AvroFormat
import CatalogService
import Hummingbird

extension IcebergRoutes {
    var namespaceRoutes: [Route] {
        let path = "/v1/namespaces"
        return [
            route(.get, path, access: .decided(.read)) { call in try await listNamespaces(call) },
            route(.post, path, access: .decided(.write)) { call in
                let name = try named(try call.body().texts("namespace"))
                try call.require(.write, name)
                return try await change(call) { ticket in try await createNamespace(call, ticket) }
            },
            route(.get, path + "/{namespace}") { call in
                let name = try call.namespace
                let properties = try await catalog.namespaceProperties(name)
                return IcebergAnswer.json(Self.namespace(name, properties))
            },
            route(.head, path + "/{namespace}") { call in
                _ = try await catalog.namespaceProperties(try call.namespace)
                return IcebergAnswer.empty
            },
            route(.delete, path + "/{namespace}") { call in
                try await change(call) { ticket in
                    try await catalog.dropNamespace(try call.namespace, ticket: ticket)
                    return IcebergAnswer.empty
                }
            },
            route(.post, path + "/{namespace}/properties") { call in
                try await change(call) { ticket in try await setProperties(call, ticket) }
            },
        ]
    }

    private static func namespace(_ name: String, _ properties: [String: String]) -> JSONValue {
        .object(["namespace": IcebergAnswer.levels(name), "properties": .map(properties)])
    }

    private func listNamespaces(_ call: IcebergCall) async throws -> Response {
        let page = try call.page()
        var parent: String?
        if let text = try call.option("parent"), !text.isEmpty {
            parent = try LakehouseCatalog.namespaceName(call.levels(text))
        }
        let names = try await catalog.listNamespaces(below: parent, after: page.after, limit: page.limit + 1)
        let shown = names.prefix(page.limit)
        let principal = call.request.principal
        let visible = shown.filter { principal.maySee(NamespaceName.levels($0)) }
        return IcebergAnswer.json(
            .object([
                "namespaces": .array(visible.map { IcebergAnswer.levels($0) }),
                "next-page-token": names.count > shown.count ? .string(shown.last) : .null,
            ]))
    }

    private func createNamespace(_ call: IcebergCall, _ ticket: IdempotencyTicket?) async throws -> Response {
        let body = try call.body()
        let name = try named(try body.texts("namespace"))
        let properties = try body.textMap("properties")
        try call.requireLocations(IcebergCall.locations(in: properties), in: catalog)
        let answer = Self.namespace(name, properties)
        try await catalog.createNamespace(name, properties: properties, ticket: ticket, answer: answer.bytes)
        return IcebergAnswer.json(answer)
    }

    private func setProperties(_ call: IcebergCall, _ ticket: IdempotencyTicket?) async throws -> Response {
        let body = try call.body()
        let updates = try body.textMap("updates")
        let removals = Set(try body.texts("removals"))
        let both = removals.intersection(updates.keys)
        guard both.isEmpty else {
            throw GatewayError(
                code: "properties-overlap",
                message: "Cannot remove and update the same key: \(both.sorted().joined(separator: ", "))",
                remedy: "name a property once")
        }
        try call.requireLocations(IcebergCall.locations(in: updates), in: catalog)
        let name = try call.namespace
        let before = try await catalog.namespaceProperties(name)
        let answer = JSONValue.object([
            "updated": .strings(updates.keys.sorted()),
            "removed": .strings(removals.filter { before[$0] != nil }.sorted()),
            "missing": .strings(removals.filter { before[$0] == nil }.sorted()),
        ])
        try await catalog.setNamespaceProperties(
            name, updates: updates, removals: Array(removals), ticket: ticket, answer: answer.bytes)
        return IcebergAnswer.json(answer)
    }
}

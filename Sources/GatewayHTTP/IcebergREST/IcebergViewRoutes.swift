import Access
import AvroFormat
import CatalogService
import Hummingbird
import Iceberg

extension IcebergRoutes {
    private static let views = "/v1/namespaces/{namespace}/views"

    var viewRoutes: [Route] {
        let view = Self.views + "/{view}"
        return [
            route(.get, Self.views) { call in try await list(.view, call) },
            route(.post, Self.views) { call in
                try await change(call) { ticket in try await createView(call, ticket) }
            },
            route(.get, view) { call in
                IcebergAnswer.document(try await catalog.loadView(try call.identifier("view")))
            },
            route(.head, view) { call in
                _ = try await catalog.viewLocation(try call.identifier("view"))
                return IcebergAnswer.empty
            },
            route(.post, view) { call in
                try await change(call) { ticket in
                    let body = try call.body()
                    let updates = try body.list("updates").map { try ViewUpdate.parse($0) }
                    try call.requireLocations(of: updates, in: catalog)
                    return IcebergAnswer.document(
                        try await catalog.commitView(
                            try call.identifier("view"),
                            requirements: try body.list("requirements").map { try ViewRequirement.parse($0) },
                            updates: updates, ticket: ticket))
                }
            },
            route(.delete, view) { call in
                try await change(call) { ticket in
                    try await catalog.dropView(try call.identifier("view"), ticket: ticket)
                    return IcebergAnswer.empty
                }
            },
            route(.post, "/v1/views/rename", access: .decided(.write)) { call in try await rename(.view, call) },
            route(.post, "/v1/namespaces/{namespace}/register-view") { call in
                try await change(call) { ticket in
                    let body = try call.body()
                    let name = TableIdentifier(namespace: try call.namespace, name: try body.text("name"))
                    let location = try body.text("metadata-location")
                    try call.requireLocations([location], in: catalog)
                    return IcebergAnswer.document(
                        try await catalog.registerView(name, metadataLocation: location, ticket: ticket))
                }
            },
        ]
    }

    private func createView(_ call: IcebergCall, _ ticket: IdempotencyTicket?) async throws -> Response {
        let body = try call.body()
        let name = TableIdentifier(namespace: try call.namespace, name: try body.text("name"))
        let request = ViewRequest(
            schema: try SchemaJSON.parse(try body.value("schema")),
            version: try ViewMetadata.Version.parse(try body.value("view-version")),
            location: try body.optionalText("location"), properties: try body.textMap("properties"))
        try call.requireLocations([request.location] + IcebergCall.locations(in: request.properties), in: catalog)
        return IcebergAnswer.document(try await catalog.createView(name, request, ticket: ticket))
    }
}

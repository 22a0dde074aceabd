import Access
import AvroFormat
import CatalogService
import HTTPTypes
import Hummingbird
import Iceberg
import Observability

extension IcebergRoutes {
    private static let tables = "/v1/namespaces/{namespace}/tables"

    var tableRoutes: [Route] {
        let table = Self.tables + "/{table}"
        return [
            route(.get, Self.tables) { call in try await list(.table, call) },
            route(.post, Self.tables) { call in
                try await change(call, settings: storageSettings(call)) { ticket in
                    try await createTable(call, ticket)
                }
            },
            route(.get, table) { call in try await loadTable(call) },
            route(.head, table) { call in
                _ = try await catalog.tableLocation(try call.identifier("table"))
                return IcebergAnswer.empty
            },
            route(.post, table) { call in
                try await change(call) { ticket in
                    let change = try Self.tableChange(try call.body(), try call.identifier("table"))
                    try call.requireLocations(of: change, in: catalog)
                    return IcebergAnswer.document(try await catalog.commit(change, ticket: ticket))
                }
            },
            route(.delete, table) { call in
                try await change(call) { ticket in
                    let purges = try call.option("purgeRequested")?.lowercased() == "true"
                    if purges { try await requirePurge(call) }
                    try await catalog.dropTable(try call.identifier("table"), purges: purges, ticket: ticket)
                    return IcebergAnswer.empty
                }
            },
            route(.get, table + "/credentials") { call in
                _ = try await catalog.tableLocation(try call.identifier("table"))
                return credentials(call)
            },
            route(.post, table + "/unregister") { call in
                try await change(call) { ticket in
                    IcebergAnswer.document(
                        try await catalog.unregisterTable(try call.identifier("table"), ticket: ticket))
                }
            },
            // Reports are taken so that clients don't warn; nothing is done with them yet.
            route(
                .post, table + "/metrics",
                access: Self.namespace(.read, separator: configuration.namespaceSeparator)
            ) { call in
                _ = try call.body().text("report-type")
                _ = try await catalog.tableLocation(try call.identifier("table"))
                return IcebergAnswer.empty
            },
        ] + catalogRoutes
    }

    private var catalogRoutes: [Route] {
        [
            route(.post, "/v1/namespaces/{namespace}/register") { call in
                try await change(call, settings: storageSettings(call)) { ticket in
                    let body = try call.body()
                    let name = TableIdentifier(namespace: try call.namespace, name: try body.text("name"))
                    let location = try body.text("metadata-location")
                    try call.requireLocations([location], in: catalog)
                    return IcebergAnswer.document(
                        try await catalog.registerTable(
                            name, metadataLocation: location,
                            overwrites: try body.boolean("overwrite"), ticket: ticket
                        ) { metadata in
                            try call.requireLocations(metadata.metadataLog.map(\.location), in: catalog)
                            try call.requireLocations(of: metadata, in: catalog)
                        }, settings: storageSettings(call))
                }
            },
            route(.post, "/v1/tables/rename", access: .decided(.write)) { call in try await rename(.table, call) },
            route(.post, "/v1/transactions/commit", access: .decided(.write)) { call in
                let changes = try call.body().list("table-changes").map { json in
                    let body = try IcebergBody(json)
                    return try Self.tableChange(body, try identifier(try body.value("identifier")))
                }
                for change in changes {
                    try call.require(.write, change.table.namespace)
                    try call.requireLocations(of: change, in: catalog)
                }
                return try await change(call) { ticket in
                    try await catalog.commit(changes, ticket: ticket)
                    return IcebergAnswer.empty
                }
            },
        ]
    }

    func list(_ kind: RelationKind, _ call: IcebergCall) async throws -> Response {
        let page = try call.page()
        let namespace = try call.namespace
        let names = try await catalog.listNames(kind, in: namespace, after: page.after, limit: page.limit + 1)
        let shown = names.prefix(page.limit)
        return IcebergAnswer.json(
            .object([
                "identifiers": .array(
                    shown.map { IcebergAnswer.identifier(TableIdentifier(namespace: namespace, name: $0)) }),
                "next-page-token": names.count > shown.count ? .string(shown.last) : .null,
            ]))
    }

    func rename(_ kind: RelationKind, _ call: IcebergCall) async throws -> Response {
        let body = try call.body()
        let source = try identifier(try body.value("source"))
        let destination = try identifier(try body.value("destination"))
        try call.require(.write, source.namespace)
        try call.require(.write, destination.namespace)
        return try await change(call) { ticket in
            try await catalog.rename(kind, from: source, to: destination, ticket: ticket)
            return IcebergAnswer.empty
        }
    }

    func identifier(_ json: IcebergJSON) throws -> TableIdentifier {
        let body = try IcebergBody(json)
        return TableIdentifier(namespace: try named(try body.texts("namespace")), name: try body.text("name"))
    }

    /// The namespace that a body names. A separator of the operator's own parts levels there, too: a path can't tell a level with
    /// that character from two.
    func named(_ levels: [String]) throws -> String {
        let separator = configuration.namespaceSeparator
        guard separator != NamespaceName.separator else { return try LakehouseCatalog.namespaceName(levels) }
        return try LakehouseCatalog.namespaceName(
            levels.flatMap { $0.split(separator: separator, omittingEmptySubsequences: false).map(String.init) })
    }

    private func loadTable(_ call: IcebergCall) async throws -> Response {
        let name = try call.identifier("table")
        let option = try call.option("snapshots") ?? SnapshotSelection.all.rawValue
        guard let snapshots = SnapshotSelection(rawValue: option.lowercased()) else {
            throw GatewayError(
                code: "option-invalid", message: "Invalid snapshots: \(option.prefix(32))", remedy: "use all or refs")
        }
        let known = call.request.headers[.ifNoneMatch]
        let settings = storageSettings(call)
        var tag = ""
        let document = try await catalog.loadTable(name, snapshots: snapshots) { location in
            let now = UTCText.nowMicroseconds() / 1_000
            let found = EntityTag(location, snapshots, settings).known(known, nowMilliseconds: now)
            if let found { tag = found }
            return found != nil
        }
        guard let document else { return Response(status: .notModified, headers: [.eTag: tag]) }
        return IcebergAnswer.document(document, snapshots: snapshots, settings: settings)
    }

    private func createTable(_ call: IcebergCall, _ ticket: IdempotencyTicket?) async throws -> Response {
        let body = try call.body()
        let name = TableIdentifier(namespace: try call.namespace, name: try body.text("name"))
        let request = TableRequest(
            schema: try SchemaJSON.parse(try body.value("schema")),
            partitionSpec: try body.optional("partition-spec").map { try PartitionSpec.parse($0) },
            sortOrder: try body.optional("write-order").map { try SortOrder.parse($0) },
            location: try body.optionalText("location"), properties: try body.textMap("properties"))
        try call.requireLocations([request.location] + IcebergCall.locations(in: request.properties), in: catalog)
        if try body.boolean("stage-create") {
            return IcebergAnswer.document(
                try await catalog.stageTable(name, request), settings: storageSettings(call))
        }
        return IcebergAnswer.document(
            try await catalog.createTable(name, request, ticket: ticket), settings: storageSettings(call))
    }

    /// A purge deletes what lies below the table's location, wherever that is.
    private func requirePurge(_ call: IcebergCall) async throws {
        guard call.request.principal.namespaces(.write) != nil else { return }
        let metadata = try await catalog.metadata(of: try call.identifier("table"))
        try call.requireLocations(of: metadata, in: catalog)
    }

    private static func tableChange(_ body: IcebergBody, _ table: TableIdentifier) throws -> TableChange {
        TableChange(
            table: table, requirements: try body.list("requirements").map { try TableRequirement.parse($0) },
            updates: try body.list("updates").map { try TableUpdate.parse($0) })
    }
}

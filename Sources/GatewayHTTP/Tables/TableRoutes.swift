import Access
import Hummingbird
import LakeModel
import Observability
import QueryEngine

/// `GET /api/v2/tables` and what lies below.
struct TableRoutes {
    let tables: any TableBrowsing
    let rows: any RowReading
    let limits: GatewayLimits

    var routes: [Route] {
        [
            Route(.get, "/api/v2/tables", access: .decided(.read), documentation: .tables(limits), handler: list),
            Route(.get, "/api/v2/tables/{table}", access: .table(.read), documentation: .table, handler: table),
            Route(
                .get, "/api/v2/tables/{table}/snapshots", access: .table(.read), documentation: .snapshots(limits),
                handler: snapshots),
            Route(
                .get, "/api/v2/tables/{table}/files", access: .table(.read), documentation: .files(limits),
                handler: files),
            Route(
                .get, "/api/v2/tables/{table}/rows/{key}", access: .silver(.read), documentation: .row, handler: row),
        ]
    }

    @Sendable private func list(_ request: GatewayRequest) async throws -> Response {
        let paging = try paging(QueryOptions(request.request, known: Paging.options))
        let found = try await tables.tables(of: request.principal, page: paging.page, size: paging.size)
        let now = UTCText.nowMicroseconds()
        return page(found, paging, request) { TableJSON.summary($0, nowMicroseconds: now) }
    }

    @Sendable private func table(_ request: GatewayRequest) async throws -> Response {
        _ = try QueryOptions(request.request, known: [])
        let name = try request.parameter("table")
        guard let detail = try await tables.table(name) else { throw Self.unknownTable(name) }
        return Answers.json(TableJSON.detail(detail, nowMicroseconds: UTCText.nowMicroseconds()))
    }

    @Sendable private func snapshots(_ request: GatewayRequest) async throws -> Response {
        let paging = try paging(QueryOptions(request.request, known: Paging.options))
        let name = try request.parameter("table")
        guard let found = try await tables.snapshots(of: name, page: paging.page, size: paging.size) else {
            throw Self.unknownTable(name)
        }
        return page(found, paging, request, TableJSON.snapshot)
    }

    @Sendable private func files(_ request: GatewayRequest) async throws -> Response {
        let options = try QueryOptions(request.request, known: Paging.options + ["snapshot"])
        let paging = try paging(options)
        let name = try request.parameter("table")
        var snapshotID: Int64?
        if let text = options["snapshot"] {
            guard let id = Int64(text) else { throw options.invalid("snapshot", text, "a snapshot id") }
            snapshotID = id
        }
        guard let found = try await tables.files(of: name, snapshotID: snapshotID, page: paging.page, size: paging.size)
        else {
            guard let snapshotID, try await tables.table(name) != nil else { throw Self.unknownTable(name) }
            throw GatewayError(
                code: "unknown-snapshot", message: "the table \(name) has no snapshot \(snapshotID)",
                remedy: "look at /api/v2/tables/\(PercentCoding.encode(name))/snapshots")
        }
        return page(found, paging, request, TableJSON.file)
    }

    @Sendable private func row(_ request: GatewayRequest) async throws -> Response {
        _ = try QueryOptions(request.request, known: [])
        let name = try request.parameter("table")
        guard let row = try await rows.row(of: name, key: try request.keyParts()) else {
            throw GatewayError(
                code: "unknown-row", message: "the table \(name) has no row with this key",
                remedy: "rows of uploads are there when their job is committed")
        }
        var bytes: [UInt8] = []
        RowWriter(columns: row.columns).appendObject(row.values, to: &bytes)
        return Answers.bytes(bytes, contentType: Answers.json)
    }

    private func paging(_ options: QueryOptions) throws -> Paging {
        try Paging(options, sizeDefault: limits.pageSizeDefault, sizeMax: limits.pageSizeMax, limits: limits)
    }

    private func page<Item>(
        _ found: ListPage<Item>, _ paging: Paging, _ request: GatewayRequest, _ json: (Item) -> JSONValue
    ) -> Response {
        Answers.json(
            .array(found.items.map(json)), headers: paging.headers(total: found.total, request: request.request))
    }

    static func unknownTable(_ name: String) -> GatewayError {
        GatewayError(
            code: "unknown-table", message: "there is no table `\(name.prefix(128))`",
            remedy: "look at /api/v2/tables for the tables there are")
    }
}

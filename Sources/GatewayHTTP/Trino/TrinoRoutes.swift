import Access
import HTTPTypes
import Hummingbird
import Synchronization
import TrinoSQL

/// Trino's client protocol: statements in Trino's SQL over the same tables, for its command line, JDBC driver, Python client
/// and whatever is built on them.
///
/// 1. `POST /v1/statement` keeps the statement and begins to work on it; the answer names an address.
/// 2. The client asks that address until there is none any more: each answer holds a page of rows, or none yet.
///    An address can be asked again as long as the one behind it was not.
///
/// Source: Trino documentation, "Client REST API".
struct TrinoRoutes: Sendable {
    let executor: TrinoExecutor
    let limits: GatewayLimits
    let forwarder: TrinoForwarder?

    init(services: GatewayServices, limits: GatewayLimits, version: String) {
        let queries = TrinoQueries()
        executor = TrinoExecutor(
            sql: services.sql, catalog: TrinoCatalog(tables: services.tables, version: version), queries: queries)
        forwarder = services.trinoCluster.map { TrinoForwarder(cluster: $0, queries: queries) }
        self.limits = limits
    }

    var routes: [Route] {
        [
            Route(.post, "/v1/statement", access: .decided(.read), documentation: .trinoStatement, handler: submit),
            // A query's addresses are for who began it, whose rights are known from then.
            Route(
                .get, "/v1/statement/{phase}/{id}/{slug}/{token}", access: .anyone, documentation: .trinoPage,
                handler: page),
            Route(
                .delete, "/v1/statement/{phase}/{id}/{slug}/{token}", access: .anyone, documentation: .trinoCancel,
                handler: cancel),
            Route(
                .delete, "/v1/statement/partialCancel/{id}/{slug}", access: .anyone,
                documentation: .trinoPartialCancel, handler: cancel),
            Route(.get, "/v1/query/{id}", access: .anyone, documentation: .trinoQuery, handler: info),
            Route(
                .delete, "/v1/query/{id}", access: .anyone, documentation: .trinoQueryCancel, handler: cancelByID),
            Route(.get, "/v1/info", access: .anyone, documentation: .trinoInfo, handler: server),
        ]
    }

    // MARK: Statements

    @Sendable private func submit(_ request: GatewayRequest) async throws -> Response {
        let session = try TrinoSession(request)
        let bytes = try await request.collectBody(bytesMax: TrinoLimits.statementBytesMax)
        guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty else {
            throw GatewayError(
                code: "body-invalid", message: "the body is no statement in UTF-8",
                remedy: "send the statement's text as the body")
        }
        if let forwarder, let answer = try await forwarder.submit(request, session, bytes) { return answer }
        let query = try executor.queries.add(text, session, owner: request.principal)
        let job = TrinoExecutor.Job(session: session, reader: request.principal)
        let executor = executor
        query.start { try await executor.run(text, job) }
        let answer = TrinoAnswer(query: query, base: Self.base(request), state: query.summary)
        return Answers.bytes(
            Self.queued(answer), contentType: Answers.json)
    }

    /// The first answer tells no more than where to go on.
    private static func queued(_ answer: TrinoAnswer) -> [UInt8] {
        var state = TrinoQuery.State()
        state.phase = .queued
        return TrinoAnswer(query: answer.query, base: answer.base, state: state).bytes
    }

    @Sendable private func page(_ request: GatewayRequest) async throws -> Response {
        if let answer = try await forwarded(request) { return answer }
        let (query, token) = try find(request)
        try await query.wait(milliseconds: TrinoLimits.waitMillisecondsMax)
        if try request.parameter("phase") == "queued" {
            let answer = TrinoAnswer(
                query: query, base: Self.base(request), state: query.summary, waitToken: token)
            return Answers.bytes(answer.bytes, contentType: Answers.json)
        }
        let state = try query.state.withLock { state in
            guard token >= state.firstToken, token <= max(state.outcome.pages.count - 1, 0) else {
                throw GatewayError(
                    code: "page-gone", message: "this page was thrown away when a later one was asked for",
                    remedy: "send the statement again")
            }
            // The page before this one has arrived: its memory is free, and its size with it.
            for index in state.firstToken..<token {
                state.bytes -= state.outcome.pages[index].count
                state.outcome.pages[index] = []
            }
            state.firstToken = token
            return state
        }
        return Answers.bytes(
            TrinoAnswer(query: query, base: Self.base(request), state: state, token: token).bytes,
            contentType: Answers.json, headers: state.phase == .finished ? state.outcome.headers : [:])
    }

    /// The cluster's answer, when it has the query.
    private func forwarded(_ request: GatewayRequest) async throws -> Response? {
        guard let forwarder,
            let user = try executor.queries.forwardedUser(try request.parameter("id"), request.principal)
        else { return nil }
        return try await forwarder.follow(request, user: user)
    }

    @Sendable private func cancel(_ request: GatewayRequest) async throws -> Response {
        if let answer = try await forwarded(request) { return answer }
        let query = try executor.queries.find(
            try request.parameter("id"), slug: try request.parameter("slug"), request.principal)
        query.cancel("USER_CANCELED", "Query was canceled")
        return Response(status: .noContent)
    }

    @Sendable private func cancelByID(_ request: GatewayRequest) async throws -> Response {
        try executor.queries.find(try request.parameter("id"), slug: nil, request.principal)
            .cancel("USER_CANCELED", "Query was canceled")
        return Response(status: .noContent)
    }

    private func find(_ request: GatewayRequest) throws -> (TrinoQuery, Int) {
        guard let token = Int(try request.parameter("token")), token >= 0,
            ["queued", "executing"].contains(try request.parameter("phase"))
        else {
            throw GatewayError(
                code: "query-unknown", message: "there is no such query, or its result is gone",
                remedy: "send the statement again")
        }
        let query = try executor.queries.find(
            try request.parameter("id"), slug: try request.parameter("slug"), request.principal)
        return (query, token)
    }

    // MARK: The server

    @Sendable private func info(_ request: GatewayRequest) async throws -> Response {
        let query = try executor.queries.find(try request.parameter("id"), slug: nil, request.principal)
        let state = query.summary
        return Answers.json(
            .object([
                "queryId": .string(query.id), "state": .string(state.phase.rawValue), "query": .string(query.text),
                "session": ["user": .string(query.user)], "createTime": .string(query.createdText),
                "errorCode": state.failure.map {
                    ["code": .integer(Int64($0.code)), "name": .string($0.name), "type": .string($0.kind)]
                },
                "rows": .integer(Int64(state.outcome.rowCount)),
            ]))
    }

    @Sendable private func server(_ request: GatewayRequest) async throws -> Response {
        Answers.json([
            "nodeVersion": ["version": .string(executor.catalog.version)], "environment": "dipper",
            "coordinator": true, "starting": false, "uptime": "0.00s",
        ])
    }

    /// The address that the client asked, for the addresses in answers.
    static func base(_ request: GatewayRequest) -> String {
        let forwarded = HTTPField.Name("X-Forwarded-Proto").flatMap { request.headers[$0] }
        let scheme = forwarded == "https" ? "https" : "http"
        return "\(scheme)://\(request.request.head.authority ?? "localhost")"
    }
}

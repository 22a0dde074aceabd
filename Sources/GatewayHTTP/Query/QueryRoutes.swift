import Access
import HTTPTypes
import Hummingbird
import LakeModel
import NIOCore
import QueryEngine
import ResultCache

/// `POST /api/v2/query`, and the list of the queries that run.
struct QueryRoutes {
    static let lines = "application/x-ndjson"
    static let arrow = "application/vnd.apache.arrow.stream"
    static let path = "/api/v2/queries"

    let service: any SQLAnswering
    let limits: GatewayLimits
    let catalog: ProblemCatalog
    let eventSlots: Slots
    let running = RunningQueries()
    /// `nil`: each answer is computed.
    let answers: AnswerCache?

    init(
        service: any SQLAnswering, limits: GatewayLimits, catalog: ProblemCatalog, eventSlots: Slots,
        answers: AnswerCache? = nil
    ) {
        self.service = service
        self.limits = limits
        self.catalog = catalog
        self.eventSlots = eventSlots
        self.answers = answers
    }

    var routes: [Route] {
        [
            Route(
                .post, "/api/v2/query", access: .decided(.read), documentation: .query(limits), handler: query),
            Route(.get, "/api/v2/queries", access: .decided(.read), documentation: .runningQueries, handler: list),
            Route(
                .delete, "/api/v2/queries/{id}", access: .decided(.read), documentation: .cancelQuery, handler: cancel),
        ]
    }

    @Sendable private func list(_ request: GatewayRequest) async throws -> Response {
        _ = try QueryOptions(request.request, known: [])
        return Answers.json(.array(running.seen(by: request.principal).map(\.json)))
    }

    @Sendable private func cancel(_ request: GatewayRequest) async throws -> Response {
        _ = try QueryOptions(request.request, known: [])
        let id = try request.parameter("id")
        guard running.cancel(id, by: request.principal) else {
            throw GatewayError(
                code: "unknown-query", message: "no query `\(id.prefix(64))` is running",
                remedy: "look at \(Self.path) for those that are")
        }
        return Response(status: .noContent)
    }

    @Sendable private func query(_ request: GatewayRequest) async throws -> Response {
        let options = try QueryOptions(request.request, known: ["escapeFormulas"])
        let escapes = try options.boolean("escapeFormulas") ?? true
        try request.requireJSON()
        let forms = [Answers.json, Self.lines, CSVText.contentType, Self.arrow, JobRoutes.eventStream]
        let form = try request.negotiate(forms)
        let body = try QueryBody(json: try await request.collectBody(bytesMax: limits.queryBodyBytesMax))
        let isPaged = form == Answers.json || form == JobRoutes.eventStream
        let paging = try self.paging(body, isPaged: isPaged)
        try checkParameters(body.question.parameters)

        var question = body.question
        question.reader = request.principal
        if form == JobRoutes.eventStream {
            let events = QueryEvents(
                service: service, question: question, paging: paging, running: running, limits: limits,
                problem: { [catalog] error in
                    Problem(error, catalog: catalog, instance: request.request.uri.path, traceID: request.traceID)
                })
            return try events.response(slots: eventSlots)
        }
        let entry = running.begin(question)
        defer { running.end(entry) }
        let ask = KeptQuery(
            service: service, answers: answers, question: question,
            shape: QueryShape(paging: paging, form: form, escapesFormulas: escapes),
            known: request.headers[.ifNoneMatch], bytesMax: limits.queryCacheEntryBytesMax)
        let reply = try await request.whileClientWaits { [running] in
            try await running.run(entry) { try await ask.reply() }
        }
        return try reply.response(ask.shape)
    }

    /// Lines and CSV carry the whole result unless a page was asked for.
    private func paging(_ body: QueryBody, isPaged: Bool) throws -> Paging {
        let fallback = isPaged || body.page != nil ? limits.queryPageSizeDefault : limits.queryPageSizeMax
        let paging = Paging(page: body.page ?? 0, size: body.size ?? fallback)
        guard (0...limits.pageMax).contains(paging.page), (1...limits.queryPageSizeMax).contains(paging.size) else {
            throw QueryBody.invalid(
                "`page` must be from 0 to \(limits.pageMax) and `size` from 1 to \(limits.queryPageSizeMax)")
        }
        return paging
    }

    private func checkParameters(_ parameters: QueryParameters) throws {
        let count =
            switch parameters {
            case .positional(let values): values.count
            case .named(let values): values.count
            }
        guard count <= limits.queryParametersMax else {
            throw QueryBody.invalid("there are more than \(limits.queryParametersMax) parameters")
        }
    }
}

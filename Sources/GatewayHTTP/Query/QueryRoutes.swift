import Access
import HTTPTypes
import Hummingbird
import LakeModel
import NIOCore
import QueryEngine

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
        let asked = question
        let answer = try await request.whileClientWaits { [service, running] in
            try await running.run(entry) { try await service.answer(asked) }
        }
        return try response(answer, paging: paging, form: form, escapesFormulas: escapes)
    }

    private func response(
        _ answer: SQLAnswer, paging: Paging, form: String, escapesFormulas: Bool
    ) throws -> Response {
        let pieces = QueryPieces(answer: answer, paging: paging, form: form, escapesFormulas: escapesFormulas)
        var headers: HTTPFields = [.vary: "Accept", .cacheControl: "no-store"]
        if let name = HTTPField.Name("Dipper-Snapshots") { headers[name] = SnapshotHeader.text(answer.snapshotIDs) }
        if let name = HTTPField.Name("X-Total-Count") { headers[name] = String(answer.result.rows.count) }
        if let name = HTTPField.Name("Dipper-Truncated") { headers[name] = String(answer.result.isTruncated) }
        headers[.contentType] = form == CSVText.contentType ? CSVText.fullContentType : form
        if form == Self.arrow {
            // Whole, so that a value that Arrow has no form for is an error and no broken stream.
            let bytes = try ArrowResult(columns: answer.result.columns).stream(pieces.page)
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        }
        return Response(status: .ok, headers: headers, body: pieces.body)
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

/// A result on its way out, written piece by piece.
struct QueryPieces: Sendable {
    /// Bytes gathered before they are sent.
    private static let pieceBytes = 64 << 10

    let answer: SQLAnswer
    let page: ArraySlice<[QueryValue]>
    let paging: Paging
    let form: String
    let escapesFormulas: Bool

    init(answer: SQLAnswer, paging: Paging, form: String, escapesFormulas: Bool = true) {
        self.answer = answer
        self.paging = paging
        self.form = form
        self.escapesFormulas = escapesFormulas
        let rows = answer.result.rows
        let start = min(paging.page * paging.size, rows.count)
        page = rows[start..<min(start + paging.size, rows.count)]
    }

    /// All of it at once.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        appendHead(to: &bytes)
        let rows = RowWriter(columns: answer.result.columns.map(\.name))
        for (index, row) in page.enumerated() { append(row, rows, isFirst: index == 0, to: &bytes) }
        if form == Answers.json { bytes.append(contentsOf: "]}".utf8) }
        return bytes
    }

    var body: ResponseBody {
        let pieces = self
        return ResponseBody { writer in
            var bytes: [UInt8] = []
            pieces.appendHead(to: &bytes)
            let rows = RowWriter(columns: pieces.answer.result.columns.map(\.name))
            var isFirst = true
            for row in pieces.page {
                pieces.append(row, rows, isFirst: isFirst, to: &bytes)
                isFirst = false
                if bytes.count >= Self.pieceBytes {
                    try await writer.write(ByteBuffer(bytes: bytes))
                    bytes.removeAll(keepingCapacity: true)
                }
            }
            if pieces.form == Answers.json { bytes.append(contentsOf: "]}".utf8) }
            if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
            try await writer.finish(nil)
        }
    }

    private func appendHead(to bytes: inout [UInt8]) {
        switch form {
        case CSVText.contentType:
            CSVText(escapesFormulas: escapesFormulas).append(header: answer.result.columns.map(\.name), to: &bytes)
        case QueryRoutes.lines:
            break
        default:
            let head = JSONValue.object([
                "columns": .array(
                    answer.result.columns.map { .object(["name": .string($0.name), "type": .string($0.type)]) }),
                "rowCount": .integer(Int64(page.count)), "totalRows": .integer(Int64(answer.result.rows.count)),
                "page": .integer(Int64(paging.page)), "size": .integer(Int64(paging.size)),
                "truncated": .boolean(answer.result.isTruncated),
                "elapsedMicroseconds": .integer(answer.result.elapsedMicroseconds),
                "filesRead": .integer(Int64(answer.filesRead)), "filesSkipped": .integer(Int64(answer.filesSkipped)),
                "snapshots": SnapshotHeader.json(answer.snapshotIDs),
            ])
            head.append(to: &bytes)
            bytes.removeLast()
            bytes.append(contentsOf: ",\"rows\":[".utf8)
        }
    }

    private func append(_ row: [QueryValue], _ rows: RowWriter, isFirst: Bool, to bytes: inout [UInt8]) {
        switch form {
        case CSVText.contentType:
            CSVText(escapesFormulas: escapesFormulas).append(row, to: &bytes)
        case QueryRoutes.lines:
            rows.appendObject(row, to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        default:
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            rows.appendArray(row, to: &bytes)
        }
    }
}

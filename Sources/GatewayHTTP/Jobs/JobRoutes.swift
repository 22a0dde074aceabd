import Access
import HTTPTypes
import Hummingbird
import Ingestion

/// `GET /api/v2/jobs` and `/api/v2/jobs/{id}`.
struct JobRoutes {
    static let eventStream = "text/event-stream"

    let ingestion: any IngestionService
    let limits: GatewayLimits
    let eventSlots: Slots

    static func path(_ id: String) -> String { "/api/v2/jobs/" + PercentCoding.encode(id) }

    var routes: [Route] {
        [
            Route(.get, "/api/v2/jobs", access: .silver(.read), documentation: .jobs(limits), handler: list),
            Route(.get, "/api/v2/jobs/{id}", access: .silver(.read), documentation: .job, handler: job),
        ]
    }

    @Sendable private func list(_ request: GatewayRequest) async throws -> Response {
        let options = try QueryOptions(request.request, known: Paging.options + ["table"])
        let paging = try Paging(
            options, sizeDefault: limits.pageSizeDefault, sizeMax: limits.pageSizeMax, limits: limits)
        let found = try await ingestion.jobs(table: options["table"], page: paging.page, size: paging.size)
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        for (index, job) in found.jobs.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: try Answers.receiptJSON(job))
        }
        bytes.append(UInt8(ascii: "]"))
        return Answers.bytes(
            bytes, contentType: Answers.json, headers: paging.headers(total: found.total, request: request.request))
    }

    @Sendable private func job(_ request: GatewayRequest) async throws -> Response {
        _ = try QueryOptions(request.request, known: [])
        let id = try request.parameter("id")
        let form = try request.negotiate([Answers.json, Self.eventStream])
        guard let receipt = try await ingestion.job(id: id) else {
            throw GatewayError(
                code: "unknown-job", message: "there is no job `\(id.prefix(128))`",
                remedy: "look at /api/v2/jobs for the jobs there are")
        }
        if form == Self.eventStream {
            return try JobEvents.response(first: receipt, ingestion: ingestion, limits: limits, slots: eventSlots)
        }
        return Answers.bytes(try Answers.receiptJSON(receipt), contentType: Answers.json, headers: [.vary: "Accept"])
    }
}

extension GatewayRequest {
    /// The form of the answer that the client likes best.
    /// - Throws: ``GatewayError`` `not-acceptable`.
    func negotiate(_ offers: [String]) throws -> String {
        guard let best = Negotiation.best(of: offers, accept: headers[.accept]) else {
            throw GatewayError(
                code: "not-acceptable", message: "the Accept header takes none of the forms of this answer",
                remedy: "accept \(offers.map { "`\($0)`" }.joined(separator: ", "))")
        }
        return best
    }
}

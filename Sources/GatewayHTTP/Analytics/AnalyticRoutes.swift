import Access
import HTTPTypes
import Hummingbird
import LakeModel
import NIOCore
import Observability
import QueryEngine

/// `GET /api/v2/analytics/{name}/{parameters…}`.
struct AnalyticRoutes {
    let service: any AnalyticsAnswering
    let limits: GatewayLimits

    var routes: [Route] {
        [
            Route(.get, "/api/v2/analytics", access: .anyone, documentation: .analytics, handler: list),
            Route(
                .get, "/api/v2/analytics/{name}", access: .silver(.read), documentation: .plainAnalytic(limits),
                handler: answer),
            Route(
                .get, "/api/v2/analytics/{name}/{parameters*}", access: .silver(.read),
                documentation: .analytic(limits), handler: answer),
        ]
    }

    @Sendable private func list(_ request: GatewayRequest) async throws -> Response {
        _ = try QueryOptions(request.request, known: [])
        let items = service.analytics.map { analytic in
            JSONValue.object([
                "name": .string(analytic.name), "doc": .string(analytic.doc),
                "parameters": .array(
                    analytic.parameters.map {
                        .object([
                            "name": .string($0.name), "type": .string($0.type.description),
                            "minimum": .integer($0.minimum),
                            "maximum": .integer($0.maximum),
                        ])
                    }),
                "path": .string(
                    "/api/v2/analytics/\(analytic.name)" + analytic.parameters.map { "/{\($0.name)}" }.joined()),
            ])
        }
        return Answers.json(.array(items))
    }

    @Sendable private func answer(_ request: GatewayRequest) async throws -> Response {
        let options = try QueryOptions(request.request, known: Paging.options + ["escapeFormulas"])
        let paging = try Paging(
            options, sizeDefault: limits.analyticsPageSizeDefault, sizeMax: limits.analyticsPageSizeMax, limits: limits)
        let escapes = try options.boolean("escapeFormulas") ?? true
        let question = try self.question(request)
        let form = try request.negotiate([Answers.json, CSVText.contentType])

        let version = try await service.version(of: question)
        if ETags.matches(request.headers[.ifNoneMatch], etag(version, paging, form, escapes)) {
            return Response(status: .notModified, headers: headers(version, etag: etag(version, paging, form, escapes)))
        }
        let answer = try await service.answer(question, page: paging.page, size: paging.size)
        var headers = headers(answer.version, etag: etag(answer.version, paging, form, escapes))
        for field in paging.headers(total: answer.total, request: request.request) { headers.append(field) }
        var bytes: [UInt8] = []
        if form == CSVText.contentType {
            CSVText(escapesFormulas: escapes).append(header: answer.columns.map(\.name), to: &bytes)
            for row in answer.rows { CSVText(escapesFormulas: escapes).append(row, to: &bytes) }
            return Answers.bytes(bytes, contentType: CSVText.fullContentType, headers: headers)
        }
        let writer = RowWriter(columns: answer.columns.map(\.name))
        bytes.append(UInt8(ascii: "["))
        for (index, row) in answer.rows.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            writer.appendObject(row, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
        return Answers.bytes(bytes, contentType: Answers.json, headers: headers)
    }

    /// The question of a path, its parameters typed and inside their bounds.
    private func question(_ request: GatewayRequest) throws -> AnalyticQuestion {
        let name = try request.parameter("name")
        guard let analytic = service.analytics.first(where: { $0.name == name }) else {
            throw GatewayError(
                code: "unknown-analytic", message: "there is no analytic `\(name.prefix(128))`",
                remedy: "ask one of \(service.analytics.map { "`\($0.name)`" }.joined(separator: ", "))")
        }
        let texts = request.parameters.segments["parameters"] == nil ? [] : try request.parameterSegments("parameters")
        guard texts.count == analytic.parameters.count else {
            throw GatewayError(
                code: "parameter-invalid",
                message: "\(name) takes \(analytic.parameters.count) parameters and the path has \(texts.count)",
                remedy: "ask /api/v2/analytics/\(name)" + analytic.parameters.map { "/{\($0.name)}" }.joined())
        }
        let values = try zip(analytic.parameters, texts).map { try AnalyticParameter.value($1, for: $0) }
        return AnalyticQuestion(name: name, parameters: values, reader: request.principal)
    }

    private func etag(_ version: AnswerVersion, _ paging: Paging, _ form: String, _ escapes: Bool) -> String {
        let suffix = form == Answers.json ? "json" : escapes ? "csv" : "csvx"
        return "\"\(version.tag).\(paging.page).\(paging.size).\(suffix)\""
    }

    private func headers(_ version: AnswerVersion, etag: String) -> HTTPFields {
        var headers: HTTPFields = [.eTag: etag, .vary: "Accept", .cacheControl: "private, no-cache"]
        if let name = HTTPField.Name("Dipper-Snapshots") { headers[name] = SnapshotHeader.text(version.snapshotIDs) }
        return headers
    }
}

/// `silver.jobs_cleaned=123, …`: the snapshots that an answer was computed from.
enum SnapshotHeader {
    static func text(_ ids: [String: Int64]) -> String {
        ids.sorted { $0.key < $1.key }.map { "\(PercentCoding.encode($0.key))=\($0.value)" }.joined(separator: ", ")
    }

    static func json(_ ids: [String: Int64]) -> JSONValue {
        .object(ids.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string(String($0.value))) })
    }
}

enum ETags {
    /// Whether an `If-None-Match` header names `etag` (RFC 9110, section 13.1.2: weak comparison).
    static func matches(_ header: String?, _ etag: String) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { item in
            let text = item.split(separator: " ").joined(separator: " ")
            return text == "*" || text == etag || text == "W/" + etag
        }
    }
}

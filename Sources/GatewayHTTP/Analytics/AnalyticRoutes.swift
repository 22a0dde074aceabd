import Access
import HTTPTypes
import Hummingbird
import LakeModel
import NIOCore
import Observability
import QueryEngine
import ResultCache

/// `GET /api/v2/analytics/{name}/{parameters…}`.
struct AnalyticRoutes {
    let service: any AnalyticsAnswering
    let limits: GatewayLimits
    /// `nil`: each answer is computed.
    var answers: AnswerCache?
    private let hot = HotAnalytics()

    init(service: any AnalyticsAnswering, limits: GatewayLimits, answers: AnswerCache? = nil) {
        self.service = service
        self.limits = limits
        self.answers = answers
    }

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
        let key = HotAnalytics.Key(
            target: request.request.uri.string, accept: request.headers[.accept], reader: request.principal)
        if let answers, let ready = hot.answer(key) {
            let version = try await service.version(of: ready.question)
            if version.tag == ready.tag {
                if ETags.matches(request.headers[.ifNoneMatch], ready.etag) {
                    return Response(status: .notModified, headers: ready.unchangedHeaders)
                }
                answers.countHit(of: .analytic)
                return Response(
                    status: .ok, headers: ready.headers, body: ResponseBody(byteBuffer: ready.body))
            }
        }
        return try await parsed(request, key)
    }

    private func parsed(_ request: GatewayRequest, _ key: HotAnalytics.Key) async throws -> Response {
        let options = try QueryOptions(request.request, known: Paging.options + ["escapeFormulas"])
        let paging = try Paging(
            options, sizeDefault: limits.analyticsPageSizeDefault, sizeMax: limits.analyticsPageSizeMax, limits: limits)
        let escapes = try options.boolean("escapeFormulas") ?? true
        let question = try self.question(request)
        let form = try request.negotiate([Answers.json, CSVText.contentType])
        let shape = Shape(paging: paging, form: form, escapesFormulas: escapes)

        let version = try await service.version(of: question)
        let etag = shape.etag(version.tag)
        if ETags.matches(request.headers[.ifNoneMatch], etag) {
            let snapshots = CachedAnswer.Field.snapshots(version.snapshotIDs)
            return Response(status: .notModified, headers: CachedAnswer.headers(etag, [snapshots], isHit: nil))
        }
        let (found, isHit) = try await page(question, version, shape)
        func headers(isHit: Bool) -> HTTPFields {
            var headers = CachedAnswer.headers(shape.etag(found.tag), found.fields, isHit: isHit)
            for field in paging.headers(total: found.total, request: request.request) { headers.append(field) }
            headers[.contentType] = form == CSVText.contentType ? CSVText.fullContentType : Answers.json
            return headers
        }
        let body = ByteBuffer(bytes: found.body)
        hot.remember(
            key,
            HotAnalytics.Answer(
                question: question, tag: found.tag, etag: shape.etag(found.tag), headers: headers(isHit: true),
                unchangedHeaders: CachedAnswer.headers(
                    shape.etag(found.tag), found.fields.filter { $0.name == CachedAnswer.Field.snapshotsName },
                    isHit: nil), body: body))
        return Response(status: .ok, headers: headers(isHit: isHit), body: ResponseBody(byteBuffer: body))
    }

    /// Which part of an answer is sent, and how it is written.
    private struct Shape: Sendable {
        let paging: Paging
        let form: String
        let escapesFormulas: Bool

        var suffix: String { form == Answers.json ? "json" : escapesFormulas ? "csv" : "csvx" }

        func etag(_ tag: String) -> String { "\"\(tag).\(paging.page).\(paging.size).\(suffix)\"" }

        func key(_ tag: String) -> CacheKey {
            CacheKey(["analytics", tag, String(paging.page), String(paging.size), suffix])
        }

        func body(_ answer: AnalyticAnswer) -> [UInt8] {
            var bytes: [UInt8] = []
            if form == CSVText.contentType {
                CSVText(escapesFormulas: escapesFormulas).append(header: answer.columns.map(\.name), to: &bytes)
                for row in answer.rows { CSVText(escapesFormulas: escapesFormulas).append(row, to: &bytes) }
                return bytes
            }
            let writer = RowWriter(columns: answer.columns.map(\.name))
            bytes.append(UInt8(ascii: "["))
            for (index, row) in answer.rows.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                writer.appendObject(row, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
            return bytes
        }
    }

    /// The encoded page, from the cache if it is there.
    private func page(
        _ question: AnalyticQuestion, _ version: AnswerVersion, _ shape: Shape
    ) async throws -> (CachedAnswer, isHit: Bool) {
        guard let answers else { return (try await computed(question, shape), false) }
        let found = try await answers.answer(shape.key(version.tag), of: .analytic) {
            let page = try await computed(question, shape)
            // Known by what it was computed from, which a commit may have changed since it was asked for.
            return (page.bytes, shape.key(page.tag))
        }
        if let page = CachedAnswer(found.bytes) { return (page, found.isHit) }
        return (try await computed(question, shape), false)
    }

    private func computed(_ question: AnalyticQuestion, _ shape: Shape) async throws -> CachedAnswer {
        let answer = try await service.answer(question, page: shape.paging.page, size: shape.paging.size)
        return CachedAnswer(
            tag: answer.version.tag, total: answer.total,
            fields: [
                .snapshots(answer.version.snapshotIDs), .init(name: "Dipper-Source", value: answer.source),
                .init(name: "Dipper-Engine", value: answer.engine),
            ], body: shape.body(answer))
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

extension CachedAnswer.Field {
    static let snapshotsName = "Dipper-Snapshots"

    static func snapshots(_ ids: [String: Int64]) -> CachedAnswer.Field {
        CachedAnswer.Field(name: snapshotsName, value: SnapshotHeader.text(ids))
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

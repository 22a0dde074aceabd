import HTTPTypes
import Hummingbird
import Ingestion
import LakeModel
import QueryEngine

/// An error on its way out: RFC 9457 `application/problem+json`.
struct Problem {
    static let contentType = "application/problem+json"

    var kind: ProblemKind
    var detail: String
    var instance: String
    var remedy: String?
    var place: Place?
    var isRetryable = false
    var traceID: String
    var verdicts: [RowVerdict] = []
    var allowedMethods: [String] = []

    /// What `error` looks like from outside. Errors without a code of the catalog show nothing of themselves.
    init(_ error: any Error, catalog: ProblemCatalog, instance: String, traceID: String) {
        self.instance = instance
        self.traceID = traceID
        if error is CancellationError, let kind = catalog.kind(of: "shutting-down") {
            self.kind = kind
            detail = kind.title
            isRetryable = true
            return
        }
        guard let error = error as? any LakeError, let kind = catalog.kind(of: error.code),
            kind.code != "internal-error"
        else {
            kind = ProblemCatalog.internalError
            detail = ProblemCatalog.internalError.publicDetail ?? ""
            remedy = "repeat the request; if it fails again, report it with the trace id"
            return
        }
        self.kind = kind
        detail = kind.publicDetail ?? error.message
        remedy = kind.status.code < 500 || kind.code == "engine-missing" ? error.remedy : nil
        place = error.place.map(Self.publicPlace)
        isRetryable = error.isRetryable || kind.status.code == 429 || kind.status.code == 503
        verdicts = (error as? IngestionError)?.verdicts ?? []
        allowedMethods = (error as? GatewayError)?.allowedMethods ?? []
    }

    /// The place without folders: where files lie on the server is nobody's business.
    private static func publicPlace(_ place: Place) -> Place {
        var place = place
        if let source = place.source, source.contains("/") {
            place.source = source.split(separator: "/").last.map(String.init)
        }
        return place
    }

    var json: JSONValue {
        .object([
            "type": .string("urn:dipper:problem:\(kind.code)"),
            "title": .string(kind.title),
            "status": .integer(Int64(kind.status.code)),
            "code": .string(kind.code),
            "detail": .string(detail),
            "instance": .string(instance),
            "remedy": .string(remedy),
            "place": place.map(Self.json),
            "retryable": .boolean(isRetryable),
            "verdicts": verdicts.isEmpty ? nil : .array(verdicts.map(Self.json)),
            "traceId": .string(traceID),
        ])
    }

    private static func json(_ place: Place) -> JSONValue {
        .object([
            "source": .string(place.source), "line": .integer(place.line), "column": .string(place.column),
            "byteOffset": .integer(place.byteOffset),
        ])
    }

    private static func json(_ verdict: RowVerdict) -> JSONValue {
        .object([
            "index": .integer(Int64(verdict.index)), "column": .string(verdict.column), "code": .string(verdict.code),
            "message": .string(verdict.message),
        ])
    }

    func response(limits: GatewayLimits) -> Response {
        var headers: HTTPFields = [.contentType: Self.contentType, .cacheControl: "no-store"]
        if kind.status.code == 429 || kind.status.code == 503 {
            headers[.retryAfter] = String(limits.retryAfterSeconds)
        }
        if !allowedMethods.isEmpty { headers[.allow] = allowedMethods.joined(separator: ", ") }
        if kind.status.code == 401 { headers[.wwwAuthenticate] = "Bearer realm=\"dipper\"" }
        return Response(
            status: kind.status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }
}

import CatalogService
import HTTPTypes
import Hummingbird
import LakeModel

/// An error as clients of the Iceberg REST catalog read it: `{"error": {"message", "type", "code"}}`.
///
/// The types are the names of the Java client's exceptions, which it and others tell errors apart by. 409 means that a
/// race was lost and nothing was applied; 500 that nobody knows; 503 that a store is out of reach and nothing was applied (Java's
/// clients take it for unknown, too, and look).
struct IcebergFailure {
    var status: HTTPResponse.Status
    var type: String
    var message: String
    /// The stable code of the error, for the log.
    var code: String

    private static let kinds: [String: (HTTPResponse.Status, String)] = [
        "namespace-missing": (.notFound, "NoSuchNamespaceException"),
        "table-missing": (.notFound, "NoSuchTableException"),
        "view-missing": (.notFound, "NoSuchViewException"),
        "file-missing": (.notFound, "NotFoundException"),
        "plan-missing": (.notFound, "NoSuchPlanIdException"),
        "plan-task-missing": (.notFound, "NoSuchPlanTaskException"),
        "path-unknown": (.notFound, "NoSuchEndpointException"),
        "method-not-allowed": (.methodNotAllowed, "UnsupportedOperationException"),
        "namespace-exists": (.conflict, "AlreadyExistsException"),
        "table-exists": (.conflict, "AlreadyExistsException"),
        "view-exists": (.conflict, "AlreadyExistsException"),
        "namespace-not-empty": (.conflict, "NamespaceNotEmptyException"),
        "requirement-failed": (.conflict, "CommitFailedException"),
        "commit-conflict": (.conflict, "CommitFailedException"),
        "table-update-invalid": (.badRequest, "IllegalArgumentException"),
        "commit-state-unknown": (.internalServerError, "CommitStateUnknownException"),
        "properties-overlap": (.unprocessableContent, "UnprocessableEntityException"),
        "idempotency-key-reused": (.unprocessableContent, "UnprocessableEntityException"),
        "unauthenticated": (.unauthorized, "NotAuthorizedException"),
        "forbidden": (.forbidden, "ForbiddenException"),
        "overloaded": (.tooManyRequests, "TooManyRequestsException"),
        "rate-limited": (.tooManyRequests, "TooManyRequestsException"),
        "body-too-large": (.contentTooLarge, "BadRequestException"),
        "signing-refused": (.badRequest, "BadRequestException"),
    ]

    /// Codes of what is wrong with a request.
    private static let refusals: Set<String> = [
        "request-malformed", "request-invalid", "name-invalid", "location-refused", "location-outside",
        "metadata-unsound",
        "table-metadata-invalid", "iceberg-unsupported", "json-malformed", "body-truncated", "header-invalid",
        "path-invalid", "option-invalid", "request-too-long", "host-refused", "origin-refused", "key-invalid",
        "expression-invalid", "snapshot-missing",
    ]

    /// Codes of a store that takes no requests for now. They come from before a commit was sent; one that was sent and not
    /// answered is `commit-state-unknown`.
    private static let outages: Set<String> = [
        "database-unreachable", "connection-lost", "database-busy", "database-read-only", "lock-timeout",
        "serialization-conflict", "statement-timeout", "disk-full",
    ]

    init(_ error: any Error) {
        guard let error = error as? any LakeError else {
            self.init(.internalServerError, "InternalServerError", "the server failed", code: "internal-error")
            return
        }
        if let (status, type) = Self.kinds[error.code] {
            self.init(status, type, error.message, code: error.code)
        } else if Self.refusals.contains(error.code) {
            self.init(.badRequest, "BadRequestException", Self.message(error), code: error.code)
        } else if Self.outages.contains(error.code) || error.isRetryable {
            // The message may name hosts and users; the log has it.
            self.init(
                .serviceUnavailable, "ServiceUnavailableException", "the catalog is out of reach: \(error.code)",
                code: error.code)
        } else {
            self.init(.internalServerError, "InternalServerError", "the server failed: \(error.code)", code: error.code)
        }
    }

    /// The message of a refusal. What is wrong with a metadata file stands in the causes.
    private static func message(_ error: any LakeError) -> String {
        guard error.code == "table-metadata-invalid", let cause = error.cause as? any LakeError else {
            return error.message
        }
        return "\(error.message): \(message(cause))"
    }

    private init(_ status: HTTPResponse.Status, _ type: String, _ message: String, code: String) {
        self.status = status
        self.type = type
        self.message = message
        self.code = code
    }

    /// Whether the same request would be refused again, for all that depends on it.
    var isFinal: Bool {
        switch status.code {
        case 401, 403, 408, 429: false
        case 400..<500: true
        default: false
        }
    }

    var json: JSONValue {
        .object([
            "error": .object([
                "message": .string(message), "type": .string(type), "code": .integer(Int64(status.code)),
            ])
        ])
    }

    func response(limits: GatewayLimits) -> Response {
        var headers: HTTPFields = [:]
        if status == .tooManyRequests || status == .serviceUnavailable {
            headers[.retryAfter] = String(limits.retryAfterSeconds)
        }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer realm=\"dipper\"" }
        return Answers.json(json, status: status, headers: headers)
    }
}

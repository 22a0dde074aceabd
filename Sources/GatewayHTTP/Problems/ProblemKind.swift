package import HTTPTypes

/// One kind of error as clients see it: a code with its status and title.
package struct ProblemKind: Sendable, Hashable {
    package var code: String
    package var status: HTTPResponse.Status
    package var title: String
    /// Shown in place of the error's own message, which might name paths or hosts; always there from status 500 on.
    package var publicDetail: String?

    package init(_ code: String, _ status: HTTPResponse.Status, _ title: String, publicDetail: String? = nil) {
        self.code = code
        self.status = status
        self.title = title
        self.publicDetail = publicDetail ?? (status.code >= 500 ? title : nil)
    }
}

/// The codes that the API knows. An error with any other code is an `internal-error` to the client, and whole in the log.
package struct ProblemCatalog: Sendable {
    package static let internalError = ProblemKind(
        "internal-error", .internalServerError, "Something went wrong inside the server",
        publicDetail:
            "The server failed in a way that is not the request's fault. The log holds the details under the trace id.")

    private let kinds: [String: ProblemKind]

    /// - Parameter extra: kinds of other targets; they replace standard ones of the same code.
    package init(adding extra: [ProblemKind] = []) {
        kinds = Dictionary((Self.standard + extra).map { ($0.code, $0) }) { $1 }
    }

    package func kind(of code: String) -> ProblemKind? { kinds[code] }

    /// All kinds, by code.
    package var all: [ProblemKind] { kinds.values.sorted { $0.code < $1.code } }

    private static let standard: [ProblemKind] = [internalError] + requests + uploads + data + queries + states

    private static let requests: [ProblemKind] = [
        ProblemKind("path-unknown", .notFound, "No such path"),
        ProblemKind("path-invalid", .badRequest, "The path can't be read"),
        ProblemKind("request-too-long", .uriTooLong, "The path and query are too long"),
        ProblemKind("method-not-allowed", .methodNotAllowed, "The path doesn't answer to this method"),
        ProblemKind("not-acceptable", .notAcceptable, "No form of the answer is acceptable to the client"),
        ProblemKind("option-unknown", .badRequest, "An option of the query string is unknown"),
        ProblemKind("option-invalid", .badRequest, "An option of the query string has a wrong value"),
        ProblemKind("parameter-invalid", .badRequest, "A parameter has a wrong value"),
        ProblemKind("header-invalid", .badRequest, "A header has a wrong value"),
        ProblemKind("body-missing", .badRequest, "The request has no body"),
        ProblemKind("body-truncated", .badRequest, "The body ended early"),
        ProblemKind("body-too-large", .contentTooLarge, "The body is larger than this path takes"),
        ProblemKind("body-invalid", .badRequest, "The body is not what this path takes"),
        ProblemKind("media-type-unsupported", .unsupportedMediaType, "The body has a media type that isn't taken here"),
        ProblemKind("encoding-unsupported", .unsupportedMediaType, "The body has an encoding that isn't taken here"),
        ProblemKind("unauthenticated", .unauthorized, "The sender isn't known"),
        ProblemKind("forbidden", .forbidden, "The sender's rights don't reach this far"),
        ProblemKind("host-refused", .forbidden, "The server doesn't go by this host name"),
        ProblemKind("origin-refused", .forbidden, "Requests from pages of other sites are refused"),
    ]

    private static let uploads: [ProblemKind] = [
        ProblemKind("multipart-malformed", .badRequest, "The multipart body is malformed"),
        ProblemKind("multipart-truncated", .badRequest, "The multipart body ended early"),
        ProblemKind("multipart-limit", .contentTooLarge, "The multipart body passes a limit"),
        ProblemKind("multipart-part-unknown", .badRequest, "A part of the form is unknown"),
        ProblemKind("multipart-part-missing", .badRequest, "The form has no file"),
        ProblemKind("multipart-part-repeated", .badRequest, "The form has more than one file"),
        ProblemKind("upload-empty", .badRequest, "The file is empty"),
        ProblemKind("upload-too-large", .contentTooLarge, "The file is larger than the server takes"),
        ProblemKind("file-name-invalid", .badRequest, "The file name can't be used"),
    ]

    private static let data: [ProblemKind] = [
        ProblemKind("unknown-table", .notFound, "No such table"),
        ProblemKind("unknown-job", .notFound, "No such job"),
        ProblemKind("unknown-row", .notFound, "No row has this key"),
        ProblemKind("unknown-snapshot", .notFound, "No such snapshot"),
        ProblemKind("snapshot-unknown", .notFound, "No such snapshot"),
        ProblemKind("unknown-analytic", .notFound, "No such analytic"),
        ProblemKind("table-without-key", .conflict, "The table has no key"),
        ProblemKind("key-invalid", .badRequest, "The key doesn't fit the table's key columns"),
        ProblemKind("mode-invalid", .conflict, "The table doesn't take this mode"),
        ProblemKind("json-syntax", .badRequest, "The body isn't JSON"),
        ProblemKind("json-invalid", .badRequest, "The JSON body has another shape than this path takes"),
        ProblemKind("csv-malformed", .badRequest, "The CSV can't be read"),
        ProblemKind("body-compression", .badRequest, "The compressed body can't be read"),
        ProblemKind("batch-empty", .unprocessableContent, "The batch has no rows"),
        ProblemKind("batch-too-large", .contentTooLarge, "The batch has too many rows"),
        ProblemKind("rows-refused", .unprocessableContent, "Rows of an atomic batch were refused"),
        ProblemKind("idempotency-conflict", .unprocessableContent, "The idempotency key was used with another request"),
        ProblemKind("header-mismatch", .unprocessableContent, "The file's header doesn't fit the table"),
        ProblemKind("header-column-unknown", .unprocessableContent, "The file has a column that the table has not"),
        ProblemKind("not-csv", .unprocessableContent, "The file isn't CSV"),
        ProblemKind("commit-conflict", .conflict, "Another writer was first"),
        ProblemKind("backup-unsupported", .unprocessableContent, "The table can't be backed up here"),
        ProblemKind("backup-damaged", .unprocessableContent, "The backup isn't whole"),
        ProblemKind("backup-columns-differ", .unprocessableContent, "The backup has other columns than the table"),
        ProblemKind("backup-row-invalid", .unprocessableContent, "A row of the backup doesn't fit the table"),
        ProblemKind("maintenance-running", .conflict, "The table is being maintained"),
        ProblemKind("maintenance-failed", .internalServerError, "Maintenance of the table failed"),
    ]

    private static let queries: [ProblemKind] = [
        ProblemKind("sql-syntax", .badRequest, "The SQL can't be read"),
        ProblemKind("sql-invalid", .badRequest, "The SQL is wrong"),
        ProblemKind("sql-failed", .unprocessableContent, "The SQL failed on the data"),
        ProblemKind(
            "sql-refused", .unprocessableContent, "Only a single read-only query of the lake's tables is allowed"),
        ProblemKind("query-unknown", .notFound, "There is no such query"),
        ProblemKind("page-gone", .gone, "The page of the result is gone"),
        ProblemKind("query-timeout", .unprocessableContent, "The query took longer than is allowed"),
        ProblemKind("query-cancelled", .unprocessableContent, "The query was cancelled"),
        ProblemKind("unknown-query", .notFound, "No such query is running"),
        ProblemKind("query-memory", .unprocessableContent, "The query needed more memory than is allowed"),
        ProblemKind("value-unrepresentable", .unprocessableContent, "The form that is asked for can't hold a value"),
        ProblemKind("result-too-large", .unprocessableContent, "The result is larger than is allowed"),
        ProblemKind("cluster-answer-unreadable", .badGateway, "The Trino cluster's answer can't be read"),
        ProblemKind("cluster-failed", .badGateway, "The Trino cluster could not run the statement"),
        ProblemKind("cluster-refused", .badGateway, "The Trino cluster refused the statement"),
        ProblemKind("cluster-statement-invalid", .internalServerError, "The model's SQL for Trino can't be sent"),
        ProblemKind("cluster-unreachable", .serviceUnavailable, "The Trino cluster can't be reached"),
    ]

    private static let states: [ProblemKind] = [
        ProblemKind(
            "overloaded", .serviceUnavailable, "The server has as much work as it takes",
            publicDetail: "The server has as much work as it takes; nothing of this request was kept."),
        ProblemKind("rate-limited", .tooManyRequests, "Too many requests"),
        ProblemKind("disk-full", .serviceUnavailable, "The server's disk is full"),
        ProblemKind("engine-missing", .serviceUnavailable, "SQL is not available on this server"),
        ProblemKind("engine-crashed", .serviceUnavailable, "The SQL engine stopped in the middle of the query"),
        ProblemKind(
            "commit-state-unknown", .serviceUnavailable, "Whether the change was applied is not known yet",
            publicDetail:
                "The answer of the catalog was lost; ask for the job or repeat the request with the same idempotency key."
        ),
        ProblemKind("shutting-down", .serviceUnavailable, "The server is shutting down"),
        ProblemKind("not-ready", .serviceUnavailable, "The server isn't ready"),
    ]
}

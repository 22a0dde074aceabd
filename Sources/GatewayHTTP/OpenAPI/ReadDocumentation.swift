/// Descriptions of the analytics and of SQL.
extension RouteDocumentation {
    static let escapeFormulas = Parameter(
        name: "escapeFormulas",
        text: "CSV only: put `'` before text that a spreadsheet would run as a formula. `false` gives the exact text.",
        schema: ["type": "boolean", "default": true])

    private static let ifNoneMatch = Parameter(
        name: "If-None-Match", location: "header", text: "An ETag: 304 while it holds.", schema: text)

    static var analytics: RouteDocumentation {
        RouteDocumentation(
            id: "listAnalytics", tag: "read", summary: "The named analytics and their parameters",
            answers: [
                Answer(status: 200, text: "All of them.", content: [(Answers.json, list(of: "Analytic"))])
            ])
    }

    static func analytic(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "askAnalytic", tag: "read", summary: "The answer of a named analytic",
            text: """
                The parameters follow the name in the declared order, a path segment each, for example \
                `/api/v2/analytics/quarterly-hires/2021`. The ETag stays while the tables do.
                """,
            parameters: [
                path("name", "One of `/api/v2/analytics`."),
                path("parameters", "The declared parameters, separated by `/`."),
                ifNoneMatch, escapeFormulas,
            ] + paging(sizeDefault: limits.analyticsPageSizeDefault, sizeMax: limits.analyticsPageSizeMax, limits),
            answers: [
                Answer(
                    status: 200, text: "A page of rows.",
                    content: [
                        (Answers.json, ["type": "array", "items": ["type": "object"]]), (CSVText.contentType, text),
                    ], headers: pageHeaders + ["ETag", "Dipper-Snapshots", "Dipper-Source", "Dipper-Engine", "X-Cache"]),
                Answer(status: 304, text: "The ETag still holds.", headers: ["ETag", "Dipper-Snapshots"]),
            ],
            problems: [
                "unknown-analytic", "parameter-invalid", "not-acceptable", "engine-missing", "engine-crashed",
                "query-timeout", "query-memory", "result-too-large", "overloaded", "cluster-unreachable",
                "cluster-failed", "cluster-refused", "cluster-answer-unreadable", "cluster-statement-invalid",
            ])
    }

    static var gold: RouteDocumentation {
        RouteDocumentation(
            id: "listGold", tag: "read", summary: "The gold tables, what they are made of and whether they are current",
            answers: [Answer(status: 200, text: "All of them.", content: [(Answers.json, list(of: "GoldTable"))])])
    }

    static var goldRefresh: RouteDocumentation {
        RouteDocumentation(
            id: "refreshGold", tag: "read", summary: "Bring the gold tables up to date now",
            text: """
                They are refreshed by themselves after commits of their inputs. The answer comes when all have been looked \
                at; `failure` says what kept one from being refreshed.
                """,
            answers: [
                Answer(status: 200, text: "All of them, afterwards.", content: [(Answers.json, list(of: "GoldTable"))])
            ])
    }

    static func plainAnalytic(_ limits: GatewayLimits) -> RouteDocumentation {
        var documentation = analytic(limits)
        documentation.id = "askPlainAnalytic"
        documentation.summary = "The answer of a named analytic without parameters"
        documentation.text = "The ETag stays while the tables do."
        documentation.parameters.removeAll { $0.name == "parameters" }
        return documentation
    }

    static func query(_ limits: GatewayLimits) -> RouteDocumentation {
        RouteDocumentation(
            id: "query", tag: "read", summary: "Read-only SQL",
            text: """
                One SELECT over the tables of the lake, limited in time, memory and result. Whole numbers are JSON numbers \
                with all their digits (64 bits); NaN and the infinities are the strings NaN, Infinity and -Infinity; \
                decimals and times are strings. As `text/event-stream` it is the events `started` (with the query's id), \
                `progress`, and `result` or `problem`. A query whose client goes away is ended. The same statement over the same \
                snapshots is answered from a cache, with an ETag and `X-Cache`, unless time, chance, `ops` or metadata tables \
                bear on it.
                """,
            parameters: [ifNoneMatch, escapeFormulas], body: [(Answers.json, reference("Query"))],
            answers: [
                Answer(
                    status: 200,
                    text: "The result; as lines of JSON objects, as CSV or as a stream of Arrow's IPC it comes whole.",
                    content: [
                        (Answers.json, reference("QueryResult")), (QueryRoutes.lines, text),
                        (CSVText.contentType, text), (QueryRoutes.arrow, ["type": "string", "format": "binary"]),
                        (JobRoutes.eventStream, text),
                    ], headers: ["X-Total-Count", "Dipper-Snapshots", "Dipper-Truncated", "ETag", "X-Cache"]),
                Answer(status: 304, text: "The ETag still holds.", headers: ["ETag", "Dipper-Snapshots"]),
            ],
            problems: [
                "media-type-unsupported", "encoding-unsupported", "json-syntax", "json-invalid", "body-too-large",
                "body-truncated", "not-acceptable", "sql-syntax", "sql-invalid", "sql-refused", "sql-failed",
                "query-timeout", "query-cancelled", "query-memory", "result-too-large", "value-unrepresentable",
                "snapshot-unknown", "unknown-table", "engine-missing",
                "engine-crashed", "overloaded",
            ])
    }

    static var runningQueries: RouteDocumentation {
        RouteDocumentation(
            id: "listQueries", tag: "read", summary: "Queries that are running",
            text: "Those of the sender; all of them for senders who may read everything.",
            answers: [
                Answer(
                    status: 200, text: "The oldest first.",
                    content: [(Answers.json, ["type": "array", "items": reference("RunningQuery")])])
            ],
            problems: ["option-unknown"])
    }

    static var cancelQuery: RouteDocumentation {
        RouteDocumentation(
            id: "cancelQuery", tag: "read", summary: "End a running query",
            text: "Its sender gets a problem with the code query-cancelled.",
            parameters: [Parameter(name: "id", location: "path", text: "The query's id.", schema: text)],
            answers: [Answer(status: 204, text: "It is being ended.")], problems: ["option-unknown", "unknown-query"])
    }
}

/// Descriptions of the routes of Trino's client protocol.
extension RouteDocumentation {
    private static let object: JSONValue = ["type": "object"]

    static var trinoStatement: RouteDocumentation {
        RouteDocumentation(
            id: "trinoStatement", tag: "trino", summary: "A statement in Trino's SQL",
            text: """
                The body is the statement's text; the session is in the headers `X-Trino-User`, `X-Trino-Catalog`, \
                `X-Trino-Schema` and their like. Errors in the statement come with the pages, as the protocol has it.
                """,
            body: [("text/plain", text)],
            answers: [Answer(status: 200, text: "Where the result will be.", content: [(Answers.json, object)])],
            problems: ["header-invalid", "body-invalid", "body-too-large", "body-truncated", "overloaded"])
    }

    private static let places = [
        path("id", "The query's id."), path("slug", "The query's secret."),
    ]

    static var trinoPage: RouteDocumentation {
        RouteDocumentation(
            id: "trinoPage", tag: "trino", summary: "The next page of a result",
            text: "Without `nextUri` in the answer it was the last one.",
            parameters: [path("phase", "`queued` or `executing`."), path("token", "The number of the page.")] + places,
            answers: [Answer(status: 200, text: "Rows, or none yet.", content: [(Answers.json, object)])],
            problems: ["query-unknown", "page-gone"])
    }

    static var trinoCancel: RouteDocumentation {
        RouteDocumentation(
            id: "trinoCancel", tag: "trino", summary: "Give a statement up",
            parameters: [path("phase", "`queued` or `executing`."), path("token", "The number of a page.")] + places,
            answers: [Answer(status: 204, text: "It is given up.")], problems: ["query-unknown"])
    }

    static var trinoPartialCancel: RouteDocumentation {
        RouteDocumentation(
            id: "trinoPartialCancel", tag: "trino", summary: "Give up what is being computed", parameters: places,
            answers: [Answer(status: 204, text: "It is given up.")], problems: ["query-unknown"])
    }

    static var trinoQuery: RouteDocumentation {
        RouteDocumentation(
            id: "trinoQuery", tag: "trino", summary: "The state of a statement",
            parameters: [path("id", "The query's id.")],
            answers: [Answer(status: 200, text: "Its state.", content: [(Answers.json, object)])],
            problems: ["query-unknown"])
    }

    static var trinoQueryCancel: RouteDocumentation {
        RouteDocumentation(
            id: "trinoQueryCancel", tag: "trino", summary: "Give a statement up by its id",
            parameters: [path("id", "The query's id.")],
            answers: [Answer(status: 204, text: "It is given up.")], problems: ["query-unknown"])
    }

    static var trinoInfo: RouteDocumentation {
        RouteDocumentation(
            id: "trinoInfo", tag: "trino", summary: "The server, as Trino's clients ask for it",
            answers: [Answer(status: 200, text: "Its version.", content: [(Answers.json, object)])])
    }
}

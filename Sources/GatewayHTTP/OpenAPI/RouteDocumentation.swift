import HTTPTypes

/// How a route is described in `/openapi.json`.
struct RouteDocumentation: Sendable {
    struct Parameter: Sendable {
        var name: String
        var location = "query"
        var text: String
        var schema: JSONValue
    }

    struct Answer: Sendable {
        var status: Int
        var text: String
        /// Media type to schema.
        var content: [(type: String, schema: JSONValue)] = []
        /// Header names of ``OpenAPIDocument``'s components.
        var headers: [String] = []
    }

    /// `operationId`.
    var id: String
    var tag: String
    var summary: String
    var text: String?
    var parameters: [Parameter] = []
    /// Media type to schema of the body.
    var body: [(type: String, schema: JSONValue)] = []
    var answers: [Answer]
    /// Codes of problems that this route may answer with, besides those of every route.
    var problems: [String] = []
}

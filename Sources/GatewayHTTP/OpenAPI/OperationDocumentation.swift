import Observability

/// Descriptions of the routes for operators.
extension RouteDocumentation {
    static var health: RouteDocumentation {
        RouteDocumentation(
            id: "health", tag: "operations", summary: "Whether the process answers",
            answers: [Answer(status: 200, text: "It does.", content: [(Answers.json, reference("Health"))])])
    }

    static var readiness: RouteDocumentation {
        RouteDocumentation(
            id: "readiness", tag: "operations", summary: "Whether traffic should be sent here",
            answers: [
                Answer(status: 200, text: "It should.", content: [(Answers.json, reference("Readiness"))]),
                Answer(
                    status: 503, text: "Not now; `checks` says why.", content: [(Answers.json, reference("Readiness"))],
                    headers: ["Retry-After"]),
            ])
    }

    static var metrics: RouteDocumentation {
        RouteDocumentation(
            id: "metrics", tag: "operations", summary: "Metrics in the Prometheus text format",
            answers: [Answer(status: 200, text: "All of them.", content: [("text/plain", text)])])
    }

    static var openAPI: RouteDocumentation {
        RouteDocumentation(
            id: "openAPI", tag: "operations", summary: "This document",
            answers: [Answer(status: 200, text: "OpenAPI 3.1.", content: [(Answers.json, ["type": "object"])])])
    }

    static var landing: RouteDocumentation {
        RouteDocumentation(
            id: "landing", tag: "operations", summary: "A page that lists the paths",
            answers: [Answer(status: 200, text: "HTML.", content: [("text/html", text)])])
    }
}

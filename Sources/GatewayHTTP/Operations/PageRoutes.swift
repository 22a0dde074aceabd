import HTTPTypes
import Hummingbird

/// `/openapi.json` and the page at `/`, both made of the list of routes.
enum PageRoutes {
    static func routes(describing routes: [Route], catalog: ProblemCatalog, configuration: GatewayConfiguration)
        -> [Route]
    {
        var document = Route(.get, "/openapi.json", access: .anyone, documentation: .openAPI) { _ in
            Response(status: .notFound)
        }
        var landing = Route(.get, "/", access: .anyone, documentation: .landing) { _ in Response(status: .notFound) }
        let all = routes + [document, landing]
        let json = OpenAPIDocument(
            routes: all, catalog: catalog, apiVersion: configuration.version,
            isAuthenticated: configuration.authentication != nil
        ).json.bytes
        document.handler = { _ in Answers.bytes(json, contentType: Answers.json) }
        let html = Array(LandingPage(routes: all, version: configuration.version).html.utf8)
        landing.handler = { _ in
            var headers: HTTPFields = [:]
            if let name = HTTPField.Name("Content-Security-Policy") {
                headers[name] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
            }
            return Answers.bytes(html, contentType: "text/html; charset=utf-8", headers: headers)
        }
        return [document, landing]
    }
}

/// What a browser sees at `/`: the paths there are, and nothing else.
struct LandingPage {
    let routes: [Route]
    let version: String

    var html: String {
        let rows = routes.compactMap { route -> String? in
            guard let documentation = route.documentation else { return nil }
            let path = String(route.path.template.filter { $0 != "*" })
            let isPlain = route.method == .get && route.path.parameterNames.isEmpty
            let shown = Self.escaped(path)
            return """
                <tr><td>\(route.method.rawValue)</td><td><code>\(isPlain ? "<a href=\"\(shown)\">\(shown)</a>" : shown)</code></td>\
                <td>\(Self.escaped(documentation.summary))</td></tr>
                """
        }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>Dipper</title>
            <style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color-scheme:light dark}
            td{padding:.2rem 1rem .2rem 0;vertical-align:top}</style></head>
            <body><h1>Dipper \(Self.escaped(version))</h1>
            <p>CSV files and JSON batches in; Apache Iceberg tables, SQL and ready analytics out. The API is described in
            <a href="/openapi.json">/openapi.json</a>.</p>
            <pre>curl -F file=@hired_employees.csv "http://HOST/api/v2/upload/csv/hired_employees?wait=30"</pre>
            <table>
            \(rows.joined(separator: "\n"))
            </table></body></html>

            """
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}

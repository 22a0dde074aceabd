import Access
import Foundation
import GatewayHTTP
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import LakeModel
import Observability
import Synchronization
import Testing

struct GatewayTests {
    @Test func `unknown paths and wrong methods are problems too`() async throws {
        try await Harness().run { client in
            try await client.get("/nope").expectProblem("path-unknown", 404)
            try await client.get("/api/v2").expectProblem("path-unknown", 404)
            let wrong = try await client.execute(uri: "/api/v2/jobs", method: .delete)
            try wrong.expectProblem("method-not-allowed", 405)
            #expect(wrong.headers[.allow] == "GET, HEAD, OPTIONS")
            try await client.get("/api/v2/query").expectProblem("method-not-allowed", 405)
            let options = try await client.execute(uri: "/api/v2/query", method: .options)
            #expect(options.status == .noContent && options.headers[.allow] == "OPTIONS, POST")
            let head = try await client.execute(uri: "/healthz", method: .head)
            #expect(head.status == .ok && head.body.readableBytes == 0)
            try await client.get("/api/v2/jobs/").expect(.ok)
            try await client.get("/" + String(repeating: "x", count: 9_000)).expectProblem("request-too-long", 414)
        }
    }

    @Test func `an error without a known code shows nothing of itself`() async throws {
        struct Secret: Error { let path = "/var/lib/dipper/secret" }
        let routes: [Route] = [
            Route(.get, "/plain") { _ in throw Secret() },
            Route(.get, "/coded") { _ in throw ShortReadError(offset: 1, count: 2, byteCount: 3) },
            Route(.get, "/placed") { _ in
                throw GatewayError(
                    code: "not-csv", message: "NUL",
                    place: Place(source: "/var/lib/dipper/a.csv", line: 3, byteOffset: 17))
            },
            Route(.get, "/cancelled") { _ in throw CancellationError() },
        ]
        let harness = try Harness(routes: routes)
        try await harness.run { client in
            for path in ["/plain", "/coded"] {
                let answer = try await client.get(path)
                try answer.expectProblem("internal-error", 500)
                #expect(!answer.text.contains("secret") && !answer.text.contains("bytes were asked"))
                let id = try #require(try answer.json["traceId"] as? String)
                #expect(harness.log.lines.contains { $0.contains(id) && $0.contains("request failed") })
            }
            let placed = try await client.get("/placed")
            try placed.expectProblem("not-csv", 422)
            #expect(placed.text.contains(#""place":{"source":"a.csv","line":3,"byteOffset":17}"#))
            try await client.get("/cancelled").expectProblem("shutting-down", 503)
        }
    }

    @Test func `request and trace ids come from the client or are made`() async throws {
        let harness = try Harness()
        try await harness.run { client in
            var headers: HTTPFields = [:]
            headers[try #require(HTTPField.Name("traceparent"))] =
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            headers[try #require(HTTPField.Name("X-Request-Id"))] = "abc-1"
            let answer = try await client.get("/nope", headers)
            #expect(answer.header("X-Request-Id") == "abc-1")
            #expect(try answer.json["traceId"] as? String == "4bf92f3577b34da6a3ce929d0e0e4736")
            headers[try #require(HTTPField.Name("X-Request-Id"))] = "a b"
            #expect(try await client.get("/nope", headers).header("X-Request-Id") == "4bf92f3577b34da6a3ce929d0e0e4736")
            let ids = Set([
                try await client.get("/nope").header("X-Request-Id"),
                try await client.get("/nope").header("X-Request-Id"),
            ])
            #expect(ids.count == 2)
        }
        let line = try #require(harness.log.lines.first { $0.contains("abc-1") })
        let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary)
        #expect(record["status"] as? Int == 404 && record["code"] as? String == "path-unknown")
        #expect(record["path"] as? String == "/nope" && record["route"] as? String == "unknown")
    }

    @Test func `health, readiness and metrics`() async throws {
        let harness = try Harness(readiness: [
            ReadinessCheck(name: "catalog") {},
            ReadinessCheck(name: "engine") { throw GatewayError(code: "engine-missing", message: "/opt/secret") },
        ])
        try await harness.run { client in
            #expect(try await client.get("/healthz").text == #"{"status":"ok"}"#)
            let ready = try await client.get("/readyz")
            #expect(ready.status == .serviceUnavailable && ready.header("Retry-After") == "2")
            #expect(
                ready.text
                    == #"{"status":"not-ready","checks":{"server":"ok","ingestion":"ok","catalog":"ok","engine":"engine-missing"}}"#
            )
            let metrics = try await client.get("/metrics")
            #expect(metrics.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(metrics.text.contains(#"http_server_requests_total{method="GET",route="/healthz",status="200"} 1"#))
            #expect(
                metrics.text.contains(
                    #"http_server_request_duration_seconds_count{method="GET",route="/readyz",status="503"} 1"#))
        }
        let degraded = try Harness(readiness: [
            ReadinessCheck(name: "cache", isRequired: false) { throw GatewayError(code: "away", message: "/opt") }
        ])
        try await degraded.run { client in
            let ready = try await client.get("/readyz")
            #expect(ready.status == .ok)
            #expect(
                ready.text == #"{"status":"ready","checks":{"server":"ok","ingestion":"ok","cache":"away"}}"#)
        }
        let busy = try Harness()
        try await busy.run { client in
            let ready = try await client.get("/readyz")
            #expect(ready.status == .ok)
            busy.ingestion.state.withLock { $0.backlog = 100_000 }
            let overloaded = try await client.get("/readyz")
            #expect(overloaded.text.contains(#""ingestion":"overloaded""#))
        }
    }

    @Test func `the document describes every route and every problem once`() async throws {
        try await Harness().run { client in
            let document = try await client.get("/openapi.json").json
            #expect(document["openapi"] as? String == "3.1.0")
            let paths = try #require(document["paths"] as? [String: [String: NSDictionary]])
            #expect(paths.count == 31)
            let ids = paths.values.flatMap(\.values).compactMap { $0["operationId"] as? String }
            #expect(Set(ids).count == ids.count && ids.count == 34)
            let page = try await client.get("/")
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            for path in paths.keys { #expect(page.text.contains(path)) }
        }
    }

    @Test func `without authentication only loopback hosts and no other sites are served`() async throws {
        try await Harness().run { client in
            var headers: HTTPFields = [.origin: "http://evil.example"]
            try await client.get("/api/v2/jobs", headers).expectProblem("origin-refused", 403)
            headers = [:]
            headers[try #require(HTTPField.Name("Sec-Fetch-Site"))] = "cross-site"
            try await client.post("/api/v2/upload/csv/departments", "x", headers).expectProblem("origin-refused", 403)
            try await client.get("/healthz", [.origin: "http://evil.example"]).expect(.ok)
            try await client.get("/api/v2/jobs", [.origin: "http://localhost"]).expect(.ok)
        }
    }

    @Test func `with tokens nothing but health answers a stranger`() async throws {
        let token = "0123456789abcdef0123456789abcdef"
        let harness = try Harness(
            authentication: try TokenAuthentication(tokens: ["ci": token, "ops": token + "x"]))
        try await harness.run { client in
            for path in ["/", "/metrics", "/openapi.json", "/api/v2/jobs", "/nope"] {
                let answer = try await client.get(path)
                try answer.expectProblem("unauthenticated", 401)
                #expect(answer.headers[.wwwAuthenticate] == "Bearer realm=\"dipper\"")
            }
            for value in ["Bearer x", "Bearer ", "Basic \(token)", "Bearer \(token)0", "Bearer \(token.dropLast())"] {
                try await client.get("/api/v2/jobs", [.authorization: value]).expectProblem("unauthenticated", 401)
            }
            try await client.get("/healthz").expect(.ok)
            for value in ["Bearer \(token)", "bearer \(token)x"] {
                #expect(
                    try await client.get("/api/v2/jobs", [.authorization: value, .origin: "http://x.example"]).status
                        == .ok)
            }
            let document = try await client.get("/openapi.json", [.authorization: "Bearer \(token)"])
            #expect(document.text.contains(#""securitySchemes":{"bearer""#))
        }
        #expect(harness.log.lines.contains { $0.contains("\"sender\":\"ops\"") })
        #expect(!harness.log.lines.contains { $0.contains(token) })
    }
}

struct GatewayConfigurationTests {
    @Test(arguments: [
        "0.0.0.0", "::", "192.168.1.1", "example.com", "127.0.0.1.example.com", "127.1", "1270.0.0.1", "",
        "127.0.0.256",
    ])
    func `an open address needs authentication`(host: String) throws {
        let error = #expect(throws: GatewayError.self) { try GatewayConfiguration(host: host).validate() }
        #expect(error?.code == "authentication-required")
        let authentication = try TokenAuthentication(tokens: ["a": "0123456789abcdef"])
        try GatewayConfiguration(host: host, authentication: authentication).validate()
    }

    @Test(arguments: ["127.0.0.1", "127.8.9.10", "localhost", "LOCALHOST", "::1", "[::1]"])
    func `loopback needs none`(host: String) throws { try GatewayConfiguration(host: host).validate() }

    @Test func `ports and weak tokens are refused`() {
        #expect(throws: GatewayError.self) { try GatewayConfiguration(port: 65_536).validate() }
        #expect(throws: AccessError.self) { try TokenAuthentication(tokens: [:]) }
        #expect(throws: AccessError.self) { try TokenAuthentication(tokens: ["a": "short"]) }
    }
}

import Foundation
import GatewayHTTP
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import QueryEngine
import Synchronization
import Testing

@Suite struct TrinoRouteTests {
    private static func headers(_ extra: [String: String] = [:]) -> HTTPFields {
        var fields: HTTPFields = [:]
        for (name, value) in ["X-Trino-User": "ada", "X-Trino-Catalog": "lake"].merging(extra, uniquingKeysWith: { $1 })
        {
            if let field = HTTPField.Name(name) { fields[field] = value }
        }
        return fields
    }

    /// All answers to a statement, up to the last.
    private static func run(
        _ sql: String, _ client: any TestClientProtocol, _ extra: [String: String] = [:]
    ) async throws -> [TestResponse] {
        var answers = [try await client.post("/v1/statement", sql, headers(extra))]
        while let next = try answers.last?.json["nextUri"] as? String, let url = URL(string: next) {
            answers.append(try await client.get(url.path, headers(extra)))
        }
        return answers
    }

    @Test func `a statement is translated, and its rows come in Trino's forms`() async throws {
        let harness = try Harness()
        try await harness.run { client in
            let answers = try await Self.run("SELECT id, department, 1e0 AS x FROM silver.departments_cleaned", client)
            for answer in answers { answer.expect(.ok) }
            let last = try #require(answers.last)
            #expect(last.text.contains(#"[9223372036854775807,"a \"b\"\n\u0001é,",0.1]"#), "\(last.text)")
            #expect(last.text.contains(#"[-9223372036854775808,null,"NaN"]"#))
            #expect(last.text.contains(#""name":"department","type":"varchar""#))
            let sql = harness.sql.state.withLock { $0.questions.last?.sql }
            #expect(
                sql == "SELECT r1.\"id\" AS \"_c0\", r1.\"department\" AS \"_c1\", CAST('1E0' AS DOUBLE) AS \"_c2\" "
                    + "FROM \"silver\".\"departments_cleaned\" AS r1")
        }
    }

    @Test func `a part of the rows is an error, never an answer`() async throws {
        let harness = try Harness()
        harness.sql.state.withLock { $0.result.isTruncated = true }
        try await harness.run { client in
            let last = try #require(try await Self.run("SELECT 1", client).last)
            #expect(last.text.contains("GENERIC_INSUFFICIENT_RESOURCES"))
            #expect(!last.text.contains(#""data""#))
        }
    }

    @Test func `the engine's failures have Trino's names, and show nothing of the server`() async throws {
        let harness = try Harness()
        let cases = [
            ("query-timeout", "EXCEEDED_TIME_LIMIT"), ("overloaded", "QUERY_QUEUE_FULL"),
            ("forbidden", "PERMISSION_DENIED"),
            ("engine-crashed", "GENERIC_INTERNAL_ERROR"), ("whatever", "GENERIC_INTERNAL_ERROR"),
        ]
        try await harness.run { client in
            for (code, name) in cases {
                harness.sql.state.withLock { $0.error = QueryError(code: code, message: "in /secret/place") }
                let last = try #require(try await Self.run("SELECT 1", client).last)
                #expect(last.text.contains("\"errorName\":\"\(name)\""), "\(last.text)")
                if name == "GENERIC_INTERNAL_ERROR" { #expect(!last.text.contains("/secret/place")) }
            }
        }
    }

    @Test func `changes of the session come as headers`() async throws {
        try await Harness().run { client in
            let used = try await Self.run("USE lake.silver", client).last
            #expect(used?.header("X-Trino-Set-Catalog") == "lake")
            #expect(used?.header("X-Trino-Set-Schema") == "silver")
            let prepared = try await Self.run("PREPARE p FROM SELECT ?, 'a b'", client).last
            #expect(prepared?.header("X-Trino-Added-Prepare") == "p=SELECT%20%3F%2C%20%27a%20b%27")
            let started = try await Self.run("START TRANSACTION", client).last
            let id = try #require(started?.header("X-Trino-Started-Transaction-Id"))
            let ended = try await Self.run("COMMIT", client, ["X-Trino-Transaction-Id": id]).last
            #expect(ended?.header("X-Trino-Clear-Transaction-Id") == "true")
            let gone = try await Self.run("SELECT 1", client, ["X-Trino-Transaction-Id": id]).last
            #expect(gone?.text.contains("UNKNOWN_TRANSACTION") == true)
            let executed = try await Self.run(
                "EXECUTE p USING 1", client, ["X-Trino-Prepared-Statement": "p=SELECT%20%3F"]
            ).last
            #expect(executed?.text.contains(#""state":"FINISHED""#) == true)
        }
    }

    @Test func `requests that make no sense are refused`() async throws {
        try await Harness().run { client in
            try await client.post("/v1/statement", "", Self.headers()).expectProblem("body-invalid", 400)
            try await client.post("/v1/statement", "SELECT 1", Self.headers(["X-Trino-Session": "nonsense"]))
                .expectProblem("header-invalid", 400)
            try await client.get("/v1/statement/executing/a/b/0").expectProblem("query-unknown", 404)
            try await client.get("/v1/statement/other/a/b/c").expectProblem("query-unknown", 404)
            try await client.get("/v1/query/a").expectProblem("query-unknown", 404)
            let info = try await client.get("/v1/info")
            #expect(info.text.contains(#""coordinator":true"#))
        }
    }

    @Test func `a token is taken as the password of any user`() async throws {
        let token = "secret-secret-secret"
        let harness = try Harness(authentication: try TokenAuthentication(tokens: ["ada": token]))
        @Sendable func basic(_ text: String) -> HTTPFields {
            [.authorization: "Basic \(Data(text.utf8).base64EncodedString())"]
        }
        try await harness.run { client in
            let known = try await client.post("/v1/statement", "SELECT 1", basic("anyone:\(token)"))
            known.expect(.ok)
            for text in ["anyone:wrong-wrong-wrong-wrong", token, "\(token):", "anyone:\(token)x"] {
                try await client.post("/v1/statement", "SELECT 1", basic(text)).expectProblem("unauthenticated", 401)
            }
        }
    }
}

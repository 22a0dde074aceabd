import Foundation
import GatewayHTTP
import HTTPTypes
import HummingbirdTesting
import LakeModel
import Logging
import NIOCore
import QueryEngine
import ResultCache
import Synchronization
import Testing

struct KeptQueryTests {
    let harness: Harness
    private let json: HTTPFields = [.contentType: "application/json"]
    private let body = #"{"sql":"SELECT 1"}"#

    init() throws { harness = try Self.harness() }

    private static func harness(_ limits: GatewayLimits = GatewayLimits()) throws -> Harness {
        let harness = try Harness(
            limits: limits, answers: AnswerCache(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        harness.sql.state.withLock { $0.version = AnswerVersion(tag: "v1", snapshotIDs: ["silver.jobs_cleaned": 7]) }
        return harness
    }

    private var computed: Int { harness.sql.state.withLock { $0.questions.count } }

    private func ask(
        _ client: any TestClientProtocol, _ body: String? = nil, _ accept: String = "application/json",
        match: String? = nil
    ) async throws -> TestResponse {
        var headers = json
        headers[.accept] = accept
        headers[.ifNoneMatch] = match
        return try await client.post("/api/v2/query", body ?? self.body, headers)
    }

    @Test func `an answer is computed once, page by page and form by form`() async throws {
        try await harness.run(live: true) { client in
            let first = try await ask(client)
            let second = try await ask(client)
            #expect(first.text == second.text && first.status == .ok && second.status == .ok)
            #expect(first.header("X-Cache") == "miss" && second.header("X-Cache") == "hit")
            #expect(first.header("Cache-Control") == "private, no-cache")
            let names = [
                "ETag", "Dipper-Snapshots", "X-Total-Count", "Dipper-Truncated", "Content-Type", "Vary",
                "Cache-Control",
            ]
            for name in names {
                #expect(first.header(name) == second.header(name) && first.header(name) != nil, "\(name)")
            }
            #expect(computed == 1)
            let page = try await ask(client, #"{"sql":"SELECT 1","page":1,"size":2}"#)
            #expect(page.text.hasSuffix(#""rows":[[0,"=cmd()","-Infinity"]]}"#) && page.header("X-Total-Count") == "3")
            var etags: Set<String> = [try #require(first.header("ETag")), try #require(page.header("ETag"))]
            for form in ["text/csv", "application/x-ndjson", "application/vnd.apache.arrow.stream"] {
                let one = try await ask(client, nil, form)
                let other = try await ask(client, nil, form)
                #expect(one.body == other.body && one.header("X-Cache") == "miss" && other.header("X-Cache") == "hit")
                #expect(other.headers[.contentType]?.hasPrefix(form) == true)
                etags.insert(try #require(one.header("ETag")))
            }
            #expect(etags.count == 5 && computed == 5)
        }
    }

    @Test func `who has the answer gets a 304 and nothing is computed`() async throws {
        try await harness.run(live: true) { client in
            let first = try await ask(client)
            let tag = try #require(first.header("ETag"))
            for match in [tag, "W/\(tag)", "\"x\", \(tag)"] {
                let answer = try await ask(client, match: match)
                #expect(answer.status == .notModified && answer.text.isEmpty && answer.header("ETag") == tag)
                #expect(answer.header("Dipper-Snapshots") == "silver.jobs_cleaned=7" && answer.header("X-Cache") == nil)
            }
            try await ask(client, nil, "text/csv", match: tag).expect(.ok)
            harness.sql.state.withLock { $0.version?.tag = "v2" }
            let changed = try await ask(client, match: tag)
            #expect(changed.status == .ok && changed.header("ETag") != tag && changed.header("X-Cache") == "miss")
        }
    }

    @Test func `an answer that is not one to be kept is computed each time`() async throws {
        harness.sql.state.withLock { $0.version = nil }
        try await harness.run(live: true) { client in
            for _ in 0..<2 {
                let answer = try await ask(client, match: "*")
                #expect(answer.status == .ok && answer.header("ETag") == nil && answer.header("X-Cache") == nil)
                #expect(answer.header("Cache-Control") == "no-store")
            }
            #expect(computed == 2)
        }
    }

    @Test(arguments: ["application/json", "text/csv", "application/x-ndjson", "application/vnd.apache.arrow.stream"])
    func `an answer that is too long is not kept, but known by its version`(form: String) async throws {
        var limits = GatewayLimits()
        limits.queryCacheEntryBytesMax = 100
        let harness = try Self.harness(limits)
        harness.sql.state.withLock { state in
            state.result.rows = (0..<100).map { [.integer($0), .text("name \($0)"), .double(0.5)] }
        }
        try await harness.run(live: true) { client in
            let first = try await ask(client, nil, form)
            let second = try await ask(client, nil, form)
            #expect(first.body == second.body && first.body.readableBytes > 1_000)
            #expect(second.header("X-Cache") == "miss" && second.header("X-Total-Count") == "100")
            #expect(harness.sql.state.withLock { $0.questions.count } == 2)
            let tag = try #require(first.header("ETag"))
            try await ask(client, nil, form, match: tag).expect(.notModified)
        }
    }

    @Test func `a failure is not kept`() async throws {
        try await harness.run(live: true) { client in
            harness.sql.state.withLock { $0.error = QueryError(code: "query-memory", message: "no room") }
            _ = try await ask(client).expectProblem("query-memory", 422)
            harness.sql.state.withLock { $0.error = nil }
            #expect(try await ask(client).header("X-Cache") == "miss")
            #expect(try await ask(client).header("X-Cache") == "hit")
        }
    }

    @Test func `events are never kept`() async throws {
        try await harness.run(live: true) { client in
            for _ in 0..<2 {
                let answer = try await ask(client, nil, "text/event-stream")
                #expect(answer.text.contains("event: result") && answer.header("ETag") == nil)
            }
            #expect(computed == 2)
        }
    }
}

import Foundation
import GatewayHTTP
import HTTPTypes
import HummingbirdTesting
import Ingestion
import Logging
import QueryEngine
import ResultCache
import Synchronization
import Testing

private let json: HTTPFields = [.contentType: "application/json"]

struct JobRouteTests {
    let harness: Harness

    init() throws {
        harness = try Harness()
        for number in 0..<5 {
            _ = harness.ingestion.add(
                kind: .file, table: number < 3 ? "departments" : "jobs", bytes: number, fileName: nil)
        }
    }

    @Test func `lists are paged with totals and links`() async throws {
        try await harness.run { client in
            let first = try await client.get("/api/v2/jobs?size=2&table=departments")
            #expect(try first.list.map { $0["id"] as? String } == ["job-3", "job-2"])
            #expect(first.header("X-Total-Count") == "3")
            let link = try #require(first.header("Link"))
            #expect(link.contains("</api/v2/jobs?table=departments&page=1&size=2>; rel=\"next\""))
            #expect(!link.contains("prev"))
            let last = try await client.get("/api/v2/jobs?size=2&page=1&table=departments")
            #expect(try last.list.count == 1)
            let links = try #require(last.header("Link"))
            #expect(links.contains("rel=\"prev\"") && !links.contains("rel=\"next\""))
            let beyond = try await client.get("/api/v2/jobs?page=9")
            #expect(try beyond.list.isEmpty && beyond.header("X-Total-Count") == "5")
        }
    }

    @Test(arguments: ["page=-1", "page=x", "size=0", "size=1001", "size=1&size=2", "page=99999999999999999999"])
    func `pages out of range are refused`(query: String) async throws {
        try await harness.run { client in
            try await client.get("/api/v2/jobs?" + query).expectProblem("option-invalid", 400)
        }
    }

    @Test func `one job is a receipt, and an unknown one a 404`() async throws {
        try await harness.run { client in
            let job = try await client.get("/api/v2/jobs/job-2")
            #expect(try job.json["id"] as? String == "job-2")
            #expect(job.header("Vary") == "Accept")
            try await client.get("/api/v2/jobs/job-99").expectProblem("unknown-job", 404)
            try await client.get("/api/v2/jobs/%FF").expectProblem("path-invalid", 400)
            try await client.get("/api/v2/jobs/job-2", [.accept: "image/png"]).expectProblem("not-acceptable", 406)
        }
    }

    @Test func `events follow a job to its end`() async throws {
        let harness = harness
        try await harness.run { client in
            harness.ingestion.state.withLock { $0.script = [.accepted, .accepted, .running, .running, .committed] }
            let answer = try await client.get("/api/v2/jobs/job-1", [.accept: "text/event-stream"])
            #expect(answer.headers[.contentType] == "text/event-stream")
            // A slow machine sends comments in between, which keep the connection open.
            let events = answer.text.split(separator: "\n\n").filter { !$0.hasPrefix(":") }
            let states = events.map { event in
                ["accepted", "running", "committed"].first { event.contains("\"state\":\"\($0)\"") }
            }
            #expect(states == ["accepted", "running", "committed"])
            #expect(answer.text.hasPrefix("id: 0\nevent: receipt\ndata: {"))
            let metrics = try await client.get("/metrics")
            #expect(metrics.text.contains("\nhttp_server_active_requests 1\n"))
        }
    }

    @Test func `too many event streams are refused`() async throws {
        var limits = GatewayLimits()
        limits.eventStreamsMax = 0
        let harness = try Harness(limits: limits)
        _ = harness.ingestion.add(kind: .file, table: "jobs", bytes: 1, fileName: nil)
        try await harness.run { client in
            try await client.get("/api/v2/jobs/job-1", [.accept: "text/event-stream"]).expectProblem("overloaded", 503)
        }
    }
}

struct AnalyticRouteTests {
    let harness: Harness
    let path = "/api/v2/analytics/quarterly-hires/2021"

    init() throws { harness = try Harness() }

    @Test func `rows are objects in the order of the columns`() async throws {
        try await harness.run { client in
            let answer = try await client.get(path + "?page=1&size=10")
            #expect(answer.text.hasPrefix(#"[{"department":"Sales 10","job":"=1+1","q1":10,"q2":null},"#))
            #expect(try answer.list.count == 10)
            #expect(answer.header("X-Total-Count") == "25")
            #expect(answer.header("Dipper-Snapshots") == "silver.jobs_cleaned=77")
        }
    }

    @Test func `an unchanged answer is a 304 and is not computed`() async throws {
        try await harness.run { client in
            let tag = try #require(try await client.get(path).header("ETag"))
            #expect(tag.hasPrefix("\"") && tag.hasSuffix("\""))
            for match in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
                let answer = try await client.get(path, [.ifNoneMatch: match])
                #expect(answer.status == .notModified && answer.text.isEmpty)
                #expect(answer.header("ETag") == tag)
            }
            #expect(harness.analytics.answers.value == 1)
            try await client.get(path, [.ifNoneMatch: "\"x\""]).expect(.ok)
            try await client.get(path + "?size=1", [.ifNoneMatch: tag]).expect(.ok)
            try await client.get(path, [.ifNoneMatch: tag, .accept: "text/csv"]).expect(.ok)
        }
    }

    @Test func `CSV escapes formulas unless asked not to`() async throws {
        try await harness.run { client in
            let safe = try await client.get(path + "?size=1", [.accept: "text/csv"])
            #expect(safe.text == "department,job,q1,q2\nSales 0,\"'=1+1\",0,\n")
            let exact = try await client.get(path + "?size=1&escapeFormulas=false", [.accept: "text/csv"])
            #expect(exact.text == "department,job,q1,q2\nSales 0,=1+1,0,\n")
        }
    }

    @Test(arguments: ["1899", "2101", "x", "+2021", "2021.0", "99999999999999999999", "%20", "2021/1", "-"])
    func `parameters are typed and bounded`(year: String) async throws {
        try await harness.run { client in
            try await client.get("/api/v2/analytics/quarterly-hires/\(year)").expectProblem("parameter-invalid", 400)
        }
    }

    @Test func `names, numbers of parameters and lists`() async throws {
        try await harness.run { client in
            try await client.get("/api/v2/analytics/nope/2021").expectProblem("unknown-analytic", 404)
            try await client.get("/api/v2/analytics/quarterly-hires").expectProblem("parameter-invalid", 400)
            try await client.get("/api/v2/analytics/totals/1").expectProblem("parameter-invalid", 400)
            try await client.get("/api/v2/analytics/totals").expect(.ok)
            let list = try await client.get("/api/v2/analytics").list
            #expect(
                list.map { $0["path"] as? String } == [
                    "/api/v2/analytics/quarterly-hires/{year}", "/api/v2/analytics/totals",
                ])
        }
    }
}

struct CachedAnalyticTests {
    let harness: Harness
    let path = "/api/v2/analytics/quarterly-hires/2021"

    init() throws {
        harness = try Harness(
            answers: AnswerCache(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }

    @Test func `an answer is computed and encoded once, page by page and form by form`() async throws {
        try await harness.run { client in
            let first = try await client.get(path)
            let second = try await client.get(path)
            #expect(first.text == second.text && first.status == .ok && second.status == .ok)
            for name in ["ETag", "Dipper-Snapshots", "Dipper-Source", "X-Total-Count", "Link", "Content-Type"] {
                #expect(first.header(name) == second.header(name) && first.header(name) != nil, "\(name)")
            }
            #expect(first.header("Dipper-Source") == "gold")
            #expect(harness.analytics.answers.value == 1)
            let page = try await client.get(path + "?page=1&size=10")
            #expect(page.text.hasPrefix(#"[{"department":"Sales 10""#) && page.header("X-Total-Count") == "25")
            let csv = try await client.get(path, [.accept: "text/csv"])
            #expect(csv.text.hasPrefix("department,job"))
            _ = try await client.get("/api/v2/analytics/quarterly-hires/2022")
            #expect(harness.analytics.answers.value == 4)
        }
    }

    @Test func `a commit has the answer computed anew`() async throws {
        try await harness.run { client in
            let tag = try #require(try await client.get(path).header("ETag"))
            harness.analytics.commits.increment()
            let answer = try await client.get(path, [.ifNoneMatch: tag])
            #expect(answer.status == .ok && answer.header("ETag") != tag)
            #expect(harness.analytics.answers.value == 2)
        }
    }
}

struct GoldRouteTests {
    @Test func `gold tables tell what they are made of and whether they are current`() async throws {
        let harness = try Harness()
        try await harness.run { client in
            let before = try #require(try await client.get("/api/v2/gold").list.first)
            #expect(before["table"] as? String == "gold.totals" && before["current"] as? Bool == false)
            #expect(before["inputs"] as? [String] == ["silver.jobs_cleaned"])
            #expect(before["snapshotId"] as? String == "4611686018427387905")
            #expect(before["refreshedAt"] as? String == "2024-01-31T12:00:00Z")
            let after = try await client.post("/api/v2/gold/refresh", "")
            #expect(after.status == .ok)
            #expect(try after.list.first?["current"] as? Bool == true)
            #expect(harness.gold.refreshes.value == 1)
        }
    }
}

struct QueryRouteTests {
    let harness: Harness

    init() throws { harness = try Harness() }

    private var lastQuestion: SQLQuestion? { harness.sql.state.withLock { $0.questions.last } }

    @Test func `integers keep all their digits and text is escaped`() async throws {
        try await harness.run { client in
            let answer = try await client.post("/api/v2/query", #"{"sql":"SELECT 1"}"#, json)
            #expect(
                answer.text.contains(
                    #""rows":[[9223372036854775807,"a \"b\"\n\u0001é,",0.1],[-9223372036854775808,null,"NaN"],"#))
            #expect(answer.text.contains(#""columns":[{"name":"id","type":"BIGINT"}"#))
            #expect(answer.text.contains(#""snapshots":{"silver.departments_cleaned":"4611686018427387905"}"#))
            #expect(try answer.json["totalRows"] as? Int == 3)
        }
    }

    @Test func `pages cut the rows`() async throws {
        try await harness.run { client in
            let answer = try await client.post("/api/v2/query", #"{"sql":"x","page":1,"size":2}"#, json)
            #expect(answer.text.hasSuffix(#""rows":[[0,"=cmd()","-Infinity"]]}"#))
            #expect(answer.header("X-Total-Count") == "3")
            let beyond = try await client.post("/api/v2/query", #"{"sql":"x","page":9}"#, json)
            #expect(beyond.text.hasSuffix(#""rows":[]}"#))
        }
    }

    @Test func `lines and CSV by Accept`() async throws {
        try await harness.run { client in
            let lines = try await client.post(
                "/api/v2/query", #"{"sql":"x"}"#, [.contentType: "application/json", .accept: "application/x-ndjson"])
            #expect(lines.text.split(separator: "\n").count == 3)
            #expect(lines.text.hasSuffix("{\"id\":0,\"name\":\"=cmd()\",\"x\":\"-Infinity\"}\n"))
            let csv = try await client.post(
                "/api/v2/query", #"{"sql":"x"}"#,
                [.contentType: "application/json", .accept: "application/json;q=0.5, text/*"])
            #expect(csv.headers[.contentType]?.hasPrefix("text/csv") == true)
            #expect(csv.text.hasSuffix("-9223372036854775808,,NaN\n0,\"'=cmd()\",-Infinity\n"))
        }
    }

    @Test func `parameters keep their types and their 64 bits`() async throws {
        try await harness.run { client in
            let body =
                #"{"sql":"x","parameters":[9223372036854775807,-1,1.5,true,null,"1"],"asOf":"2024-01-31T01:00:00+01:00"}"#
            try await client.post("/api/v2/query", body, json).expect(.ok)
            #expect(
                lastQuestion?.parameters
                    == .positional([.integer(.max), .integer(-1), .double(1.5), .boolean(true), .null, .text("1")]))
            #expect(lastQuestion?.asOf == .instant(microseconds: 1_706_659_200_000_000))
            let named = #"{"sql":"x","parameters":{"a":1},"asOf":{"silver.x":"12"}}"#
            try await client.post("/api/v2/query", named, json).expect(.ok)
            #expect(lastQuestion?.parameters == .named(["a": .integer(1)]))
            #expect(lastQuestion?.asOf == .snapshots(["silver.x": 12]))
        }
    }

    @Test(arguments: [
        ("{", "json-syntax"), ("", "json-syntax"), ("[]", "json-invalid"), ("{}", "json-invalid"),
        (#"{"sql":1}"#, "json-invalid"), (#"{"sql":null}"#, "json-invalid"),
        (#"{"sql":"x","limit":1}"#, "json-invalid"),
        (#"{"sql":"x","parameters":1}"#, "json-invalid"), (#"{"sql":"x","parameters":[[1]]}"#, "json-invalid"),
        (#"{"sql":"x","asOf":"yesterday"}"#, "json-invalid"), (#"{"sql":"x","asOf":{"t":1}}"#, "json-invalid"),
        (#"{"sql":"x","page":-1}"#, "json-invalid"), (#"{"sql":"x","size":100001}"#, "json-invalid"),
        (#"{"sql":"x","page":"1"}"#, "json-invalid"),
    ])
    func `bodies of another shape are refused`(body: String, code: String) async throws {
        try await harness.run { client in
            try await client.post("/api/v2/query", body, json).expectProblem(code, 400)
        }
        #expect(harness.sql.state.withLock { $0.questions.isEmpty })
    }

    @Test func `deep JSON is an error and not a crash`() async throws {
        try await harness.run { client in
            let deep = #"{"sql":"x","parameters":"# + String(repeating: "[", count: 100_000)
            try await client.post("/api/v2/query", deep, json).expect(.badRequest)
        }
    }

    @Test func `the engine's errors have their statuses`() async throws {
        for (code, status) in [
            ("sql-syntax", 400), ("sql-refused", 422), ("query-timeout", 422), ("query-memory", 422),
            ("result-too-large", 422),
            ("engine-missing", 503), ("engine-crashed", 503),
        ] {
            harness.sql.state.withLock { $0.error = QueryError(code: code, message: "near FROM") }
            try await harness.run { client in
                try await client.post("/api/v2/query", #"{"sql":"x"}"#, json).expectProblem(code, status)
            }
        }
    }
}

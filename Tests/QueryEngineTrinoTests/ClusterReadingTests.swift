import QueryEngine
import Testing

@testable import QueryEngineTrino

@Suite struct ClusterReadingTests {
    private static let next = #""nextUri":"http://inside:8080/v1/statement/executing/q/s/1""#

    private func code(_ action: ClusterReading.Action) -> String? {
        if case .failed(let error) = action { error.code } else { nil }
    }

    private func path(_ action: ClusterReading.Action) -> String? {
        if case .ask(let path) = action { path } else { nil }
    }

    @Test func `pages follow one another on the configured cluster, and the last one ends the result`() throws {
        var reading = ClusterReading(rowsMax: 3)
        #expect(
            path(reading.answered(status: 200, body: Array("{\(Self.next)}".utf8))) == "/v1/statement/executing/q/s/1")
        let first =
            #"{"columns":[{"name":"n","type":"bigint"},{"name":"t","type":"varchar(5)"}],"data":[[9007199254740993,"é"]],"#
        #expect(path(reading.answered(status: 200, body: Array("\(first)\(Self.next)}".utf8))) != nil)
        #expect(reading.path == "/v1/statement/executing/q/s/1")
        let end = reading.answered(status: 200, body: Array(#"{"data":[[null,null],[-1,""]]}"#.utf8))
        guard case .done(let result) = end else {
            Issue.record("\(end)")
            return
        }
        #expect(result.columns.map(\.type) == ["BIGINT", "VARCHAR"])
        #expect(
            result.rows == [
                [.integer(9_007_199_254_740_993), .text("é")], [.null, .null], [.integer(-1), .text("")],
            ])
        #expect(reading.path == nil)
    }

    @Test(arguments: [
        ("boolean", "true", QueryValue.boolean(true)), ("tinyint", "-1", .integer(-1)),
        ("double", "1", .double(1)), ("double", "0.1", .double(0.1)), ("double", "1.0E300", .double(1e300)),
        ("double", "\"-Infinity\"", .double(-.infinity)), ("real", "0.1", .double(0.1)),
        ("decimal(18,2)", "\"1.50\"", .text("1.50")), ("date", "\"2021-02-03\"", .text("2021-02-03")),
        ("char(3)", "\"ab \"", .text("ab ")), ("unknown", "null", .null),
        ("timestamp(6)", "\"2021-02-03 10:00:00.000000\"", .text("2021-02-03T10:00:00")),
        ("timestamp(6) with time zone", "\"2021-02-03 10:00:00.120000 UTC\"", .text("2021-02-03T10:00:00.12Z")),
    ])
    func `values have the embedded engine's forms`(_ type: String, _ json: String, _ wanted: QueryValue) {
        var reading = ClusterReading(rowsMax: 1)
        let action = reading.answered(
            status: 200, body: Array(#"{"columns":[{"name":"x","type":"\#(type)"}],"data":[[\#(json)]]}"#.utf8))
        guard case .done(let result) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(result.rows == [[wanted]])
    }

    @Test(arguments: [
        (200, "{", "cluster-answer-unreadable"), (200, "[]", "cluster-answer-unreadable"),
        (200, "{}", "cluster-answer-unreadable"), (200, #"{"data":[[1]]}"#, "cluster-answer-unreadable"),
        (200, #"{"nextUri":"http://x/other"}"#, "cluster-answer-unreadable"),
        (200, #"{"columns":[{"name":"x","type":"map(varchar, bigint)"}]}"#, "cluster-answer-unreadable"),
        (200, #"{"columns":[{"name":"x","type":"bigint"}],"data":[["1"]]}"#, "cluster-answer-unreadable"),
        (200, #"{"columns":[{"name":"x","type":"bigint"}],"data":[[1,2]]}"#, "cluster-answer-unreadable"),
        (200, #"{"columns":[{"name":"x","type":"bigint"}],"data":[[1],[2]]}"#, "cluster-answer-unreadable"),
        (
            200,
            #"{"columns":[{"name":"x","type":"timestamp(6) with time zone"}],"data":[["2021-02-03 10:00:00 +01:00"]]}"#,
            "cluster-answer-unreadable"
        ),
        (
            200, #"{"error":{"message":"no table","errorName":"TABLE_NOT_FOUND","errorType":"USER_ERROR"}}"#,
            "cluster-refused"
        ),
        (200, #"{"error":{"message":"no nodes","errorType":"INTERNAL_ERROR"}}"#, "cluster-failed"),
        (404, "", "cluster-failed"), (500, "", "cluster-failed"), (401, "", "cluster-failed"),
    ])
    func `what is no answer is told`(_ status: Int, _ body: String, _ wanted: String) {
        var reading = ClusterReading(rowsMax: 1)
        #expect(code(reading.answered(status: status, body: Array(body.utf8))) == wanted)
    }

    @Test func `a statement that may have ended with its coordinator is sent again, a refused one is not`() {
        let isRetryable = [404, 500, 401].map { status in
            var reading = ClusterReading(rowsMax: 1)
            if case .failed(let error) = reading.answered(status: status, body: []) { return error.isRetryable }
            return false
        }
        #expect(isRetryable == [true, true, false])
    }
}

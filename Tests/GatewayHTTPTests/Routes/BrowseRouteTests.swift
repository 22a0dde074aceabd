import Foundation
import GatewayHTTP
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Observability
import Testing

struct TableRouteTests {
    let harness: Harness

    init() throws { harness = try Harness() }

    @Test func `tables tell their freshness and ids as text`() async throws {
        try await harness.run { client in
            let list = try await client.get("/api/v2/tables")
            #expect(list.header("X-Total-Count") == "1")
            let table = try #require(try list.list.first)
            #expect(table["snapshotId"] as? String == "4611686018427387905")
            #expect(table["committedAt"] as? String == "2024-01-31T12:00:00Z")
            #expect((table["ageSeconds"] as? Int ?? 0) > 0)
        }
    }

    @Test func `a table shows schema, properties and snapshot`() async throws {
        try await harness.run { client in
            for name in ["departments", "silver.departments_cleaned"] {
                let answer = try await client.get("/api/v2/tables/\(name)")
                #expect(answer.text.contains(#"{"id":1,"name":"id","type":"int","required":true}"#))
                #expect(
                    answer.text.contains(
                        #""type":{"type":"list","element-id":4,"element":"string","element-required":true}"#))
                #expect(
                    answer.text.contains(
                        #""currentSnapshot":{"snapshotId":"4611686018427387905","parentSnapshotId":"11""#))
            }
            try await client.get("/api/v2/tables/nope").expectProblem("unknown-table", 404)
        }
    }

    @Test func `snapshots and files`() async throws {
        try await harness.run { client in
            let snapshots = try await client.get("/api/v2/tables/departments/snapshots")
            #expect(try snapshots.list.first?["operation"] as? String == "append")
            let files = try await client.get("/api/v2/tables/departments/files?snapshot=4611686018427387905")
            #expect(files.text.contains(#""partition":{"hire_year":2021}"#))
            try await client.get("/api/v2/tables/departments/files?snapshot=5").expectProblem("unknown-snapshot", 404)
            try await client.get("/api/v2/tables/departments/files?snapshot=x").expectProblem("option-invalid", 400)
            try await client.get("/api/v2/tables/nope/files?snapshot=5").expectProblem("unknown-table", 404)
            try await client.get("/api/v2/tables/nope/snapshots").expectProblem("unknown-table", 404)
        }
    }

    @Test func `rows by simple and composite keys`() async throws {
        try await harness.run { client in
            #expect(try await client.get("/api/v2/tables/departments/rows/7").text == #"{"id":7,"department":"Sales"}"#)
            try await client.get("/api/v2/tables/departments/rows/a%2Cb,c%2Fd").expect(.ok)
            try await client.get("/api/v2/tables/departments/rows/8").expectProblem("unknown-row", 404)
            try await client.get("/api/v2/tables/departments/rows/%ff").expectProblem("path-invalid", 400)
            try await client.get("/api/v2/tables/nope/rows/7").expectProblem("unknown-table", 404)
        }
        #expect(harness.log.lines.count == 5)
        #expect(!harness.log.lines.contains { $0.contains("rows/7") || $0.contains("rows/8") })
    }
}

struct RejectRouteTests {
    let harness: Harness

    init() throws { harness = try Harness() }

    @Test func `a page of rejects has the exact bytes`() async throws {
        try await harness.run { client in
            let answer = try await client.get("/api/v2/rejects/departments?job=job-1")
            #expect(answer.header("X-Total-Count") == "2")
            let rejects = try answer.list
            #expect(rejects.map { $0["line"] as? Int } == [3, 4])
            #expect(rejects.last?["rawBase64"] as? String == "OSz/")
            #expect(rejects.last?["raw"] as? String == "9,\u{FFFD}")
            #expect(try await client.get("/api/v2/rejects/departments?code=value-missing").list.count == 1)
            try await client.get("/api/v2/rejects/nope").expectProblem("unknown-table", 404)
            try await client.get("/api/v2/rejects/nope?format=csv").expectProblem("unknown-table", 404)
            try await client.get("/api/v2/rejects/departments?format=xml").expectProblem("option-invalid", 400)
        }
    }

    @Test func `the download has the rows under their columns and the error behind`() async throws {
        let sha = FakeRejects.sha
        let expected: [[UInt8]] = [
            Array("id,department,dipper_error,dipper_reject".utf8),
            Array("x,Sales,value-invalid: `x` is no int (column id) (line 3),\(sha):20:value-invalid".utf8),
            Array("9,".utf8) + [0xFF] + Array(",utf8-invalid: byte 0xFF (line 4),\(sha):28:utf8-invalid".utf8),
            Array(
                "\"8,\"\"=cmd\",,quote-unterminated: the quote has no end (column department) (line 5),\(sha):32:quote-unterminated"
                    .utf8),
            Array(",\"'=HYPERLINK(1;2)\",-5,value-missing: no id (column id) (line 6),\(sha):40:value-missing".utf8),
        ]
        try await harness.run { client in
            for answer in [
                try await client.get("/api/v2/rejects/departments?format=csv"),
                try await client.get("/api/v2/rejects/departments", [.accept: "text/csv"]),
            ] {
                #expect(answer.headers[.contentDisposition] == "attachment; filename=\"departments-rejects.csv\"")
                let lines = Array(answer.body.readableBytesView).split(separator: 0x0A).map(Array.init)
                #expect(lines == expected)
            }
            let exact = try await client.get("/api/v2/rejects/departments?format=csv&escapeFormulas=false")
            #expect(exact.text.contains(",=HYPERLINK(1;2),-5,"))
        }
    }
}

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Ingestion
import NIOCore
import Synchronization
import Testing

@testable import GatewayHTTP

private let path = "/api/v2/batch/departments"

struct RowStreamRouteTests {
    let harness: Harness

    init() throws { harness = try Harness() }

    @Test func `lines of any name for them reach a session, whatever their compression`() async throws {
        try await harness.run { client in
            for type in ["application/x-ndjson", "application/jsonl", "application/x-ndjson; charset=utf-8"] {
                let answer = try await client.post(path + "?atomic=true", "{}\n{}\n", [.contentType: type])
                #expect(answer.status == .ok, "\(answer.text)")
                #expect(answer.header("Location") == "/api/v2/jobs/\(try answer.json["id"] as? String ?? "")")
            }
            try await client.post(path, "{}\n", [.contentType: "application/x-ndjson", .contentEncoding: "zstd"])
                .expect(.ok)
            try await client.post(path, "{}\n", [.contentType: "application/x-ndjson", .contentEncoding: "br"])
                .expectProblem("encoding-unsupported", 415)
        }
        let state = harness.ingestion.state.withLock { $0 }
        #expect(state.streams.map(\.compression) == [nil, nil, nil, .zstd])
        #expect(state.streams.map(\.atomic) == [true, true, true, false])
        #expect(state.uploads.first?.bytes == Array("{}\n{}\n".utf8))
        #expect(state.batches.isEmpty)
    }

    @Test func `a repeated request is told so in a header, not in the receipt`() async throws {
        harness.ingestion.state.withLock { $0.answersReplay = true }
        try await harness.run { client in
            let answer = try await client.post(path, "[{}]", [.contentType: "application/json"])
            #expect(answer.header("Idempotency-Replayed") == "true")
            #expect(!answer.text.contains("isReplay"))
            harness.ingestion.state.withLock { $0.answersReplay = false }
            let first = try await client.post(path, "[{}]", [.contentType: "application/json"])
            #expect(first.header("Idempotency-Replayed") == nil)
        }
    }

    @Test func `deletes name their key in parts and may wait`() async throws {
        try await harness.run { client in
            func delete(_ path: String) async throws -> TestResponse {
                try await client.execute(uri: "/api/v2/tables/" + path, method: .delete)
            }
            try await delete("departments/rows/7").expect(.accepted)
            try await delete("departments/rows/a%2Cb,%20c?wait=1").expect(.ok)
            try await delete("nope/rows/7").expectProblem("unknown-table", 404)
            try await delete("departments/rows/%FF").expectProblem("path-invalid", 400)
            try await delete("departments/rows/7?wait=x").expectProblem("option-invalid", 400)
        }
        let deletes = harness.ingestion.state.withLock { $0.deletes }
        #expect(deletes.map(\.key) == [["7"], ["a,b", " c"]])
        #expect(deletes.map(\.table) == ["departments", "departments"])
    }

    @Test func `a corrected download becomes rows that name their rejects`() async throws {
        let id = String(repeating: "a", count: 64) + ":12:value-invalid"
        let csv = [
            "id,department,dipper_error,dipper_reject", #"1,"'=1+1","value-invalid: x, ""y""","# + id, "", #"2,"",,"#,
            "\"3\",\"two\nlines\"",
        ].joined(separator: "\r\n")
        try await harness.run { client in
            try await client.post("/api/v2/rejects/departments/replay", csv, [.contentType: "text/csv"]).expect(.ok)
            try await client.post("/api/v2/rejects/departments/replay", "a\n\"x", [.contentType: "text/csv"])
                .expectProblem("csv-malformed", 400)
        }
        let batch = try #require(harness.ingestion.state.withLock { $0.batches.first })
        #expect(batch.request.replaysRejects)
        let rows = try #require(try JSONSerialization.jsonObject(with: Data(batch.body)) as? [[String: String]])
        #expect(
            rows == [
                [
                    "id": "1", "department": "=1+1", "dipper_error": "value-invalid: x, \"y\"", "dipper_reject": id,
                ],
                ["id": "2", "department": ""], ["id": "3", "department": "two\nlines"],
            ])
    }

    @Test func `the quick form of a receipt says what the coder's says`() throws {
        var receipt = JobReceipt(
            id: "a\"b", kind: .batch, table: "t", state: .committed, createdAt: "now", bytes: 7, topic: "t",
            partition: 0, offset: .max)
        receipt.finishedAt = "then"
        receipt.sha256 = "00"
        receipt.snapshotId = "1"
        receipt.rejectsLink = "/x?y"
        receipt.warnings = ["ä", "\n"]
        receipt.partOf = "p"
        receipt.parts = 3
        receipt.rows.read = 5
        receipt.rows.deleted = 2
        receipt.verdicts = [
            RowVerdict(index: 1, column: nil, code: "c", message: "m"),
            RowVerdict(index: 2, column: "k", code: "c", message: "m"),
        ]
        let quick = try #require(ReceiptJSON.bytes(receipt))
        let object = try JSONSerialization.jsonObject(with: Data(quick)) as? NSDictionary
        let coded = try JSONSerialization.jsonObject(with: try JSONEncoder().encode(receipt)) as? NSDictionary
        #expect(object == coded)
        #expect(try JSONDecoder().decode(JobReceipt.self, from: Data(quick)) == receipt)
    }
}

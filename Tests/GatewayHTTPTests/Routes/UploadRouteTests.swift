import Foundation
import GatewayHTTP
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Ingestion
import NIOCore
import Synchronization
import Testing

private let path = "/api/v2/upload/csv/departments"
private let form: HTTPFields = [.contentType: "multipart/form-data; boundary=b"]
private let csv: HTTPFields = [.contentType: "text/csv"]

private func body(_ content: String, name: String = "file", fileName: String = "d.csv") -> String {
    "--b\r\nContent-Disposition: form-data; name=\"\(name)\"; filename=\"\(fileName)\"\r\n\r\n\(content)\r\n--b--\r\n"
}

struct UploadRouteTests {
    let harness: Harness

    init() throws { harness = try Harness() }

    private var uploads: [FakeUpload] { harness.ingestion.state.withLock { $0.uploads } }

    @Test func `a form's file reaches the session byte by byte and gets a receipt`() async throws {
        try await harness.run { client in
            let answer = try await client.post(path, body("id\r\n1\r\n"), form)
            #expect(answer.status == .accepted)
            #expect(answer.header("Location") == "/api/v2/jobs/job-1")
            #expect(try answer.json["state"] as? String == "accepted")
            #expect(try answer.json["durable"] as? Bool == true)
        }
        let upload = try #require(uploads.first)
        #expect(upload.bytes == Array("id\r\n1\r\n".utf8))
        #expect(upload.request.fileName == "d.csv")
        #expect(upload.request.mode == .upsert && upload.request.onError == .quarantine)
        #expect(upload.request.delimiter == nil && upload.request.header == nil)
    }

    @Test func `a raw body of any allowed type is an upload`() async throws {
        try await harness.run { client in
            for type in ["text/csv", "text/csv; charset=UTF-8", "application/octet-stream", "text/plain"] {
                let answer = try await client.post(path, "id\n1\n", [.contentType: type])
                #expect(answer.status == .accepted, "\(type): \(answer.text)")
            }
            try await client.post(path, "id\n1\n").expect(.accepted)
        }
        #expect(uploads.allSatisfy { $0.bytes == Array("id\n1\n".utf8) })
    }

    @Test func `options reach the request`() async throws {
        try await harness.run { client in
            for (text, byte) in [
                (",", ","), (";", ";"), ("%3B", ";"), ("|", "|"), ("tab", "\t"), ("%5Ct", "\t"), ("\\t", "\t"),
                ("%09", "\t"),
            ] {
                let options = "?mode=append&onError=fail&header=false&delimiter=\(text)"
                let answer = try await client.post(
                    path + options, "x", [.contentType: "text/csv", HTTPField.Name("Idempotency-Key") ?? .age: "key-1"])
                #expect(answer.status == .accepted, "\(text): \(answer.text)")
                let request = harness.ingestion.state.withLock { $0.uploads.last?.request }
                #expect(request?.delimiter == Array(byte.utf8).first)
                #expect(request?.mode == .append && request?.onError == .fail && request?.header == false)
                #expect(request?.idempotencyKey == "key-1")
            }
        }
    }

    @Test func `wait answers 200 once the job has ended and 202 otherwise`() async throws {
        try await harness.run { client in
            let ended = try await client.post(path + "?wait=2.5", "x", csv)
            #expect(ended.status == .ok)
            #expect(try ended.json["state"] as? String == "committed")
            harness.ingestion.state.withLock { $0.endsWhileWaiting = false }
            try await client.post(path + "?wait=1", "x", csv).expect(.accepted)
            try await client.post(path + "?wait=0", "x", csv).expect(.accepted)
        }
        #expect(harness.ingestion.state.withLock { $0.waitedSeconds } == [2.5, 1])
    }

    @Test func `unknown options are refused by name and nothing is begun`() async throws {
        try await harness.run { client in
            let answer = try await client.post(path + "?wait=1&Mode=append&foo", "x", csv)
            try answer.expectProblem("option-unknown", 400)
            let detail = try #require(try answer.json["detail"] as? String)
            #expect(detail.contains("`Mode`") && detail.contains("`foo`") && !detail.contains("`wait`"))
        }
        #expect(uploads.isEmpty)
    }

    @Test(arguments: [
        "wait=-1", "wait=61", "wait=nan", "wait=x", "wait=", "mode=replace", "mode=", "onError=ignore", "delimiter=",
        "delimiter=ab", "delimiter=x", "header=yes", "header=1", "wait=1&wait=2", "mode=%FF", "mode=%2",
    ])
    func `wrong option values are refused`(query: String) async throws {
        try await harness.run { client in
            try await client.post(path + "?" + query, "x", csv).expectProblem("option-invalid", 400)
        }
        #expect(uploads.isEmpty)
    }

    @Test func `broken forms leave nothing behind`() async throws {
        let whole = body("id\r\n1\r\n")
        try await harness.run { client in
            try await client.post(path, String(whole.dropLast(4)), form).expectProblem("multipart-truncated", 400)
            try await client.post(path, body("x", name: "other"), form).expectProblem("multipart-part-unknown", 400)
            try await client.post(path, "--b--", form).expectProblem("multipart-part-missing", 400)
            try await client.post(path, "", form).expectProblem("multipart-truncated", 400)
            try await client.post(path, "--b\r\nx\r\n\r\n", form).expectProblem("multipart-malformed", 400)
            let two = body("1").replacing("--b--\r\n", with: "") + body("2")
            try await client.post(path, two, form).expectProblem("multipart-part-repeated", 400)
            let encoded = body("x").replacing("\r\n\r\n", with: "\r\nContent-Transfer-Encoding: base64\r\n\r\n")
            try await client.post(path, encoded, form).expectProblem("encoding-unsupported", 415)
            try await client.post(path, whole, [.contentType: "multipart/form-data"])
                .expectProblem("multipart-malformed", 400)
        }
        #expect(uploads.allSatisfy { upload in upload.state.withLock { $0.isAborted && !$0.isFinished } })
        #expect(harness.ingestion.state.withLock { $0.jobs.isEmpty })
    }

    @Test func `types and encodings that are not taken say so`() async throws {
        try await harness.run { client in
            for type in [
                "application/json", "application/x-www-form-urlencoded", "image/png", "multipart/mixed; boundary=b",
            ] {
                try await client.post(path, "x", [.contentType: type]).expectProblem("media-type-unsupported", 415)
            }
            try await client.post(path, "x", [.contentType: "text/csv; charset=latin1"])
                .expectProblem("encoding-unsupported", 415)
            try await client.post(path, "x", [.contentType: "text/csv", .contentEncoding: "br"])
                .expectProblem("encoding-unsupported", 415)
        }
        #expect(uploads.isEmpty)
    }

    @Test func `compressed uploads keep their bytes and show their ending`() async throws {
        try await harness.run { client in
            _ = try await client.post(path, "gz", [.contentType: "text/csv", .contentEncoding: "gzip"])
            _ = try await client.post(path, "zst", [.contentType: "application/zstd"])
            _ = try await client.post(path, body("gz", fileName: "dir/a.csv.gz"), form)
            _ = try await client.post(path, body("gz", fileName: "..\\..\\a.csv"), form)
        }
        #expect(uploads.map(\.request.fileName) == ["departments.csv.gz", "departments.csv.zst", "a.csv.gz", "a.csv"])
        #expect(uploads.first?.bytes == Array("gz".utf8))
    }

    @Test func `file names that can't be shown are refused`() async throws {
        try await harness.run { client in
            let long = String(repeating: "x", count: 256)
            try await client.post(path, body("1", fileName: long), form).expectProblem("file-name-invalid", 400)
            try await client.post(path, body("1", fileName: "a%0Ab"), form).expectProblem("file-name-invalid", 400)
        }
    }

    @Test func `an unknown table is a 404 that names the known ones`() async throws {
        try await harness.run { client in
            let answer = try await client.post("/api/v2/upload/csv/nope", "x", csv)
            try answer.expectProblem("unknown-table", 404)
            #expect((try answer.json["remedy"] as? String)?.contains("departments") == true)
        }
    }

    @Test func `the session's errors pass through and abort the upload`() async throws {
        try await harness.run { client in
            try await client.post(path, "", csv).expectProblem("upload-empty", 400)
            for (code, status) in [
                ("idempotency-conflict", 422), ("disk-full", 503), ("overloaded", 503), ("commit-state-unknown", 503),
                ("some-new-code", 500),
            ] {
                harness.ingestion.state.withLock {
                    $0.finishError = IngestionError(code: code, message: "while writing /var/lib/dipper/x")
                }
                let answer = try await client.post(path, "x", csv)
                try answer.expectProblem(status == 500 ? "internal-error" : code, status)
                #expect(status < 500 || !answer.text.contains("/var/lib"))
            }
        }
        #expect(uploads.allSatisfy { upload in upload.state.withLock { $0.isAborted } })
    }

    @Test func `an upload past the limit is refused as announced and as received`() async throws {
        var limits = GatewayLimits()
        limits.uploadBytesMax = 1_000
        limits.uploadBlockBytes = 100
        let harness = try Harness(limits: limits)
        try await harness.run { client in
            try await client.post(path, String(repeating: "x", count: 1_001), csv).expectProblem(
                "upload-too-large", 413)
            try await client.post(path, String(repeating: "x", count: 1_000), csv).expect(.accepted)
        }
        #expect(harness.ingestion.state.withLock { $0.uploads.count } == 1)
    }

    @Test func `a long upload goes in blocks`() async throws {
        var limits = GatewayLimits()
        limits.uploadBlockBytes = 64 << 10
        let harness = try Harness(limits: limits)
        let content = String(repeating: "0123456789abcdef", count: 64 << 10)
        try await harness.run(live: true) { client in
            let answer = try await client.post(path, body(content), form)
            #expect(answer.status == .accepted)
        }
        let upload = try #require(harness.ingestion.state.withLock { $0.uploads.first })
        #expect(upload.bytes == Array(content.utf8))
        #expect(upload.state.withLock { $0.writeCount } >= 8)
    }
}

struct BatchRouteTests {
    let harness: Harness

    init() throws { harness = try Harness() }

    @Test func `a batch reaches ingestion as it is`() async throws {
        try await harness.run { client in
            let answer = try await client.post(
                "/api/v2/batch/departments?atomic=true", #"[{"id":1}]"#,
                [.contentType: "application/json; charset=utf-8"])
            #expect(answer.status == .ok)
            #expect(answer.header("Location") == "/api/v2/jobs/job-1")
            #expect(try answer.json["kind"] as? String == "batch")
        }
        let batch = try #require(harness.ingestion.state.withLock { $0.batches.first })
        #expect(batch.body == Array(#"[{"id":1}]"#.utf8))
        #expect(batch.request.atomic)
    }

    @Test func `refused rows of an atomic batch come as verdicts`() async throws {
        harness.ingestion.state.withLock {
            $0.batchError = IngestionError(
                code: "rows-refused", message: "1 of 2 rows was refused", remedy: "correct it",
                verdicts: [RowVerdict(index: 1, column: "id", code: "value-invalid", message: "`x` is no int")])
        }
        try await harness.run { client in
            let answer = try await client.post("/api/v2/batch/departments", "[]", [.contentType: "application/json"])
            try answer.expectProblem("rows-refused", 422)
            #expect(
                answer.text.contains(
                    #""verdicts":[{"index":1,"column":"id","code":"value-invalid","message":"`x` is no int"}]"#))
        }
    }

    @Test func `other types, long bodies and bad keys are refused`() async throws {
        var limits = GatewayLimits()
        limits.batchBytesMax = 100
        let harness = try Harness(limits: limits)
        let json: HTTPFields = [.contentType: "application/json"]
        try await harness.run { client in
            try await client.post("/api/v2/batch/departments", "[]", csv).expectProblem("media-type-unsupported", 415)
            try await client.post("/api/v2/batch/departments", "[]").expectProblem("media-type-unsupported", 415)
            try await client.post("/api/v2/batch/nope", "[]", json).expectProblem("unknown-table", 404)
            try await client.post("/api/v2/batch/departments?atomic=1", "[]", json).expectProblem("option-invalid", 400)
            try await client.post("/api/v2/batch/departments", String(repeating: " ", count: 101), json)
                .expectProblem("body-too-large", 413)
            var headers = json
            if let name = HTTPField.Name("Idempotency-Key") { headers[name] = String(repeating: "k", count: 256) }
            try await client.post("/api/v2/batch/departments", "[]", headers).expectProblem("header-invalid", 400)
        }
        #expect(harness.ingestion.state.withLock { $0.batches.isEmpty })
    }
}

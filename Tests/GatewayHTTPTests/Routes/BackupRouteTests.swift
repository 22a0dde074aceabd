import Synchronization
import GatewayHTTP
import HTTPTypes
import HummingbirdTesting
import Ingestion
import NIOCore
import Synchronization
import Testing

struct BackupRouteTests {
    private static let avro: HTTPFields = [.contentType: "application/vnd.apache.avro"]

    @Test func `a backup comes piece by piece and is let go`() async throws {
        let harness = try Harness()
        try await harness.run { client in
            let answer = try await client.post("/api/v2/tables/departments/backup", "")
            answer.expect(.ok)
            #expect(answer.text == "piece 0;piece 1;piece 2;")
            #expect(answer.headers[.contentType] == "application/vnd.apache.avro")
            #expect(answer.headers[.contentDisposition] == "attachment; filename=\"departments-7.avro\"")
            #expect(answer.header("X-Snapshot-Id") == "7" && answer.header("X-Total-Count") == "3")
            let older = try await client.post("/api/v2/tables/silver.departments_cleaned/backup?snapshot=-5", "")
            #expect(older.header("X-Snapshot-Id") == "-5")
            let odd = try await client.post("/api/v2/tables/odd%20%22name%22/backup", "")
            #expect(odd.headers[.contentDisposition] == "attachment; filename=\"odd__name_-7.avro\"")
        }
        #expect(harness.backups.state.withLock { $0.closed } == 3)
    }

    @Test func `what can't be backed up is told`() async throws {
        try await Harness().run { client in
            try await client.post("/api/v2/tables/nothing/backup", "").expectProblem("unknown-table", 404)
            try await client.post("/api/v2/tables/departments/backup?snapshot=x", "").expectProblem(
                "option-invalid", 400)
            try await client.post("/api/v2/tables/departments/backup?page=1", "").expectProblem("option-unknown", 400)
            try await client.get("/api/v2/tables/departments/backup").expectProblem("method-not-allowed", 405)
        }
    }

    @Test func `no more backups run at once than are allowed, and a place is free again`() async throws {
        var limits = GatewayLimits()
        limits.backupsMax = 1
        try await Harness(limits: limits).run { client in
            for _ in 0..<3 { try await client.post("/api/v2/tables/departments/backup", "").expect(.ok) }
            for _ in 0..<3 {
                try await client.post("/api/v2/tables/departments/restore", "avro", Self.avro).expect(.accepted)
            }
            try await client.post("/api/v2/tables/nothing/backup", "").expectProblem("unknown-table", 404)
            try await client.post("/api/v2/tables/departments/backup", "").expect(.ok)
        }
    }

    @Test func `a restore replaces all rows by those of an Avro file`() async throws {
        let harness = try Harness()
        try await harness.run { client in
            var headers = Self.avro
            headers[.contentDisposition] = "attachment; filename=\"old.avro\""
            if let key = HTTPField.Name("Idempotency-Key") { headers[key] = "k1" }
            let answer = try await client.post("/api/v2/tables/departments/restore?wait=5", "Obj1 bytes", headers)
            answer.expect(.ok)
            let upload = try #require(harness.ingestion.state.withLock { $0.uploads.first })
            #expect(upload.request.format == .avro && upload.request.mode == .overwrite)
            #expect(upload.request.onError == .fail && upload.request.idempotencyKey == "k1")
            #expect(upload.request.fileName == "old.avro")
            #expect(harness.backups.state.withLock { $0.prepared } == ["departments"])
        }
    }

    @Test func `what can't be restored is told`() async throws {
        let harness = try Harness()
        try await harness.run { client in
            let path = "/api/v2/tables/departments/restore"
            try await client.post("/api/v2/tables/nothing/restore", "x", Self.avro).expectProblem("unknown-table", 404)
            try await client.post(path, "x", [.contentType: "text/csv"]).expectProblem("media-type-unsupported", 415)
            try await client.post(path, "x").expectProblem("media-type-unsupported", 415)
            var encoded = Self.avro
            encoded[.contentEncoding] = "gzip"
            try await client.post(path, "x", encoded).expectProblem("encoding-unsupported", 415)
            try await client.post(path + "?mode=upsert", "x", Self.avro).expectProblem("option-unknown", 400)
        }
        #expect(harness.ingestion.state.withLock { $0.uploads.isEmpty })
    }
}

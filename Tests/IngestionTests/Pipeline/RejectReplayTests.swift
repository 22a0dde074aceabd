import EventLog
import LakeModel
import LakeTesting
import ObjectStorage
import Testing

@testable import Ingestion

struct RejectReplayTests {
    @Test func `a corrected row is linked to its reject once it is committed`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", "id,name,day\n1,a,\nx,b,\n3,,\n")
        let rejects = try await lake.rejects("items")
        let ids = rejects.map { RejectIdentity(sha256: $0.sha256, byteOffset: $0.byteOffset, code: $0.code) }
        #expect(ids.count == 2)
        var request = BatchRequest(table: "items")
        request.replaysRejects = true
        let body = """
            [{"id": "2", "name": "b", "dipper_error": "x", "dipper_reject": "\(ids[0].text)"},
            {"id": "3", "dipper_reject": "\(ids[1].text)"}, {"id": "4", "name": "d", "dipper_reject": "nonsense"}]
            """
        let receipt = try await lake.ingestion.submitBatch(request, body: Array(body.utf8))
        #expect(receipt.verdicts.map(\.code) == ["value-missing", "value-invalid"])
        let replays = RejectReplays(objects: lake.stores.objects, catalog: lake.stores.catalog)
        #expect(try await replays.jobs(of: "items") == [:])
        try await lake.drain()
        try await lake.check()
        #expect(try await replays.jobs(of: "items") == [ids[0]: receipt.id])
        #expect(try await lake.rows("items") == ["1|a|-", "2|b|-"])
        let plain = try await lake.batch("items", #"[{"id": 7, "name": "n", "dipper_error": "x"}]"#)
        #expect(plain.verdicts.map(\.code) == ["field-unknown"])
    }
}

import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

struct ConflictTests {
    private let header = "id,name,day\n"

    @Test(arguments: [1, 192 << 20]) func `ignore keeps the stored row`(_ contestedBytesMax: Int) async throws {
        var limits = IngestionLimits()
        limits.contestedBytesMax = contestedBytesMax
        let lake = try await TestLake(TestTables.items(conflict: .ignore), limits: limits)
        _ = try await lake.load("items", header + "1,a,2021-01-01\n1,b,2021-09-01\n")
        let second = try await lake.load("items", header + "2,x,\n1,c,\n2,y,\n")
        #expect(second.rows.text == "read 3, accepted 3, inserted 1, ignored 2")
        #expect(try await lake.rows("items") == ["1|a|2021-01-01", "2|x|-"])
        #expect(try await lake.rejects("items").isEmpty)
        let third = try await lake.load("items", header + "1,c,\n")
        #expect(third.snapshotId == nil)
    }

    @Test(arguments: [1, 192 << 20]) func `reject puts the new row into quarantine`(_ contestedBytesMax: Int)
        async throws
    {
        var limits = IngestionLimits()
        limits.contestedBytesMax = contestedBytesMax
        let lake = try await TestLake(TestTables.items(conflict: .reject), limits: limits)
        _ = try await lake.load("items", header + "1,a,2021-01-01\n")
        let text = header + "2,x,\r\n1,\"c, d\",2021-02-03\r\n2,y,\r\nz,,\r\n"
        let second = try await lake.load("items", text)
        #expect(second.rows.text == "read 4, accepted 1, inserted 1, rejected 3")
        #expect(second.rejectsLink != nil)
        #expect(try await lake.rows("items") == ["1|a|2021-01-01", "2|x|-"])
        let rejects = try await lake.rejects("items")
        #expect(rejects.map(\.code) == ["key-exists", "key-exists", "value-invalid"])
        #expect(rejects.map(\.line) == [3, 4, 5])
        #expect(rejects.map { String(decoding: $0.raw, as: UTF8.self) } == ["1,\"c, d\",2021-02-03", "2,y,", "z,,"])
        for reject in rejects {
            let bytes = Array(text.utf8)[Int(reject.byteOffset)...].prefix(reject.raw.count)
            #expect(Array(bytes) == reject.raw)
        }
        try await lake.batch(
            "items", #"[{"id": 9, "name": "n"},  {"id": 1, "name": "\u0063"} , {"id": 9, "name": "m"}]"#)
        try await lake.drain()
        try await lake.check()
        let raws = try await lake.rejects("items").filter { $0.delimiter == nil }.map {
            String(decoding: $0.raw, as: UTF8.self)
        }
        #expect(raws == [#"{"id": 1, "name": "\u0063"}"#, #"{"id": 9, "name": "m"}"#])
        #expect(try await lake.rows("items") == ["1|a|2021-01-01", "2|x|-", "9|n|-"])
    }

    @Test func `a batch's receipt has a verdict for each row that its key refuses`() async throws {
        let lake = try await TestLake(TestTables.items(conflict: .reject))
        let ids = [
            try await lake.batch("items", #"[{"id": 1, "name": "a"}]"#).id,
            try await lake.batch(
                "items", #"[{"id": 1, "name": "b"}, {"id": 2, "name": "c"}, {}, {"id": 2, "name": "d"}]"#
            ).id,
        ]
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.receipt(ids[0]).verdicts.isEmpty)
        let receipt = try await lake.receipt(ids[1])
        #expect(receipt.rows.text == "read 4, accepted 1, inserted 1, rejected 3")
        #expect(receipt.verdicts.map(\.index) == [0, 2, 3])
        #expect(receipt.verdicts.map(\.code) == ["key-exists", "value-missing", "key-exists"])
    }

    @Test func `a row refused by its key fails a file that was to fail on refusals`() async throws {
        let lake = try await TestLake(TestTables.items(conflict: .reject))
        _ = try await lake.load("items", header + "1,a,\n")
        let receipt = try await lake.load("items", header + "2,b,\n1,c,\n", onError: .fail)
        #expect(receipt.state == .failed)
        #expect(receipt.error?.code == "rows-refused")
        #expect(try await lake.rows("items") == ["1|a|-"])
        #expect(try await lake.rejects("items").isEmpty)
    }

    @Test func `a file that is to fail on refusals applies nothing`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", header + "1,a,\n")
        let failed = try await lake.load("items", header + "1,b,\n2,b,\nx,c,\n", onError: .fail)
        #expect(failed.state == .failed)
        #expect(failed.rows.text == "")
        #expect(failed.error?.message.contains("line 4") == true)
        #expect(try await lake.rows("items") == ["1|a|-"])
        #expect(try await lake.rejects("items").isEmpty)
        let next = try await lake.load("items", header + "2,c,\n1,c,\n", onError: .fail)
        #expect(next.rows.text == "read 2, accepted 2, inserted 1, updated 1")
        #expect(try await lake.rows("items") == ["1|c|-", "2|c|-"])
    }
}

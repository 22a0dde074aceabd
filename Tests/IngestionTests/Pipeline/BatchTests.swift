import EventLog
import Iceberg
import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

struct BatchTests {
    @Test func `batches worked in one commit are counted each for itself`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", "id,name,day\n1,a,\n")
        let before = try await lake.silver("items").snapshots.count
        let bodies = [
            #"[{"id": 2, "name": "x"}, {"id": 1, "name": "a"}]"#,
            #"[{"id": 2, "name": "y"}, {"id": 2, "name": "z"}, {"id": 3, "name": "c"}]"#,
            #"[{"id": 2, "name": "z"}, {"id": 1, "name": "b"}, {"id": "x"}]"#,
            #"[{"id": 1, "name": "b"}, {"id": 3, "name": "d"}]"#,
        ]
        var ids: [String] = []
        for body in bodies { ids.append(try await lake.batch("items", body).id) }
        try await lake.drain()
        try await lake.check()
        var texts: [String] = []
        for id in ids { texts.append(try await lake.receipt(id).rows.text) }
        #expect(
            texts == [
                "read 2, accepted 2, inserted 1, unchanged 1",
                "read 3, accepted 3, inserted 1, updated 1, superseded 1",
                "read 3, accepted 2, updated 1, unchanged 1, rejected 1",
                "read 2, accepted 2, updated 1, unchanged 1",
            ])
        #expect(try await lake.rows("items") == ["1|b|-", "2|z|-", "3|d|-"])
        #expect(try await lake.silver("items").snapshots.count == before + 1)
    }

    @Test func `counts of batches do not follow from how often contested rows are settled`() async throws {
        var texts: [[String]] = []
        for contestedBytesMax in [1, 192 << 20] {
            var limits = IngestionLimits()
            limits.contestedBytesMax = contestedBytesMax
            let lake = try await TestLake(TestTables.items(), limits: limits)
            _ = try await lake.load("items", "id,name,day\n1,a,2021-01-01\n")
            var ids: [String] = []
            for name in ["b", "c", "c", "d"] {
                ids.append(
                    try await lake.batch("items", #"[{"id": 1, "name": "\#(name)"}, {"id": 5, "name": "\#(name)"}]"#).id
                )
            }
            try await lake.drain()
            try await lake.check()
            var rows: [String] = []
            for id in ids { rows.append(try await lake.receipt(id).rows.text) }
            texts.append(rows)
            #expect(try await lake.rows("items") == ["1|d|-", "5|d|-"])
        }
        #expect(
            texts[1] == [
                "read 2, accepted 2, inserted 1, updated 1", "read 2, accepted 2, updated 2",
                "read 2, accepted 2, unchanged 2", "read 2, accepted 2, updated 2",
            ])
        #expect(texts[0] == texts[1])
    }

    @Test func `files and batches are worked in the order of the log`() async throws {
        let lake = try await TestLake(TestTables.items())
        try await lake.upload("items", "id,name,day\n1,file,\n2,file,\n3,file,\n")
        try await lake.batch(
            "items", #"[{"id": 1, "name": "batch"}, {"id": 2, "name": "batch"}, {"id": 4, "name": "batch"}]"#)
        try await lake.upload("items", "id,name,day\n2,last,\n4,last,\n")
        try await lake.batch("items", #"[{"id": 4, "name": "end"}]"#)
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items") == ["1|batch|-", "2|last|-", "3|file|-", "4|end|-"])
    }

    @Test func `equal batches in one commit put their rejects into quarantine once`() async throws {
        let lake = try await TestLake(TestTables.items())
        let body = #"[{"id": "x"}, {"id": 1, "name": "a"}]"#
        for _ in 0..<3 { try await lake.batch("items", body) }
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rejects("items").count == 1)
        try await lake.batch("items", body)
        try await lake.drain()
        #expect(try await lake.rejects("items").count == 1)
    }

    @Test func `a batch that was taken under higher limits is worked`() async throws {
        let lake = try await TestLake(TestTables.items())
        let body = #"[{"id": 1, "name": "a"}, {"id": 2, "name": "b", "day": [[1]]}, {"id": 3, "name": "c"}]"#
        let id = try await lake.batch("items", body).id
        lake.limits.batchRowsMax = 1
        lake.limits.jsonDepthMax = 2
        try await lake.restart()
        #expect(try await lake.receipt(id).rows.read == 3)
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.receipt(id).rows.text == "read 3, accepted 2, inserted 2, rejected 1")
    }

    @Test func `an atomic batch with a refused row is refused whole`() async throws {
        let lake = try await TestLake(TestTables.items())
        let error = try await #require(throws: IngestionError.self) {
            try await lake.batch("items", #"[{"id": 1, "name": "a"}, {"id": 2}]"#, atomic: true)
        }
        #expect(error.code == "rows-refused")
        #expect(error.verdicts.map(\.index) == [1])
        #expect(try await lake.stores.log.endOffset(topic: "items", partition: 0) == 0)
        try await lake.check()
    }
}

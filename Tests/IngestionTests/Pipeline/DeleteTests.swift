import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

struct DeleteTests {
    private func delete(_ lake: TestLake, _ key: String, idempotency: String? = nil) async throws -> JobReceipt {
        var request = DeleteRequest(table: "items", key: [key])
        request.idempotencyKey = idempotency
        return try await lake.ingestion.deleteRow(request)
    }

    @Test func `a delete takes the row out of lake and operational store, once`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", "id,name,day\n1,a,2021-01-01\n2,b,2022-01-01\n3,c,\n")
        let first = try await delete(lake, "2")
        #expect(first.kind == .delete && first.rows.read == 1 && first.rows.accepted == 1)
        let second = try await delete(lake, "2")
        let absent = try await delete(lake, "9")
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.receipt(first.id).rows.deleted == 1)
        #expect(try await lake.receipt(second.id).rows.text == "read 1, accepted 1, unchanged 1")
        #expect(try await lake.receipt(absent.id).rows.text == "read 1, accepted 1, unchanged 1")
        #expect(try await lake.rows("items") == ["1|a|2021-01-01", "3|c|-"])
        _ = try await lake.load("items", "id,name,day\n2,new,\n")
        #expect(try await lake.rows("items") == ["1|a|2021-01-01", "2|new|-", "3|c|-"])
    }

    @Test func `writes and deletes of a key are applied in their order, together or one by one`() async throws {
        for drainsEach in [false, true] {
            for contestedBytesMax in [1, 192 << 20] {
                var limits = IngestionLimits()
                limits.contestedBytesMax = contestedBytesMax
                let lake = try await TestLake(TestTables.items(), limits: limits)
                _ = try await lake.load("items", "id,name,day\n1,a,\n5,e,\n")
                func step() async throws { if drainsEach { try await lake.drain() } }
                try await lake.batch("items", #"[{"id": 1, "name": "b"}, {"id": 2, "name": "x"}]"#)
                try await step()
                let one = try await delete(lake, "1")
                try await step()
                let two = try await delete(lake, "2")
                try await step()
                let again = try await lake.batch("items", #"[{"id": 1, "name": "c"}, {"id": 1, "name": "d"}]"#)
                try await step()
                let three = try await delete(lake, "5")
                try await lake.drain()
                try await lake.check()
                for id in [one.id, two.id, three.id] {
                    #expect(try await lake.receipt(id).rows.deleted == 1, "\(drainsEach) \(contestedBytesMax)")
                }
                #expect(try await lake.receipt(again.id).rows.text == "read 2, accepted 2, inserted 1, superseded 1")
                #expect(try await lake.rows("items") == ["1|d|-"])
            }
        }
    }

    @Test func `a key deleted and written again in one commit is there, and found again`() async throws {
        for sequence in [
            ["d", "w"], ["w", "d", "w"], ["d", "w", "d"], ["w", "d", "w", "d", "w"], ["d", "w", "d", "w"],
        ] {
            for isStored in [true, false] {
                for contestedBytesMax in [1, 192 << 20] {
                    var limits = IngestionLimits()
                    limits.contestedBytesMax = contestedBytesMax
                    let lake = try await TestLake(TestTables.items(), limits: limits)
                    _ = try await lake.load("items", isStored ? "id,name,day\n1,a,\n2,b,\n" : "id,name,day\n2,b,\n")
                    for (number, step) in sequence.enumerated() {
                        if step == "d" {
                            _ = try await delete(lake, "1")
                        } else {
                            try await lake.batch("items", #"[{"id": 1, "name": "w\#(number)", "day": null}]"#)
                        }
                    }
                    try await lake.step("items")
                    let comment = Comment(rawValue: "\(sequence) \(isStored) \(contestedBytesMax)")
                    let written = sequence.last == "w" ? ["1|w\(sequence.count - 1)|-"] : []
                    #expect(try await lake.rows("items") == written + ["2|b|-"], comment)
                    try await lake.drain()
                    try await lake.check()
                    // The key index knows the key, before and after it is read back.
                    for name in ["again", "later"] {
                        _ = try await lake.load("items", "id,name,day\n1,\(name),\n")
                        #expect(try await lake.rows("items") == ["1|\(name)|-", "2|b|-"], comment)
                        try await lake.restart()
                    }
                }
            }
        }
    }

    @Test func `a key whose delete found nothing is known once it is written`() async throws {
        for table in [TestTables.items(), TestTables.codes] {
            let lake = try await TestLake(table)
            let header = table.columns.map(\.name).joined(separator: ",") + "\n"
            func row(_ key: Int, _ value: Int) -> String {
                "\(key),\(value)" + String(repeating: ",", count: table.columns.count - 2) + "\n"
            }
            _ = try await lake.load(table.name, header + row(2, 0))
            _ = try await lake.ingestion.deleteRow(DeleteRequest(table: table.name, key: ["1"]))
            try await lake.drain()
            _ = try await lake.load(table.name, header + row(1, 1))
            try await lake.restart()
            _ = try await lake.load(table.name, header + row(1, 2))
            #expect(try await lake.rows(table.name).count == 2)
        }
    }

    @Test func `a row that a batch repeats counts as superseded whatever is deleted behind it`() async throws {
        let lake = try await TestLake(TestTables.items())
        let batch = try await lake.batch(
            "items", #"[{"id": 1, "name": "a", "day": null}, {"id": 1, "name": "b", "day": null}]"#)
        let gone = try await delete(lake, "1")
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.receipt(batch.id).rows.text == "read 2, accepted 2, inserted 1, superseded 1")
        #expect(try await lake.receipt(gone.id).rows.text == "read 1, accepted 1, deleted 1")
    }

    @Test func `a key deleted and written again while a file is worked in slices is there`() async throws {
        var limits = IngestionLimits()
        limits.sliceMilliseconds = 0
        limits.chunkBytes = 1
        for deletesLast in [true, false] {
            let lake = try await TestLake(TestTables.items(), limits: limits)
            _ = try await lake.load("items", "id,name,day\n3,old,\n")
            let file = try await lake.upload("items", "id,name,day\n1,a,\n2,b,\n3,c,\n1,d,\n4,e,\n").id
            for key in ["1", "3", "4"] { _ = try await delete(lake, key) }
            try await lake.step("items")
            try await lake.step("items")
            try await lake.restart()
            try await lake.batch(
                "items", #"[{"id": 1, "name": "new", "day": null}, {"id": 4, "name": "four", "day": null}]"#)
            if deletesLast { _ = try await delete(lake, "4") }
            try await lake.step("items")
            try await lake.step("items")
            try await lake.restart()
            try await lake.drain()
            try await lake.check()
            let last = deletesLast ? [] : ["4|four|-"]
            #expect(try await lake.rows("items") == ["1|new|-", "2|b|-"] + last)
            #expect(try await lake.receipt(file).rows.accepted == 5)
        }
    }

    @Test func `a delete is refused for a wrong key, and replayed under its own`() async throws {
        let lake = try await TestLake(TestTables.items())
        for key in ["x", ""] {
            let error = try await #require(throws: IngestionError.self) { try await delete(lake, key) }
            #expect(error.code == "key-invalid")
        }
        let first = try await delete(lake, "1", idempotency: "k")
        let again = try await delete(lake, "1", idempotency: "k")
        #expect(again.id == first.id && again.isReplay && !first.isReplay)
        let error = try await #require(throws: IngestionError.self) { try await delete(lake, "2", idempotency: "k") }
        #expect(error.code == "idempotency-conflict")
        try await lake.drain()
        try await lake.check()
    }
}

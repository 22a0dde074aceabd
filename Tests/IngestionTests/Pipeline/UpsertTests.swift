import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

struct UpsertTests {
    private let header = "id,name,day\n"

    @Test func `an upload's rows are in the table`() async throws {
        let lake = try await TestLake(TestTables.items())
        let receipt = try await lake.load("items", header + "1,a,2021-01-05\n2,b,\n3,c,2021-12-31\n")
        #expect(try await lake.rows("items") == ["1|a|2021-01-05", "2|b|-", "3|c|2021-12-31"])
        #expect(receipt.state == .committed)
        #expect(receipt.rows.text == "read 3, accepted 3, inserted 3")
        let snapshot = try #require(try await lake.snapshotID("items"))
        #expect(receipt.snapshotId == "\(snapshot)")
    }

    @Test func `the embedded stores hold the same`() async throws {
        let folder = try TemporaryFolder()
        let lake = try await TestLake(TestTables.items(), stores: .embedded(in: folder))
        _ = try await lake.load("items", header + "1,a,2021-01-05\n2,b,\n3,c,2021-12-31\n")
        try await lake.batch("items", #"[{"id": 2, "name": "B", "day": "2022-01-01"}, {"id": 4, "name": "d"}]"#)
        try await lake.drain()
        try await lake.restart()
        let receipt = try await lake.load("items", header + "1,a,2021-01-05\n3,C,2021-12-31\n3,D,2021-12-31\nx,y,\n")
        #expect(receipt.rows.text == "read 4, accepted 3, updated 1, unchanged 1, superseded 1, rejected 1")
        #expect(try await lake.rows("items") == ["1|a|2021-01-05", "2|B|2022-01-01", "3|D|2021-12-31", "4|d|-"])
    }

    @Test func `a file sent again changes nothing and doubles no reject`() async throws {
        let lake = try await TestLake(TestTables.items())
        let text = header + "1,a,2021-01-05\nx,b,\n\n2,,\n3,c,2021-12-31\n"
        let first = try await lake.load("items", text)
        #expect(first.rows.text == "read 5, accepted 2, inserted 2, rejected 2, blank 1")
        let snapshot = try await lake.snapshotID("items")
        let rejects = try await lake.rejects("items")
        #expect(rejects.map { String(decoding: $0.raw, as: UTF8.self) } == ["x,b,", "2,,"])
        #expect(rejects.map(\.line) == [3, 5])
        #expect(rejects.map(\.byteOffset) == [27, 33])
        let second = try await lake.load("items", text)
        #expect(second.rows.text == "read 5, accepted 2, unchanged 2, rejected 2, blank 1")
        #expect(second.snapshotId == nil)
        #expect(try await lake.snapshotID("items") == snapshot)
        #expect(try await lake.rejects("items") == rejects)
        try await lake.restart()
        let third = try await lake.load("items", text)
        #expect(third.rows == second.rows)
        #expect(try await lake.snapshotID("items") == snapshot)
    }

    @Test func `after A, B, A the values of A stand`() async throws {
        let lake = try await TestLake(TestTables.items())
        let first = header + "1,a,2021-01-05\n2,b,2021-01-06\n"
        _ = try await lake.load("items", first)
        let second = try await lake.load("items", header + "1,A,2022-08-05\n3,c,\n")
        #expect(second.rows.text == "read 2, accepted 2, inserted 1, updated 1")
        #expect(try await lake.rows("items") == ["1|A|2022-08-05", "2|b|2021-01-06", "3|c|-"])
        let third = try await lake.load("items", first)
        #expect(third.rows.text == "read 2, accepted 2, updated 1, unchanged 1")
        #expect(try await lake.rows("items") == ["1|a|2021-01-05", "2|b|2021-01-06", "3|c|-"])
    }

    @Test(arguments: [1, 1_500, 192 << 20]) func `the last row of a key in a file wins`(_ contestedBytesMax: Int)
        async throws
    {
        var limits = IngestionLimits()
        limits.contestedBytesMax = contestedBytesMax
        let lake = try await TestLake(TestTables.items(), limits: limits)
        _ = try await lake.load("items", header + "7,old,2020-02-02\n8,stays,2020-02-02\n")
        let receipt = try await lake.load(
            "items",
            header + "1,a,2021-01-05\n7,x,2021-05-05\n1,b,2021-04-05\n2,c,\n1,d,2021-01-05\n7,y,2020-02-02\n2,e,\n")
        #expect(receipt.rows.text == "read 7, accepted 7, inserted 2, updated 1, superseded 4")
        #expect(
            try await lake.rows("items") == ["1|d|2021-01-05", "2|e|-", "7|y|2020-02-02", "8|stays|2020-02-02"])
    }

    @Test func `many resolutions in one load agree with one`() async throws {
        var generator = SeededRandom(purpose: "many resolutions")
        // More rows than one chunk holds, so that contested rows are settled several times.
        var text = header
        var expected: [Int: String] = [:]
        for row in 0..<60_000 {
            let id = Int.random(in: 0..<20_000, using: &generator)
            let quarter = Int.random(in: 0..<4, using: &generator)
            let day = "202\(row % 3)-0\(quarter * 2 + 1)-1\(row % 10)"
            text += "\(id),name \(row),\(day)\n"
            expected[id] = "\(id)|name \(row)|\(day)"
        }
        for contestedBytesMax in [100_000, 192 << 20] {
            var limits = IngestionLimits()
            limits.contestedBytesMax = contestedBytesMax
            limits.rowGroupBytes = 100_000
            limits.dataFileBytes = 50_000
            let lake = try await TestLake(TestTables.items(), limits: limits)
            let receipt = try await lake.load("items", text)
            #expect(receipt.rows.inserted == expected.count)
            #expect(receipt.rows.superseded == 60_000 - expected.count)
            #expect(try await lake.rows("items") == expected.values.sorted())
            let again = try await lake.load("items", text)
            #expect(again.rows.inserted == 0)
            #expect(try await lake.rows("items") == expected.values.sorted())
        }
    }

    @Test func `text keys and keys of several columns`() async throws {
        let lake = try await TestLake(TestTables.codes, TestTables.stock)
        _ = try await lake.load("codes", "code,amount\nA,1\na,2\nÄ,3\n")
        let codes = try await lake.load("codes", "code,amount\na,5\nÄ,3\nB,1\nB,2\n,9\n")
        #expect(codes.rows.text == "read 5, accepted 4, inserted 1, updated 1, unchanged 1, superseded 1, rejected 1")
        #expect(try await lake.rows("codes") == ["A|1", "B|2", "a|5", "Ä|3"])
        _ = try await lake.load("stock", "site,part,amount\nA,1,10\nA,2,20\nB,1,30\n")
        try await lake.restart()
        let stock = try await lake.load("stock", "site,part,amount\nA,2,21\nB,2,40\nB,1,\nB,1,31\n")
        #expect(stock.rows.text == "read 4, accepted 4, inserted 1, updated 2, superseded 1")
        #expect(try await lake.rows("stock") == ["A|1|10", "A|2|21", "B|1|31", "B|2|40"])
    }

    @Test func `a table without a key takes every row`() async throws {
        let lake = try await TestLake(TestTables.events)
        _ = try await lake.load("events", "at,what\n1,a\n1,a\n2,b\n", mode: .append)
        try await lake.batch("events", #"[{"at": 1, "what": "a"}, {"at": 3}]"#)
        let last = try await lake.load("events", "at,what\n1,a\nx,c\n")
        #expect(last.rows.text == "read 2, accepted 1, inserted 1, rejected 1")
        #expect(try await lake.rows("events") == ["1|a", "1|a", "1|a", "1|a", "2|b", "3|-"])
    }

    @Test func `append is refused for a table with a key`() async throws {
        let lake = try await TestLake(TestTables.items())
        let error = try await #require(throws: IngestionError.self) {
            try await lake.upload("items", header, mode: .append)
        }
        #expect(error.code == "option-invalid")
    }
}

import Iceberg
import LakeModel
import LakeTesting
import OperationalStore
import Testing

@testable import Ingestion

struct OverwriteTests {
    private let header = "id,name,day\n"

    @Test(arguments: [1, 192 << 20]) func `an overwrite is the whole table in one snapshot`(_ contestedBytesMax: Int)
        async throws
    {
        var limits = IngestionLimits()
        limits.contestedBytesMax = contestedBytesMax
        let lake = try await TestLake(TestTables.items(), limits: limits)
        _ = try await lake.load("items", header + "1,a,2021-01-01\n2,b,2021-05-01\n3,c,\n")
        let before = try await lake.silver("items").snapshots.count
        let receipt = try await lake.load("items", header + "2,B,\n4,d,2021-01-01\n4,e,2022-01-01\n", mode: .overwrite)
        #expect(receipt.rows.text == "read 3, accepted 3, inserted 2, superseded 1")
        #expect(try await lake.rows("items") == ["2|B|-", "4|e|2022-01-01"])
        #expect(try await lake.silver("items").snapshots.count == before + 1)
        // The key index is that of the new rows.
        let next = try await lake.load("items", header + "1,x,\n2,B,\n")
        #expect(next.rows.text == "read 2, accepted 2, inserted 1, unchanged 1")
        #expect(try await lake.rows("items") == ["1|x|-", "2|B|-", "4|e|2022-01-01"])
    }

    @Test func `an overwrite without rows empties the table`() async throws {
        let lake = try await TestLake(TestTables.items(), TestTables.events)
        for mode in [UploadRequest.Mode.overwrite, .upsert, .overwrite] {
            let text = mode == .overwrite ? header : header + "1,a,2021-01-01\n2,b,\n"
            let receipt = try await lake.load("items", text, mode: mode)
            #expect(receipt.state == .committed)
            #expect(try await lake.rows("items").count == (mode == .overwrite ? 0 : 2))
        }
        let next = try await lake.load("items", header + "1,a,2021-01-01\n")
        #expect(next.rows.text == "read 1, accepted 1, inserted 1")
        _ = try await lake.load("events", "at,what\n1,a\n")
        _ = try await lake.load("events", "at,what\n2,b\n2,b\n", mode: .overwrite)
        #expect(try await lake.rows("events") == ["2|b", "2|b"])
    }

    @Test func `an overwrite of refused rows alone empties the table and keeps the rows in quarantine`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", header + "1,a,2021-01-01\n")
        let receipt = try await lake.load("items", header + "x,a,2021-01-01\n", mode: .overwrite)
        #expect(receipt.rows.text == "read 1, rejected 1")
        #expect(try await lake.rows("items").isEmpty)
        #expect(try await lake.rejects("items").count == 1)
    }

    @Test func `a failed overwrite leaves the table and its keys as they were`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", header + "1,a,2021-01-01\n2,b,\n")
        let refused = try await lake.load("items", header + "3,c,\nx,d,\n", mode: .overwrite, onError: .fail)
        #expect(refused.state == .failed)
        let unreadable = try await lake.load("items", "nothing,known\n1,2\n", mode: .overwrite)
        #expect(unreadable.state == .failed)
        #expect(try await lake.rows("items") == ["1|a|2021-01-01", "2|b|-"])
        let next = try await lake.load("items", header + "1,a,2021-01-01\n2,c,\n3,d,\n")
        #expect(next.rows.text == "read 3, accepted 3, inserted 1, updated 1, unchanged 1")
        #expect(try await lake.rows("items") == ["1|a|2021-01-01", "2|c|-", "3|d|-"])
    }

    @Test func `an overwrite stands between the writes around it`() async throws {
        let lake = try await TestLake(TestTables.items(conflict: .ignore))
        try await lake.batch("items", #"[{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]"#)
        try await lake.upload("items", header + "2,b,\n2,c,\n", mode: .overwrite)
        try await lake.batch("items", #"[{"id": 1, "name": "d"}, {"id": 2, "name": "d"}]"#)
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items") == ["1|d|-", "2|b|-"])
    }

    @Test(arguments: [true, false])
    func `an overwrite goes on where the operational store broke off`(_ isAfter: Bool) async throws {
        let operational = MemoryOperationalStore()
        var stores = TestStores.memory()
        stores.operational = operational
        let lake = try await TestLake(TestTables.events, stores: stores)
        _ = try await lake.load("events", "at,what\n1,old\n")
        // Long enough for several chunks, each a change of its own.
        let row = String(repeating: "x", count: 600)
        let text = "at,what\n" + (0..<12_000).map { "\($0),\(row)\n" }.joined()
        try await lake.upload("events", text, mode: .overwrite)
        let before = operational.hooks.count(of: "apply")
        let failing = before + (isAfter ? 1 : 2)
        let fault: FaultHooks.Hook = { call in
            if call == "apply", operational.hooks.count(of: call) == failing { throw InjectedFault(call: "apply") }
        }
        if isAfter { operational.hooks.setAfter(fault) } else { operational.hooks.setBefore(fault) }
        await #expect(throws: InjectedFault.self) { try await lake.drain() }
        #expect((2..<12_000).contains(try await operational.rowCount(table: "events")))
        try await lake.restart()
        try await lake.drain()
        try await lake.check()
        #expect(try await operational.rowCount(table: "events") == 12_000)
    }
}

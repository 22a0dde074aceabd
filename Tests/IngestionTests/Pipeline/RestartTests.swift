import EventLog
import Foundation
import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

struct RestartTests {
    /// What clients send, each with an idempotency key; they send again until they have an answer.
    private static let groups = "id,label\n1,a\n2,b\n"
    private static let members = "id,group_id\n10,1\n11,7\n12,2\n10,2\nx,\n"
    private static let batches = [
        #"[{"id": 12, "group_id": 1}, {"id": 13, "group_id": 2}, {"id": "y"}]"#,
        #"[{"id": 13, "group_id": 1}, {"id": 14, "group_id": 8}, {"id": 11, "group_id": 1}]"#,
    ]
    private static let last = "id,group_id\n10,1\n14,2\n"

    private func send(_ lake: TestLake) async throws -> [JobReceipt] {
        var receipts = [try await lake.upload("groups", Self.groups, key: "groups")]
        try await lake.drain()
        receipts.append(try await lake.upload("members", Self.members, key: "members"))
        for (index, body) in Self.batches.enumerated() {
            receipts.append(try await lake.batch("members", body, key: "batch \(index)"))
        }
        try await lake.drain()
        receipts.append(try await lake.upload("members", Self.last, key: "last"))
        receipts.append(try await lake.upload("members", "id,group_id\nz,\n", onError: .fail, key: "failing"))
        try await lake.drain()
        return receipts
    }

    private func verify(_ lake: TestLake, _ receipts: [JobReceipt], _ comment: Comment) async throws {
        #expect(try await lake.rows("members") == ["10|1", "11|1", "12|1", "13|1", "14|2"], comment)
        #expect(try await lake.rows("groups") == ["1|a", "2|b"], comment)
        #expect(
            try await lake.rejects("members").map { String(decoding: $0.raw, as: UTF8.self) }.sorted()
                == ["11,7", "x,", #"{"id": "y"}"#, #"{"id": 14, "group_id": 8}"#], comment)
        var texts: [String] = []
        for receipt in receipts {
            let final = try await lake.receipt(receipt.id)
            texts.append("\(final.state.rawValue): \(final.rows.text)")
        }
        #expect(
            texts == [
                "committed: read 2, accepted 2, inserted 2",
                "committed: read 5, accepted 3, inserted 2, superseded 1, rejected 2",
                "committed: read 3, accepted 2, inserted 1, updated 1, rejected 1",
                "committed: read 3, accepted 2, inserted 1, updated 1, rejected 1",
                "committed: read 2, accepted 2, inserted 1, updated 1", "failed: ",
            ], comment)
    }

    /// How many points in a row fail.
    enum Failing: CaseIterable {
        case one, three
        /// All up to the restart, as if the process had been killed: it can't clean up behind itself either.
        case rest

        var count: Int {
            switch self {
            case .one: 1
            case .three: 3
            case .rest: 1_000_000
            }
        }
    }

    /// Runs with failing points of store calls, from `first` on; after each failure a new engine goes on over the same
    /// stores, and clients send again what they have no answer to.
    /// - Returns: the calls that failed.
    private func run(first: Int, _ failing: Failing, on bare: TestStores) async throws -> [String] {
        let plan = FaultPlan()
        let stores = plan.stores(bare)
        plan.arm(first: first, count: failing.count)
        var lake: TestLake?
        var receipts: [JobReceipt]?
        var attempts = 0
        while receipts == nil {
            attempts += 1
            try #require(attempts < 10, "it does not get through after \(plan.fired)")
            do {
                if let lake {
                    try await lake.restart()
                } else {
                    lake = try await TestLake(TestTables.groups, TestTables.members(.reject), stores: stores)
                }
                if let lake { receipts = try await send(lake) }
            } catch {
                #expect(!plan.fired.isEmpty, "\(error)")
                if failing == .rest { plan.disarm() }
            }
        }
        plan.disarm()
        let final = try #require(lake)
        try await final.restart()
        try await final.drain()
        let comment = Comment(rawValue: "failing \(failing) from point \(first): \(plan.fired)")
        try await verify(final, try #require(receipts), comment)
        try await final.check(allowsLeftOvers: true)
        return plan.fired
    }

    /// Every sixth point, beginning with another one each time; all of them with `DIPPER_TEST_EVERY_STEP=1`.
    @Test(arguments: Failing.allCases)
    func `after a failure at any step every write is there once`(_ failing: Failing) async throws {
        let stride = ProcessInfo.processInfo.environment["DIPPER_TEST_EVERY_STEP"] == nil ? 6 : 1
        var generator = SeededRandom(purpose: "restart, failing \(failing)")
        var first = Int.random(in: 0..<stride, using: &generator)
        while try await !run(first: first, failing, on: .memory()).isEmpty { first += stride }
        #expect(first > 200)
    }

    @Test func `after a failure the embedded stores hold every write once`() async throws {
        var generator = SeededRandom(purpose: "restart of embedded stores")
        for failing in Failing.allCases {
            for _ in 0..<3 {
                let folder = try TemporaryFolder()
                let first = Int.random(in: 0..<450, using: &generator)
                _ = try await run(first: first, failing, on: .embedded(in: folder))
            }
        }
    }

    @Test func `a log that ends before the lake's watermark is refused`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", "id,name,day\n1,a,\n")
        _ = try await lake.load("items", "id,name,day\n2,b,\n")
        // The log comes back from a backup taken before the second file.
        let older = MemoryEventLog(incarnation: lake.stores.log.incarnation)
        let records = try await lake.stores.log.read(
            topic: "items", partition: 0, from: 0, recordsMax: 1, bytesMax: .max)
        _ = try await older.append(records.map(\.record), to: "items", idempotency: nil)
        let newer = lake.stores.log
        lake.stores.log = older
        let error = try await #require(throws: IngestionError.self) { try await lake.restart() }
        #expect(error.code == "log-behind-lake")
        #expect(error.message.contains("items"))
        #expect(error.remedy != nil)
        lake.stores.log = newer
        try await lake.restart()
        _ = try await lake.load("items", "id,name,day\n3,c,\n")
        #expect(try await lake.rows("items").count == 3)
    }

    @Test func `a log that ends before the operational store's watermark is refused`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", "id,name,day\n1,a,\n")
        // Log and lake come back from a backup without the file, the operational store does not.
        var stores = TestStores.memory()
        stores.log = MemoryEventLog(incarnation: lake.stores.log.incarnation)
        stores.operational = lake.stores.operational
        lake.stores = stores
        let error = try await #require(throws: IngestionError.self) { try await lake.restart() }
        #expect(error.code == "log-behind-operational")
    }

    @Test func `a new log is worked from its start`() async throws {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", "id,name,day\n1,a,\n")
        _ = try await lake.load("items", "id,name,day\n2,b,\n")
        lake.stores.log = MemoryEventLog()
        try await lake.restart()
        let id = try await lake.upload("items", "id,name,day\n2,c,\n3,d,\n").id
        try await lake.drain()
        #expect(try await lake.rows("items") == ["1|a|-", "2|c|-", "3|d|-"])
        #expect(try await lake.receipt(id).rows.text == "read 2, accepted 2, inserted 1, updated 1")
    }
}

import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

struct ReferenceTests {
    private let groups = "id,label\n1,a\n2,b\n"
    private let members = "id,group_id\n10,1\n11,7\n12,\n13,7\n"

    @Test func `warn keeps rows whose reference leads nowhere`() async throws {
        let lake = try await TestLake(TestTables.groups, TestTables.members(.warn))
        _ = try await lake.load("groups", groups)
        let receipt = try await lake.load("members", members)
        #expect(receipt.rows.text == "read 4, accepted 4, inserted 4")
        #expect(receipt.warnings.count == 1)
        #expect(receipt.warnings.first?.contains("2 rows") == true)
        #expect(receipt.warnings.first?.contains("7") == true)
        #expect(try await lake.rows("members") == ["10|1", "11|7", "12|-", "13|7"])
    }

    @Test func `reject refuses rows whose reference leads nowhere`() async throws {
        let lake = try await TestLake(TestTables.groups, TestTables.members(.reject))
        _ = try await lake.load("groups", groups)
        let receipt = try await lake.load("members", members)
        #expect(receipt.rows.text == "read 4, accepted 2, inserted 2, rejected 2")
        #expect(try await lake.rows("members") == ["10|1", "12|-"])
        let rejects = try await lake.rejects("members")
        #expect(rejects.map(\.code) == ["reference-missing", "reference-missing"])
        #expect(rejects.map { String(decoding: $0.raw, as: UTF8.self) } == ["11,7", "13,7"])
        #expect(rejects.map(\.line) == [3, 5])
        let id = try await lake.batch("members", #"[{"id": 14, "group_id": 2}, {"id": 15, "group_id": 9}]"#).id
        try await lake.drain()
        try await lake.check()
        let batch = try await lake.receipt(id)
        #expect(batch.rows.text == "read 2, accepted 1, inserted 1, rejected 1")
        #expect(batch.verdicts.map(\.index) == [1])
        #expect(batch.verdicts.map(\.code) == ["reference-missing"])
        #expect(try await lake.rows("members") == ["10|1", "12|-", "14|2"])
    }

    @Test func `rows refused once are taken everywhere once their reference is there`() async throws {
        let lake = try await TestLake(TestTables.groups, TestTables.members(.reject))
        _ = try await lake.load("groups", groups)
        let body = #"[{"id": 20, "group_id": 7}]"#
        try await lake.batch("members", body)
        _ = try await lake.load("members", members)
        _ = try await lake.load("groups", "id,label\n7,c\n")
        let receipt = try await lake.load("members", members)
        #expect(receipt.rows.text == "read 4, accepted 4, inserted 2, unchanged 2")
        try await lake.batch("members", body)
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("members") == ["10|1", "11|7", "12|-", "13|7", "20|7"])
    }

    @Test func `rows taken once are refused everywhere once their reference is gone`() async throws {
        let lake = try await TestLake(TestTables.groups, TestTables.members(.reject))
        _ = try await lake.load("groups", groups + "7,c\n")
        // The operational store falls behind: it works both uploads after the lake has.
        try await lake.upload("members", members)
        try await lake.engine.drain(operational: false)
        try await lake.upload("groups", groups, mode: .overwrite)
        try await lake.engine.drain(operational: false)
        try await lake.upload("members", "id,group_id\n10,2\n11,1\n")
        try await lake.upload("members", members)
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("members") == ["10|1", "11|1", "12|-", "13|7"])
    }
}

import CatalogService
import EventLog
import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

/// An administrator's rewinding, and what retention of the log does to it.
struct ReplayTests {
    private func loaded() async throws -> TestLake {
        let lake = try await TestLake(TestTables.items())
        _ = try await lake.load("items", "id,name,day\n1,a,\n2,b,\nx,c,\n")
        _ = try await lake.batch("items", #"[{"id": 2, "name": "two", "day": null}]"#)
        try await lake.drain()
        return lake
    }

    @Test func `a replay applies the records again and ends where the table was`() async throws {
        let lake = try await loaded()
        let rows = try await lake.rows("items")
        let move = try await lake.ingestion.replay("items", from: 0, tables: lake.tables)
        #expect(move.before.nextOffset == 2 && move.after.nextOffset == 0)
        let before = try await lake.snapshotID("items")
        try await lake.restart()
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items") == rows)
        #expect(try await lake.snapshotID("items") != before, "the file's value stood again before the batch's")
        #expect(try await lake.rejects("items").count == 1)
        // The former life of the watermark does not come back.
        _ = try await lake.ingestion.replay("items", from: 1, tables: lake.tables)
        try await lake.drain()
        _ = try await lake.load("items", "id,name,day\n3,c,\n")
        #expect(try await lake.rows("items").count == 3)
    }

    @Test func `an offset that was not worked yet is refused`() async throws {
        let lake = try await loaded()
        for offset in [Int64(-1), 3] {
            let error = try await #require(throws: IngestionError.self) {
                _ = try await lake.ingestion.replay("items", from: offset, tables: lake.tables)
            }
            #expect(error.code == "offset-invalid")
        }
    }

    @Test func `retention drops what every sink has passed, and receipts stay`() async throws {
        let lake = try await loaded()
        let waiting = try await lake.batch("items", #"[{"id": 9, "name": "i", "day": null}]"#)
        lake.limits.logKeepBytes = 0
        try await lake.restart()
        try await lake.engine.trimLog()
        let extent = try await lake.stores.log.extent(topic: "items", partition: 0)
        #expect(extent.startOffset == 2 && extent.endOffset == 3)
        let error = try await #require(throws: EventLogError.self) {
            _ = try await lake.ingestion.replay("items", from: 0, tables: lake.tables)
        }
        #expect(error.code == "offset-trimmed")
        try await lake.drain()
        #expect(try await lake.rows("items") == ["1|a|-", "2|two|-", "9|i|-"])
        let jobs = try await lake.ingestion.jobs(table: "items", page: 0, size: 10).jobs
        #expect(jobs.count == 3 && jobs.first?.id == waiting.id)
        #expect(jobs.allSatisfy { $0.operational?.state == .applied && $0.operational?.lagRecords == 0 })
    }

    @Test func `records younger than the time that is kept stay`() async throws {
        let lake = try await loaded()
        try await lake.engine.trimLog()
        #expect(try await lake.stores.log.extent(topic: "items", partition: 0).startOffset == 0)
        lake.limits.logKeepSeconds = -1
        try await lake.restart()
        try await lake.engine.trimLog()
        #expect(try await lake.stores.log.extent(topic: "items", partition: 0).startOffset == 2)
    }
}

import CatalogService
import Foundation
import LakeModel
import LakeTesting
import ObjectStorage
import Testing

@testable import Ingestion

/// Batches that come while a long file is being worked.
struct SliceTests {
    private static func limits(sliceMilliseconds: Int = 0) -> IngestionLimits {
        var limits = IngestionLimits()
        limits.sliceMilliseconds = sliceMilliseconds
        limits.chunkBytes = 1
        return limits
    }

    private static let file = "id,name,day\n1,a,\n2,b,\n3,c,\n2,d,\nx,e,\n4,f,\n"

    @Test func `rows of a batch are visible before the file in front of it has ended`() async throws {
        let lake = try await TestLake(TestTables.items(), limits: Self.limits())
        let file = try await lake.upload("items", Self.file).id
        let batch = try await lake.batch("items", #"[{"id": 9, "name": "batch", "day": null}]"#).id
        try await lake.step("items")
        #expect(try await lake.rows("items") == ["1|a|-"])
        #expect(try await lake.receipt(batch).state == .accepted)
        #expect(try await lake.receipt(file).state == .running)
        try await lake.step("items")
        #expect(try await lake.rows("items") == ["1|a|-", "9|batch|-"])
        #expect(try await lake.receipt(batch).state == .committed)
        #expect(try await lake.ingestion.jobs(table: nil, page: 0, size: 10).jobs.map(\.id) == [batch, file])
        #expect(try await lake.ingestion.jobs(table: nil, page: 0, size: 10).total == 2)
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items") == ["1|a|-", "2|d|-", "3|c|-", "4|f|-", "9|batch|-"])
        let receipt = try await lake.receipt(file)
        #expect(receipt.rows.read == 6 && receipt.rows.accepted == 5 && receipt.rows.rejected == 1)
        #expect(receipt.snapshotId == (try await lake.snapshotID("items")).map { String($0) })
        #expect(lake.sliceCount == 1, "nothing waits after the batch, so the rest is one commit")
    }

    @Test func `a later row of the file loses to a batch that was let in before it`() async throws {
        let lake = try await TestLake(TestTables.items(), limits: Self.limits())
        let file = try await lake.upload("items", Self.file).id
        _ = try await lake.batch(
            "items", #"[{"id": 4, "name": "new", "day": null}, {"id": 1, "name": "one", "day": null}]"#)
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items") == ["1|one|-", "2|d|-", "3|c|-", "4|new|-"])
        // 4 lost to the batch; the second 2 found the first in the same commit.
        #expect(try await lake.receipt(file).rows.superseded == 2)
    }

    @Test func `a restart in the middle of a file goes on at its byte and remembers the keys of batches`() async throws
    {
        let lake = try await TestLake(TestTables.items(), limits: Self.limits())
        let file = try await lake.upload("items", Self.file).id
        _ = try await lake.batch(
            "items", #"[{"id": 4, "name": "new", "day": null}, {"id": 2, "name": "two", "day": null}]"#)
        for _ in 0..<2 { try await lake.step("items") }
        try await lake.restart()
        let jobs = try await lake.ingestion.jobs(table: "items", page: 0, size: 10)
        #expect(jobs.total == 2)
        _ = try await lake.batch("items", #"[{"id": 3, "name": "three", "day": null}]"#)
        try await lake.step("items")
        try await lake.restart()
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items") == ["1|a|-", "2|two|-", "3|three|-", "4|new|-"])
        let rows = try await lake.receipt(file).rows
        #expect(rows.read == 6 && rows.accepted == 5 && rows.rejected == 1)
        #expect(try await lake.rejects("items").map(\.line) == [6])
    }

    @Test func `when only the snapshot tells how far the lake is, the file and what is behind it are worked again`()
        async throws
    {
        let lake = try await TestLake(TestTables.items(), limits: Self.limits())
        _ = try await lake.upload("items", Self.file)
        _ = try await lake.batch("items", #"[{"id": 4, "name": "new", "day": null}]"#)
        for _ in 0..<2 { try await lake.step("items") }
        let bare = MemoryCatalogStore()
        for (namespace, table) in [("silver", "items_cleaned"), ("quarantine", "items")] {
            try await bare.createNamespace(namespace, properties: [:])
            let name = TableIdentifier(namespace: namespace, name: table)
            var commit = CatalogCommit()
            let location = try #require(try await lake.stores.catalog.pointer(name)).metadataLocation
            commit.swaps = [.init(table: name, expectedMetadataLocation: nil, newMetadataLocation: location)]
            try await bare.commit(commit)
        }
        lake.stores.catalog = bare
        try await lake.restart()
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("items") == ["1|a|-", "2|d|-", "3|c|-", "4|new|-"])
    }

    @Test func `files with other rules are one commit, and batches wait`() async throws {
        let batch = #"[{"id": 9, "name": "batch", "day": null}]"#
        for (mode, onError) in [
            (UploadRequest.Mode.overwrite, UploadRequest.OnError.quarantine), (.upsert, .fail),
        ] {
            let lake = try await TestLake(TestTables.items(), limits: Self.limits())
            _ = try await lake.upload("items", "id,name,day\n1,a,\n2,b,\n", mode: mode, onError: onError)
            _ = try await lake.batch("items", batch)
            try await lake.drain()
            try await lake.check()
            #expect(lake.sliceCount == 0)
            #expect(try await lake.rows("items").count == 3)
        }
        for conflict in [ConflictAction.ignore, .reject] {
            let lake = try await TestLake(TestTables.items(conflict: conflict), limits: Self.limits())
            _ = try await lake.upload("items", "id,name,day\n1,a,\n2,b,\n")
            _ = try await lake.batch("items", batch)
            try await lake.drain()
            #expect(lake.sliceCount == 0)
        }
    }

    @Test func `a file behind a file waits for its end, and so do the batches behind that`() async throws {
        let lake = try await TestLake(TestTables.items(), limits: Self.limits())
        _ = try await lake.upload("items", Self.file)
        _ = try await lake.upload("items", "id,name,day\n2,z,\n5,y,\n")
        _ = try await lake.batch("items", #"[{"id": 5, "name": "batch", "day": null}]"#)
        try await lake.drain()
        try await lake.check()
        #expect(lake.sliceCount == 1, "only the second file has a batch right behind it")
        #expect(try await lake.rows("items") == ["1|a|-", "2|z|-", "3|c|-", "4|f|-", "5|batch|-"])
    }

    @Test func `nothing is sliced while nothing waits, nor before the time is up`() async throws {
        let lake = try await TestLake(TestTables.items(), limits: Self.limits(sliceMilliseconds: 60_000))
        _ = try await lake.upload("items", Self.file)
        _ = try await lake.batch("items", #"[{"id": 5, "name": "batch", "day": null}]"#)
        try await lake.drain()
        #expect(lake.sliceCount == 0)
        let quick = try await TestLake(TestTables.items(), limits: Self.limits())
        _ = try await quick.upload("items", Self.file)
        try await quick.drain()
        #expect(quick.sliceCount == 0)
    }

    @Test func `rows that references refuse in any slice stay out of the operational store`() async throws {
        let lake = try await TestLake(TestTables.groups, TestTables.members(.reject), limits: Self.limits())
        _ = try await lake.upload("groups", "id,label\n1,a\n")
        try await lake.drain()
        _ = try await lake.upload("members", "id,group_id\n1,1\n2,7\n3,1\n4,8\n5,1\n6,9\n")
        _ = try await lake.batch("members", #"[{"id": 3, "group_id": 1}, {"id": 6, "group_id": 1}]"#)
        try await lake.step("members")
        try await lake.step("members")
        _ = try await lake.batch("members", #"[{"id": 7, "group_id": 5}, {"id": 2, "group_id": 1}]"#)
        try await lake.step("members")
        try await lake.restart()
        try await lake.drain()
        try await lake.check()
        #expect(try await lake.rows("members") == ["1|1", "2|1", "3|1", "5|1", "6|1"])
        let refused = try await lake.stores.objects.list(prefix: "refused-rows/", after: nil, limit: 10)
        #expect(refused.count == 2, "one of the file, one of the second batch")
    }
}

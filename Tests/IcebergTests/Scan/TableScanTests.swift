import Iceberg
import LakeModel
import Testing

@Suite struct TableScanTests {
    @Test func `an empty table plans no files`() async throws {
        let table = try await TestTable()
        let plan = try await table.plan()
        #expect(plan.tasks.isEmpty && plan.snapshot == nil)
    }

    @Test func `appended files are planned with their metrics`() async throws {
        var table = try await TestTable()
        let files = [try await table.file(year: 2021), try await table.file(year: nil, ids: 11...20)]
        try await table.append(files)
        let plan = try await table.plan()
        #expect(Set(plan.tasks.map(\.dataFile)) == Set(files))
        #expect(plan.tasks.allSatisfy { $0.sequenceNumber == 1 && $0.deleteFiles.isEmpty })
    }

    @Test func `partitions and bounds leave files out`() async throws {
        var table = try await TestTable()
        let first = try await table.file(year: 2021, ids: 1...10)
        let second = try await table.file(year: 2022, ids: 11...20)
        try await table.append([first])
        try await table.append([second])
        let byYear = try await table.plan(.equal("year", .int(2022)))
        #expect(byYear.tasks.map(\.dataFile) == [second])
        #expect(byYear.prunedManifestCount == 1 && byYear.prunedFileCount == 1)
        let byID = try await table.plan(.compare(column: "id", .less, .long(11)))
        #expect(byID.tasks.map(\.dataFile) == [first])
        let byNull = try await table.plan(.isNull(column: "year"))
        #expect(byNull.tasks.isEmpty)
    }

    @Test func `a position delete applies to its file from its sequence number on`() async throws {
        var table = try await TestTable()
        let old = try await table.file(year: 2021)
        try await table.append([old])
        let delete = try await table.deletes([(old, [3, 1])])
        let new = try await table.file(year: 2021, ids: 2...3)
        try await table.rowDelta([new], deletes: [delete])
        let tasks = try await table.plan().tasks
        #expect(tasks.first { $0.dataFile == old }?.deleteFiles == [delete])
        #expect(tasks.first { $0.dataFile == new }?.deleteFiles == [])
        let before = try await table.plan(snapshotID: table.metadata.snapshots[0].id)
        #expect(before.tasks.map(\.deleteFiles) == [[]])
    }
}

import Iceberg
import LakeModel
import Testing

/// Which delete files apply to which data files (specification, "Scan Planning").
@Suite struct DeleteMatchingTests {
    private func deletes(_ table: TestTable, _ file: DataFile) async throws -> [String]? {
        try await table.plan().tasks.first { $0.dataFile.location == file.location }?.deleteFiles.map(\.location)
    }

    @Test func `deletes of several files apply to those in their path range`() async throws {
        var table = try await TestTable()
        var files: [DataFile] = []
        for _ in 0..<3 { files.append(try await table.file(year: 2021)) }
        try await table.append(files)
        let delete = try await table.deletes([(files[0], [0]), (files[1], [1])])
        try await table.rowDelta([], deletes: [delete])
        #expect(try await deletes(table, files[0]) == [delete.location])
        #expect(try await deletes(table, files[1]) == [delete.location])
        #expect(try await deletes(table, files[2]) == [])
    }

    @Test func `a delete of the same commit applies, an older one does not`() async throws {
        var table = try await TestTable()
        let old = try await table.file(year: 2021)
        try await table.append([old])
        let new = try await table.file(year: 2021)
        let both = try await table.deletes([(old, [0]), (new, [1])])
        try await table.rowDelta([new], deletes: [both])
        #expect(try await deletes(table, old) == [both.location])
        #expect(try await deletes(table, new) == [both.location])
        let newest = try await table.file(year: 2021)
        try await table.append([newest])
        #expect(try await deletes(table, newest) == [])
    }

    @Test func `another partition's deletes do not apply`() async throws {
        var table = try await TestTable()
        let file = try await table.file(year: 2021)
        let other = try await table.file(year: 2022)
        try await table.append([file, other])
        var delete = try await table.deletes([(file, [0]), (other, [0])])
        delete.partition = [.int(2022)]
        try await table.rowDelta([], deletes: [delete])
        #expect(try await deletes(table, file) == [])
        #expect(try await deletes(table, other) == [delete.location])
    }

    @Test func `without path bounds a delete applies to its whole partition`() async throws {
        var table = try await TestTable()
        let file = try await table.file(year: 2021)
        try await table.append([file])
        var delete = try await table.deletes([(file, [0])])
        delete.lowerBounds = nil
        delete.upperBounds = nil
        try await table.rowDelta([], deletes: [delete])
        #expect(try await deletes(table, file) == [delete.location])
    }

    @Test func `a filter that leaves out a data file keeps the deletes of the others`() async throws {
        var table = try await TestTable()
        let files = [try await table.file(year: 2021, ids: 1...10), try await table.file(year: 2021, ids: 11...20)]
        try await table.append(files)
        let delete = try await table.deletes([(files[0], [0]), (files[1], [0])])
        try await table.rowDelta([], deletes: [delete])
        let tasks = try await table.plan(.equal("id", .long(15))).tasks
        #expect(tasks.map(\.dataFile.location) == [files[1].location])
        #expect(tasks[0].deleteFiles == [delete])
    }

    @Test func `after the spec changed, old files keep their spec and their deletes`() async throws {
        var table = try await TestTable()
        let old = try await table.file(year: 2021)
        try await table.append([old])
        table.metadata = try table.metadata.applying(
            [.addPartitionSpec(PartitionSpec(id: 1, fields: [])), .setDefaultSpec(-1)], nowMilliseconds: table.now)
        let new = try await table.file(year: 2021)
        let delete = try await table.deletes([(old, [4])])
        #expect(delete.specID == 0 && new.specID == 1)
        let produced = try await table.rowDelta([new], deletes: [delete])
        #expect(Set(produced.manifests.map(\.specID)) == [0, 1])
        #expect(try await deletes(table, old) == [delete.location])
        #expect(try await deletes(table, new) == [])
        #expect(try await TableInvariants.check(table.metadata, io: table.io) == [])
        let pruned = try await table.plan(.equal("year", .int(1999)))
        #expect(pruned.tasks.map(\.dataFile.location) == [new.location], "the new file may hold any year")
    }
}

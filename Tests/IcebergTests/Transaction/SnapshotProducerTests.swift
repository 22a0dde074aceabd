import AvroFormat
import Iceberg
import LakeModel
import Synchronization
import Testing

@Suite struct SnapshotProducerTests {
    private func check(_ table: TestTable) async throws {
        let violations = try await TableInvariants.check(table.metadata, io: table.io)
        #expect(violations == [])
        let reread = try TableMetadata.parse(table.metadata.json(), from: table.metadata.metadataLocation)
        #expect(reread == table.metadata)
    }

    @Test func `an append makes a snapshot with complete totals`() async throws {
        var table = try await TestTable()
        let files = [try await table.file(year: 2021), try await table.file(year: 2022, ids: 11...15)]
        let produced = try await table.append(files)
        let snapshot = produced.snapshot
        #expect(snapshot.operation == "append")
        #expect(snapshot.parentID == nil)
        #expect(snapshot.sequenceNumber == 1)
        #expect(snapshot.schemaID == 0)
        #expect(
            snapshot.summary == [
                "added-data-files": "2", "added-records": "15", "added-files-size": "2000",
                "changed-partition-count": "2", "total-records": "15", "total-data-files": "2",
                "total-delete-files": "0", "total-position-deletes": "0", "total-equality-deletes": "0",
                "total-files-size": "2000",
            ])
        #expect(table.metadata.refs["main"]?.snapshotID == snapshot.id)
        #expect(table.metadata.currentSnapshotID == snapshot.id)
        #expect(table.metadata.snapshotLog.map(\.snapshotID) == [snapshot.id])
        try await check(table)
    }

    @Test func `a row delta counts its deletes and keeps the parent's manifest as it is`() async throws {
        var table = try await TestTable()
        let old = try await table.file(year: 2021)
        let first = try await table.append([old])
        let delete = try await table.deletes([(old, [0, 5])])
        let new = try await table.file(year: 2021, ids: 1...2)
        let second = try await table.rowDelta([new], deletes: [delete])
        let summary = second.snapshot.summary
        #expect(second.snapshot.operation == "overwrite")
        #expect(second.snapshot.parentID == first.snapshot.id)
        #expect(summary["added-position-deletes"] == "2")
        #expect(summary["added-position-delete-files"] == "1")
        #expect(summary["added-delete-files"] == "1")
        #expect(summary["total-records"] == "12")
        #expect(summary["total-position-deletes"] == "2")
        #expect(summary["total-files-size"] == "2300")
        let carried = try #require(second.manifests.first { $0.location == first.manifests[0].location })
        #expect(carried == first.manifests[0])
        #expect(carried.addedSnapshotID == first.snapshot.id)
        try await check(table)
    }

    @Test func `added entries carry null sequence numbers, others their own`() async throws {
        var table = try await TestTable()
        let files = [try await table.file(year: 2021), try await table.file(year: 2021)]
        let first = try await table.append(files)
        var producer = table.producer(.delete)
        producer.removedFiles = [files[0].location]
        let second = try await table.commit(producer)
        for (produced, expected) in [(first, ["1 nil", "1 nil"]), (second, ["2 1", "0 1"])] {
            var reader = try AvroFileReader(try await table.io.read(produced.manifests[0].location))
            let entries = try reader.readAll().map { value -> String in
                guard case .record(let fields) = value, case .int(let status) = fields[0],
                    case .union(_, let number) = fields[2]
                else { return "not an entry" }
                if case .long(let number) = number { return "\(status) \(number)" }
                return "\(status) nil"
            }
            #expect(entries == expected)
        }
        try await check(table)
    }

    @Test func `an overwrite ends every live file, deletes too, and its totals are its own`() async throws {
        var table = try await TestTable()
        let old = [try await table.file(year: 2021), try await table.file(year: 2022)]
        try await table.append(old)
        try await table.rowDelta([], deletes: [try await table.deletes([(old[0], [1])])])
        let new = try await table.file(year: 2023, ids: 1...3)
        var producer = table.producer(.overwrite)
        producer.replacesAll = true
        producer.addedDataFiles = [new]
        let produced = try await table.commit(producer)
        #expect(try await table.plan().tasks.map(\.dataFile) == [new])
        #expect(produced.snapshot.summary["deleted-data-files"] == "2")
        #expect(produced.snapshot.summary["removed-position-deletes"] == "1")
        #expect(produced.snapshot.summary["total-records"] == "3")
        #expect(produced.snapshot.summary["total-delete-files"] == "0")
        let earlier = try await table.plan(snapshotID: table.metadata.snapshots[1].id)
        #expect(Set(earlier.tasks.map(\.dataFile)) == Set(old))
        try await check(table)
    }

    @Test func `an emptied table stays empty and its ended files are named once`() async throws {
        var table = try await TestTable()
        try await table.append([try await table.file(year: 2021)])
        var producer = table.producer(.delete)
        producer.replacesAll = true
        let emptied = try await table.commit(producer)
        #expect(emptied.manifests.map(\.deletedFilesCount) == [1])
        let next = try await table.append([try await table.file(year: 2021)])
        #expect(next.manifests.count == 1, "a manifest without live files is not carried on")
        try await check(table)
    }

    @Test func `removing a file that is not live is refused and nothing is committed`() async throws {
        var table = try await TestTable()
        try await table.append([try await table.file(year: 2021)])
        var producer = table.producer(.replace)
        producer.removedFiles = ["memory://lake/t/data/nowhere.parquet"]
        let error = await #expect(throws: IcebergError.self) { try await producer.produce() }
        #expect(error?.code == "commit-invalid")
    }

    @Test func `compaction keeps the old sequence number, so that later deletes still apply`() async throws {
        var table = try await TestTable()
        let small = [try await table.file(year: 2021, ids: 1...5), try await table.file(year: 2021, ids: 6...10)]
        try await table.append(small)
        let delete = try await table.deletes([(small[0], [0])])
        try await table.rowDelta([], deletes: [delete])
        var producer = table.producer(.replace)
        let merged = try await table.file(year: 2021)
        producer.addedDataFiles = [merged]
        producer.removedFiles = Set(small.map(\.location))
        producer.addedDataSequenceNumber = 1
        try await table.commit(producer)
        let tasks = try await table.plan().tasks
        #expect(tasks.map(\.sequenceNumber) == [1])
        #expect(tasks[0].deleteFiles.isEmpty, "the delete names another file")
        try await check(table)
    }

    @Test func `a retry on a newer table rewrites only the manifest list`() async throws {
        let io = MemoryFileIO()
        var table = try await TestTable(io: io)
        let base = table.metadata
        var late = table.producer()
        late.addedDataFiles = [try await table.file(year: 2021)]
        let lost = try await late.produce()
        try await table.append([try await table.file(year: 2022)])
        let before = io.locations
        late.rebase(onto: table.metadata, nowMilliseconds: table.now)
        let produced = try await late.produce()
        #expect(io.locations.subtracting(before) == [produced.manifestListLocation])
        #expect(produced.snapshot.sequenceNumber == 2 && lost.snapshot.sequenceNumber == 1)
        #expect(produced.unreferencedLocations == [lost.manifestListLocation])
        #expect(produced.writtenLocations.count == 3)
        table.metadata = produced.metadata
        #expect(throws: IcebergError.self) {
            for requirement in lost.requirements { try requirement.check(table.metadata) }
        }
        #expect(base.currentSnapshotID == nil)
        let numbers = try await table.plan().tasks.map(\.sequenceNumber).sorted()
        #expect(numbers == [1, 2])
        try await check(table)
    }

    @Test func `many appends keep the manifest list bounded`() async throws {
        var table = try await TestTable(properties: [SnapshotProducer.minCountToMergeKey: "5"])
        var most = 0
        for _ in 0..<23 {
            let produced = try await table.append([try await table.file(year: 2021)])
            most = max(most, produced.manifests.count)
        }
        #expect(most <= 5)
        #expect(try await table.plan().tasks.map(\.sequenceNumber).sorted() == Array(1...23))
        try await check(table)
    }

    @Test func `merging can be turned off`() async throws {
        var table = try await TestTable(properties: [
            SnapshotProducer.minCountToMergeKey: "2", SnapshotProducer.mergeEnabledKey: "false",
        ])
        for _ in 0..<4 { try await table.append([try await table.file(year: 2021)]) }
        #expect(try await table.metadata.currentSnapshot?.manifestFiles(io: table.io).count == 4)
        try await check(table)
    }

    @Test func `a parent's wrong totals are not carried on`() async throws {
        var table = try await TestTable()
        let produced = try await table.append([try await table.file(year: 2021)])
        var snapshot = produced.snapshot
        snapshot.summary["total-records"] = "999"
        table.metadata.snapshots = [snapshot]
        let next = try await table.append([try await table.file(year: 2021)])
        #expect(next.snapshot.summary["total-records"] == "20")
    }

    @Test func `totals that a parent lacks are counted`() async throws {
        var table = try await TestTable()
        let produced = try await table.append([try await table.file(year: 2021)])
        var snapshot = produced.snapshot
        snapshot.summary = [:]
        table.metadata.snapshots = [snapshot]
        let next = try await table.append([try await table.file(year: 2021)])
        #expect(next.snapshot.summary["total-records"] == "20")
        #expect(next.snapshot.summary["total-files-size"] == "2000")
    }

    @Test func `time never goes back when the clock does`() async throws {
        var table = try await TestTable()
        try await table.append([try await table.file(year: 2021)])
        let last = table.metadata.lastUpdatedMilliseconds
        table.now -= 3_600_000
        let produced = try await table.append([try await table.file(year: 2021)])
        #expect(produced.snapshot.timestampMilliseconds == last)
        #expect(table.metadata.lastUpdatedMilliseconds == last)
        try await check(table)
    }

    @Test func `properties and summary entries go with the snapshot`() async throws {
        var table = try await TestTable()
        var producer = table.producer()
        producer.properties = ["dipper.log.jobs.0": "17"]
        producer.summary = ["dipper.log.jobs.0": "17", "total-records": "a caller does not set this"]
        let produced = try await table.commit(producer)
        #expect(table.metadata.properties["dipper.log.jobs.0"] == "17")
        #expect(produced.snapshot.summary["dipper.log.jobs.0"] == "17")
        #expect(produced.snapshot.summary["total-records"] == "0")
        try await check(table)
    }

    @Test func `what was written before a failure is known`() async throws {
        let io = MemoryFileIO()
        var table = try await TestTable(io: io)
        var producer = table.producer()
        producer.addedDataFiles = [try await table.file(year: 2021)]
        let before = io.locations
        io.state.withLock { $0.writesUntilFailure = 1 }
        await #expect(throws: MemoryFileIO.Failure.self) { try await producer.produce() }
        #expect(io.locations.subtracting(before).isSubset(of: Set(producer.writtenLocations)))
        #expect(io.locations.subtracting(before).count == 1)
    }

    @Test func `contradictions are refused`() async throws {
        var table = try await TestTable()
        let file = try await table.file(year: 2021)
        let delete = try await table.deletes([(file, [0])])
        var appendOfDeletes = table.producer()
        appendOfDeletes.addedDeleteFiles = [delete]
        var twice = table.producer()
        twice.addedDataFiles = [file, file]
        var wrongPartition = table.producer()
        var misplaced = file
        misplaced.partition = [.string("2021")]
        wrongPartition.addedDataFiles = [misplaced]
        var wrongSpec = table.producer()
        misplaced.specID = 7
        wrongSpec.addedDataFiles = [misplaced]
        for producer in [appendOfDeletes, twice, wrongPartition, wrongSpec] {
            var producer = producer
            let error = await #expect(throws: IcebergError.self) { try await producer.produce() }
            #expect(error?.code == "commit-invalid")
        }
    }
}

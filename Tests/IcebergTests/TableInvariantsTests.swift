import Iceberg
import LakeModel
import Testing

@Suite struct TableInvariantsTests {
    private func codes(_ table: TestTable) async throws -> Set<String> {
        Set(try await TableInvariants.check(table.metadata, io: table.io).map(\.code))
    }

    @Test func `a sound table has no violations`() async throws {
        var table = try await TestTable()
        #expect(try await codes(table) == [])
        let file = try await table.file(year: 2021)
        try await table.append([file])
        try await table.rowDelta([], deletes: [try await table.deletes([(file, [0])])])
        #expect(try await codes(table) == [])
    }

    @Test func `a file that is live twice is found`() async throws {
        var table = try await TestTable()
        let file = try await table.file(year: 2021)
        try await table.append([file])
        try await table.append([file])
        #expect(try await codes(table) == ["file-live-twice"])
    }

    @Test func `a missing file is found`() async throws {
        var table = try await TestTable()
        try await table.append([try await table.file(year: 2021, stored: false)])
        #expect(try await codes(table) == ["file-missing"])
        let unchecked = try await TableInvariants.check(table.metadata, io: table.io, checksFiles: false)
        #expect(unchecked == [])
    }

    @Test func `wrong totals are found`() async throws {
        var table = try await TestTable()
        try await table.append([try await table.file(year: 2021)])
        table.metadata.snapshots[0].summary["total-records"] = "11"
        table.metadata.snapshots[0].summary["total-position-deletes"] = nil
        let violations = try await TableInvariants.check(table.metadata, io: table.io)
        #expect(violations.map(\.code) == ["total-wrong", "total-wrong"])
    }

    @Test func `a manifest list that says other than its manifests is found`() async throws {
        var table = try await TestTable()
        let produced = try await table.append([try await table.file(year: 2021)])
        var manifest = produced.manifests[0]
        manifest.byteCount += 1
        manifest.addedRowsCount = 3
        manifest.minSequenceNumber = 0
        manifest.partitions?[0].upperBound = BoundsCodec.encode(.int(1), .int)
        var generator = SystemRandomNumberGenerator()
        let bytes = try ManifestList.write(
            [manifest, manifest], snapshotID: produced.snapshot.id, parentID: nil, sequenceNumber: 1,
            using: &generator)
        try await table.io.write("memory://lake/t/metadata/forged.avro", bytes)
        table.metadata.snapshots[0].manifestList = "memory://lake/t/metadata/forged.avro"
        #expect(
            try await codes(table) == [
                "manifest-length-wrong", "manifest-count-wrong", "min-sequence-number-wrong",
                "partition-summary-wrong", "manifest-listed-twice", "file-live-twice", "total-wrong",
            ])
    }

    @Test func `a clock that went back and a ref that dangles are found`() async throws {
        var table = try await TestTable()
        try await table.append([try await table.file(year: 2021)])
        table.metadata.lastUpdatedMilliseconds = 1
        table.metadata.refs["x"] = SnapshotReference(snapshotID: 99, kind: .tag)
        table.metadata.refs["main"] = nil
        table.metadata.lastSequenceNumber = 0
        table.metadata.lastColumnID = 1
        #expect(
            try await codes(table) == [
                "clock-went-back", "ref-dangling", "main-ref-differs", "sequence-number-past-last",
                "last-column-id-too-low",
            ])
    }
}

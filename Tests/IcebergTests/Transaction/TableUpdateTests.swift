import AvroFormat
import Iceberg
import LakeModel
import Testing

@Suite struct TableUpdateTests {
    static let snapshot = Snapshot(
        id: 5, parentID: nil, sequenceNumber: 1, timestampMilliseconds: 2_000, manifestList: "memory://l",
        operation: "append", summary: ["a": "b"], schemaID: 0)

    static let updates: [TableUpdate] = [
        .assignUUID("u"), .upgradeFormatVersion(2), .addSchema(TestTable.schema), .setCurrentSchema(-1),
        .addPartitionSpec(PartitionSpec(id: 1, fields: [PartitionField(sourceID: 3, fieldID: 1001, name: "y")])),
        .setDefaultSpec(-1), .addSortOrder(SortOrder(id: 1, fields: [SortOrder.Field(sourceID: 1)])),
        .setDefaultSortOrder(-1), .addSnapshot(snapshot),
        .setSnapshotRef(name: "main", SnapshotReference(snapshotID: 5)), .removeSnapshots([1, 2]),
        .removeSnapshotRef("t"), .setLocation("memory://x"), .setProperties(["k": "v"]), .removeProperties(["k"]),
        .setStatistics(["snapshot-id": 5]), .removeStatistics(snapshotID: 5),
        .setPartitionStatistics(["snapshot-id": 5]), .removePartitionStatistics(snapshotID: 5),
        .removePartitionSpecs([3]), .removeSchemas([4]),
    ]

    static let requirements: [TableRequirement] = [
        .assertCreate, .assertTableUUID("u"), .assertRefSnapshotID(ref: "main", 5),
        .assertRefSnapshotID(ref: "main", nil), .assertLastAssignedFieldID(3), .assertCurrentSchemaID(0),
        .assertLastAssignedPartitionID(1000), .assertDefaultSpecID(0), .assertDefaultSortOrderID(0),
    ]

    private func metadata() throws -> TableMetadata {
        TableMetadata.new(
            uuid: "u", location: "memory://t", schema: TestTable.schema,
            partitionSpec: try .identity(["year"], in: TestTable.schema), nowMilliseconds: 1_000)
    }

    @Test func `updates and requirements have the catalog's JSON, both ways`() throws {
        for update in Self.updates { #expect(try TableUpdate.parse(update.json) == update) }
        for requirement in Self.requirements { #expect(try TableRequirement.parse(requirement.json) == requirement) }
        #expect(
            TableRequirement.assertRefSnapshotID(ref: "main", nil).json.serializedText
                == #"{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":null}"#)
        #expect(throws: IcebergError.self) { try TableUpdate.parse(["action": "explode"]) }
        #expect(throws: IcebergError.self) { try TableRequirement.parse(["type": "assert-luck"]) }
    }

    @Test func `a list of updates is applied in order`() throws {
        var base = try metadata()
        base.metadataLocation = "memory://t/metadata/00003-a.metadata.json"
        let result = try base.applying(
            [
                .addSchema(
                    Schema(
                        id: -1,
                        fields: TestTable.schema.fields + [SchemaField(id: 4, name: "z", type: .date, required: false)])
                ),
                .setCurrentSchema(-1),
                .addPartitionSpec(
                    PartitionSpec(
                        id: -1,
                        fields: [PartitionField(sourceID: 4, fieldID: 1001, name: "m", transform: .month)])),
                .setDefaultSpec(-1), .addSnapshot(Self.snapshot),
                .setSnapshotRef(name: "main", SnapshotReference(snapshotID: 5)), .setProperties(["a": "1", "b": "2"]),
                .removeProperties(["a"]),
            ], nowMilliseconds: 3_000)
        #expect(result.schema.id == 1 && result.lastColumnID == 4)
        #expect(result.partitionSpec.id == 1 && result.lastPartitionID == 1001)
        #expect(result.lastSequenceNumber == 1 && result.currentSnapshotID == 5)
        #expect(result.snapshotLog == [.init(timestampMilliseconds: 2_000, snapshotID: 5)])
        #expect(result.metadataLog.map(\.location) == ["memory://t/metadata/00003-a.metadata.json"])
        #expect(result.metadataLog.map(\.timestampMilliseconds) == [1_000])
        #expect(result.lastUpdatedMilliseconds == 3_000)
        #expect(result.properties == ["b": "2"])
        #expect(try TableMetadata.parse(result.json()) == result)
    }

    @Test func `a schema, spec or order that is there already is not added twice`() throws {
        let base = try metadata()
        var same = TestTable.schema
        same.id = 9
        let result = try base.applying(
            [.addSchema(same), .setCurrentSchema(-1), .addPartitionSpec(base.partitionSpec), .setDefaultSpec(-1)],
            nowMilliseconds: 3_000)
        #expect(result.schemas == base.schemas && result.partitionSpecs == base.partitionSpecs)
    }

    @Test func `updates that cannot be applied are refused`() throws {
        var base = try metadata()
        let bad: [[TableUpdate]] = [
            [.assignUUID("other")], [.setCurrentSchema(7)], [.setCurrentSchema(-1)], [.setDefaultSpec(7)],
            [.setDefaultSortOrder(7)], [.setSnapshotRef(name: "main", SnapshotReference(snapshotID: 1))],
            [.upgradeFormatVersion(1)], [.upgradeFormatVersion(4)], [.removeSchemas([0])],
            [.removePartitionSpecs([0])], [.addSnapshot(Self.snapshot), .addSnapshot(Self.snapshot)],
            [.addSnapshot(Self.snapshot), .setSnapshotRef(name: "main", SnapshotReference(snapshotID: 5, kind: .tag))],
            [
                .addPartitionSpec(
                    PartitionSpec(
                        id: 1,
                        fields: [PartitionField(sourceID: 2, fieldID: 1001, name: "y", transform: .year)]))
            ],
        ]
        for updates in bad {
            #expect(throws: IcebergError.self) { try base.applying(updates, nowMilliseconds: 3_000) }
        }
        base.lastSequenceNumber = 1
        var late = Self.snapshot
        late.parentID = 4
        let stale = #expect(throws: IcebergError.self) {
            try base.applying([.addSnapshot(late)], nowMilliseconds: 3_000)
        }
        #expect(stale?.code == "requirement-failed" && stale?.isRetryable == true)
        base.lastSequenceNumber = 0
        base.lastUpdatedMilliseconds = 2_000 + 60_001
        #expect(throws: IcebergError.self) {
            try base.applying([.addSnapshot(Self.snapshot)], nowMilliseconds: 3_000)
        }
    }

    @Test func `requirements hold or fail`() throws {
        let base = try metadata()
        for requirement in Self.requirements {
            let holds = requirement != .assertCreate && requirement != .assertRefSnapshotID(ref: "main", 5)
            if holds {
                try requirement.check(base)
            } else {
                let error = #expect(throws: IcebergError.self) { try requirement.check(base) }
                #expect(error?.code == "requirement-failed")
            }
            if requirement == .assertCreate {
                try requirement.check(nil)
            } else {
                #expect(throws: IcebergError.self) { try requirement.check(nil) }
            }
        }
    }

    @Test func `expired snapshots leave the log with all before them`() async throws {
        var table = try await TestTable()
        var ids: [Int64] = []
        for _ in 0..<4 { ids.append(try await table.append([try await table.file(year: 1)]).snapshot.id) }
        let result = try table.metadata.applying(
            [
                .setSnapshotRef(name: "keep", SnapshotReference(snapshotID: ids[1], kind: .tag)),
                .removeSnapshots([ids[2], ids[1]]),
            ],
            nowMilliseconds: table.now)
        #expect(result.snapshots.map(\.id) == [ids[0], ids[3]])
        #expect(result.snapshotLog.map(\.snapshotID) == [ids[3]])
        #expect(result.refs.keys.sorted() == ["main"])
    }

    @Test func `a rollback enters the log with its own time and keeps the snapshots`() async throws {
        var table = try await TestTable()
        let first = try await table.append([try await table.file(year: 1)]).snapshot
        try await table.append([try await table.file(year: 1)])
        let result = try table.metadata.applying(
            [.setSnapshotRef(name: "main", SnapshotReference(snapshotID: first.id))], nowMilliseconds: table.now + 5)
        #expect(result.currentSnapshotID == first.id)
        #expect(result.snapshotLog.last == .init(timestampMilliseconds: table.now + 5, snapshotID: first.id))
        #expect(result.snapshots.count == 2)
    }

    @Test func `the metadata log keeps as many files as the property says`() async throws {
        var table = try await TestTable(properties: [TableMetadata.previousVersionsMaxKey: "3"])
        for _ in 0..<6 { try await table.append([try await table.file(year: 1)]) }
        let locations = table.metadata.metadataLog.map(\.location)
        #expect(locations.count == 3)
        #expect(locations.map { MetadataFile.version(of: $0) } == [3, 4, 5])
        let location = try #require(table.metadata.metadataLocation)
        #expect(MetadataFile.version(of: location) == 6)
        #expect(location.contains("/metadata/00006-"))
        let read = try await MetadataFile.read(location, io: table.io)
        #expect(read == table.metadata)
    }

    @Test(
        arguments: [
            ("s3://b/t/metadata/00012-x.metadata.json", 12), ("v7.metadata.json", 7), ("00001-x.gz.metadata.json", 1),
            ("v2.metadata.json.gz", 2), ("x.metadata.json", nil), ("00001-x.json", nil),
            ("99999999999999999999-x.metadata.json", nil),
        ] as [(String, Int?)])
    func `a metadata file's version is in its name`(_ location: String, _ version: Int?) {
        #expect(MetadataFile.version(of: location) == version)
    }

    @Test func `metadata that another engine compressed is read`() async throws {
        // gzip of {"format-version":3} and nothing else: enough to see that it was unpacked.
        let bytes: [UInt8] = [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xAB, 0x56, 0x4A, 0xCB, 0x2F, 0xCA, 0x4D, 0x2C,
            0xD1, 0x2D, 0x4B, 0x2D, 0x2A, 0xCE, 0xCC, 0xCF, 0x53, 0xB2, 0x32, 0xAE, 0x05, 0x00, 0x9B, 0x00, 0x37, 0x12,
            0x14, 0x00, 0x00, 0x00,
        ]
        let io = MemoryFileIO()
        try await io.write("memory://00000-a.gz.metadata.json", bytes)
        let error = await #expect(throws: IcebergError.self) {
            try await MetadataFile.read("memory://00000-a.gz.metadata.json", io: io)
        }
        #expect(error?.code == "table-metadata-invalid")
    }

    @Test func `no update changes nothing`() throws {
        let base = try metadata()
        #expect(try base.applying([], nowMilliseconds: 9_000) == base)
    }

    @Test func `snapshot ids are positive and new`() {
        var generator = SystemRandomNumberGenerator()
        var seen: Set<Int64> = []
        for _ in 0..<1000 {
            let id = SnapshotID.random(using: &generator, avoiding: seen)
            #expect(id > 0 && seen.insert(id).inserted)
        }
        struct Repeating: RandomNumberGenerator {
            var values: [UInt64] = [7, 7, 8]
            mutating func next() -> UInt64 { values.isEmpty ? 9 : values.removeFirst() }
        }
        var repeating = Repeating()
        let taken = SnapshotID.random(using: &repeating)
        repeating = Repeating()
        #expect(SnapshotID.random(using: &repeating, avoiding: [taken]) != taken)
    }
}

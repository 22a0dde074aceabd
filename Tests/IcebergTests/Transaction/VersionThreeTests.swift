import AvroFormat
import Iceberg
import LakeModel
import Testing

/// Tables of format version 3, which the catalog keeps for other engines.
struct VersionThreeTests {
    private static let schema: JSONValue = [
        "type": "struct", "schema-id": 0,
        "fields": [
            ["id": 1, "name": "a", "required": true, "type": "int", "initial-default": 12, "write-default": 10],
            [
                "id": 2, "name": "s", "required": false,
                "type": [
                    "type": "struct",
                    "fields": [
                        ["id": 3, "name": "d", "required": true, "type": "double", "initial-default": .number("19.25")]
                    ],
                ],
            ],
        ],
    ]

    private func created(version: Int = 3) throws -> TableMetadata {
        try TableMetadata.creating(
            schema: try SchemaJSON.parse(Self.schema), partitionSpec: nil, sortOrder: nil, location: "memory://t",
            properties: ["format-version": "\(version)"], nowMilliseconds: 1_000)
    }

    private func snapshot(_ id: Int64, first: Int64?, rows: Int64? = 5, sequence: Int64 = 1) -> Snapshot {
        var snapshot = Snapshot(
            id: id, parentID: nil, sequenceNumber: sequence, timestampMilliseconds: 2_000, manifestList: "memory://l",
            operation: "append", summary: [:], schemaID: 0)
        snapshot.firstRowID = first
        snapshot.addedRows = rows
        return snapshot
    }

    @Test func `defaults of columns are kept, at any depth`() throws {
        let table = try created()
        #expect(table.formatVersion == 3 && table.nextRowID == 0)
        let read = try TableMetadata.parse(table.json())
        #expect(read.schemas == table.schemas && read.nextRowID == 0)
        #expect(SchemaJSON.json(read.schema)["fields"] == Self.schema["fields"])
    }

    @Test func `version 2 has no place for initial defaults`() throws {
        #expect(throws: IcebergError.self) { try created(version: 2) }
        let table = try TableMetadata.creating(
            schema: Schema(id: 0, fields: [SchemaField(id: 1, name: "a", type: .int, required: true)]),
            partitionSpec: nil, sortOrder: nil, location: "memory://t", properties: [:], nowMilliseconds: 1_000)
        let adding: [TableUpdate] = [.addSchema(try SchemaJSON.parse(Self.schema)), .setCurrentSchema(-1)]
        #expect(throws: IcebergError.self) { try table.applying(adding, nowMilliseconds: 2_000) }
        let upgraded = try table.applying([.upgradeFormatVersion(3)] + adding, nowMilliseconds: 2_000)
        #expect(upgraded.formatVersion == 3 && upgraded.nextRowID == 0 && upgraded.schemas.count == 2)
    }

    @Test func `rows get ids that no other row has`() throws {
        var table = try created().applying([.addSnapshot(snapshot(1, first: 0))], nowMilliseconds: 2_000)
        #expect(table.nextRowID == 5)
        table = try table.applying([.addSnapshot(snapshot(2, first: 7, sequence: 2))], nowMilliseconds: 3_000)
        #expect(table.nextRowID == 12)
        let read = try TableMetadata.parse(table.json())
        #expect(read.snapshots == table.snapshots && read.nextRowID == 12)
        for (first, rows, code) in [
            (11 as Int64?, 1 as Int64?, "requirement-failed"), (nil, 1, "table-update-invalid"),
            (12, nil, "table-update-invalid"), (12, -1, "table-update-invalid"),
            (Int64.max, 1, "table-update-invalid"),
        ] {
            let error = #expect(throws: IcebergError.self) {
                try table.applying(
                    [.addSnapshot(snapshot(3, first: first, rows: rows, sequence: 3))], nowMilliseconds: 4_000)
            }
            #expect(error?.code == code, "\(first ?? -1), \(rows ?? -1)")
        }
    }

    @Test func `scans refuse what they would read wrongly`() async throws {
        let scan = TableScan(metadata: try created(), io: MemoryFileIO())
        let error = await #expect(throws: IcebergError.self) { try await scan.plan() }
        #expect(error?.code == "iceberg-unsupported")
    }
}

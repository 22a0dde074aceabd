import AvroFormat
import CatalogService
import Foundation
import GatewayHTTP
import Iceberg
import LakeModel
import ObjectStorage
import Testing

/// A table of the catalog that tests commit files to, which are named and never written.
private struct PlannedTable {
    let harness: CatalogHarness
    let client: CatalogClient
    let io: any FileIO
    static let path = "/namespaces/ns/tables/t"

    init(_ harness: CatalogHarness, _ client: CatalogClient) async throws {
        self.harness = harness
        self.client = client
        io = ObjectStoreFileIO(harness.objects)
        try await client.createNamespace()
        let schema: JSON = [
            "type": "struct",
            "fields": [
                ["id": 1, "name": "id", "type": "long", "required": true],
                ["id": 2, "name": "day", "type": "date", "required": false],
            ],
        ]
        let spec: JSON = ["fields": [["source-id": 2, "field-id": 1000, "name": "day", "transform": "identity"]]]
        try await client.post(
            "/namespaces/ns/tables", ["name": "t", "schema": schema, "partition-spec": spec]
        ).ok()
    }

    var metadata: TableMetadata {
        get async throws {
            let loaded = try await client.get(Self.path).ok()
            return try TableMetadata.parse(loaded["metadata"] ?? .null, from: loaded["metadata-location"]?.text)
        }
    }

    func file(_ name: String, day: Int32, ids: ClosedRange<Int64>) -> DataFile {
        var file = DataFile(
            location: "\(harness.warehouse)/ns/data/\(name).parquet", partition: [.int(day)],
            recordCount: Int64(ids.count), byteCount: 100)
        file.valueCounts = [1: file.recordCount, 2: file.recordCount]
        file.nullValueCounts = [1: 0, 2: 0]
        file.lowerBounds = [1: BoundsCodec.encode(.long(ids.lowerBound), .long)]
        file.upperBounds = [1: BoundsCodec.encode(.long(ids.upperBound), .long)]
        file.splitOffsets = [4]
        return file
    }

    /// Commits files in one snapshot, whose id is returned.
    @discardableResult func commit(
        _ files: [DataFile], deletes: [DataFile] = [], operation: SnapshotProducer.Operation = .append
    ) async throws -> Int64 {
        var producer = SnapshotProducer(
            base: try await metadata, io: io, snapshotID: Int64.random(in: 1...(1 << 60)),
            nowMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000), operation: operation)
        producer.addedDataFiles = files
        producer.addedDeleteFiles = deletes
        producer.mergesManifests = false
        let produced = try await producer.produce()
        try await client.commit(produced.requirements.map(\.json), produced.updates.map(\.json)).ok()
        return producer.snapshotID
    }

    func plan(_ body: JSON) async throws -> Reply { try await client.post(Self.path + "/plan", body) }

    /// The names of the data files of an answer.
    static func names(_ reply: Reply) -> [String] {
        (reply["file-scan-tasks"]?.array ?? []).compactMap { task in
            task["data-file"]?["file-path"]?.text?.split(separator: "/").last.map { String($0.dropLast(8)) }
        }.sorted()
    }
}

@Suite struct IcebergPlanTests {
    private static func table(
        _ backing: CatalogHarness.Backing = .memory, _ test: @escaping @Sendable (PlannedTable) async throws -> Void
    ) async throws {
        let harness = try await CatalogHarness(backing)
        try await harness.run { client in try await test(try await PlannedTable(harness, client)) }
    }

    private static func equal(_ column: String, _ value: JSON) -> JSON {
        ["type": "eq", "term": .string(column), "value": value]
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `files are left out by partition and by bounds, and the others are told as they are`(
        backing: CatalogHarness.Backing
    ) async throws {
        try await Self.table(backing) { table in
            let empty = try await table.plan([:]).ok()
            #expect(empty["status"] == "completed" && empty["file-scan-tasks"] == [] && empty["delete-files"] == nil)
            try await table.commit([
                table.file("a", day: 18_000, ids: 1...10), table.file("b", day: 18_001, ids: 11...20),
            ])
            try await table.commit([table.file("c", day: 18_001, ids: 21...30)])
            let all = try await table.plan([:]).ok()
            #expect(PlannedTable.names(all) == ["a", "b", "c"] && all["plan-tasks"] == nil)
            #expect(all["plan-id"]?.text?.isEmpty == false)
            let day = try await table.plan(["filter": Self.equal("day", "2019-04-15")]).ok()
            #expect(PlannedTable.names(day) == ["b", "c"])
            let both: JSON = [
                "type": "and", "left": Self.equal("day", "2019-04-15"),
                "right": ["type": "gt", "term": "id", "value": 20],
            ]
            let one = try await table.plan(["filter": both, "stats-fields": ["id"], "select": ["id", "day"]]).ok()
            let file = one["file-scan-tasks"]?.array?.first?["data-file"]
            #expect(PlannedTable.names(one) == ["c"])
            #expect(
                file?["content"] == "data" && file?["file-format"] == "parquet" && file?["partition"] == ["2019-04-15"])
            #expect(file?["spec-id"] == 0 && file?["record-count"] == 10 && file?["file-size-in-bytes"] == 100)
            #expect(file?["lower-bounds"] == ["keys": [1], "values": ["1500000000000000"]])
            #expect(file?["value-counts"] == ["keys": [1], "values": [10]] && file?["split-offsets"] == [4])
            #expect(day["file-scan-tasks"]?.array?.first?["data-file"]?["lower-bounds"] == nil)
        }
    }

    @Test func `deletes come with the files that they apply to, each once`() async throws {
        try await Self.table { table in
            let files = [table.file("a", day: 18_000, ids: 1...10), table.file("b", day: 18_000, ids: 11...20)]
            try await table.commit(files)
            let rows = try #require(PositionDeletes.rows([files[0].location: [1], files[1].location: [2]]))
            let delete = DataFile.positionDeletes(
                rows, location: "\(table.harness.warehouse)/ns/data/d.parquet", byteCount: 10, specID: 0,
                partition: files[0].partition)
            try await table.commit([], deletes: [delete], operation: .overwrite)
            try await table.commit([table.file("c", day: 18_000, ids: 21...30)])
            let plan = try await table.plan([:]).ok()
            let deletes = plan["delete-files"]?.array ?? []
            #expect(deletes.count == 1 && deletes.first?["content"] == "position-deletes")
            let references = (plan["file-scan-tasks"]?.array ?? []).map { task in
                (task["data-file"]?["file-path"]?.text?.hasSuffix("c.parquet"), task["delete-file-references"])
            }
            #expect(references.filter { $0.0 == true }.allSatisfy { $0.1 == nil })
            #expect(references.filter { $0.0 == false }.map { $0.1 } == [[0], [0]])
        }
    }

    @Test func `an older snapshot and what was appended since are planned`() async throws {
        try await Self.table { table in
            let first = try await table.commit([table.file("a", day: 18_000, ids: 1...10)])
            let second = try await table.commit([table.file("b", day: 18_001, ids: 11...20)])
            let third = try await table.commit([table.file("c", day: 18_001, ids: 21...30)])
            #expect(PlannedTable.names(try await table.plan(["snapshot-id": .integer(first)]).ok()) == ["a"])
            let range: JSON = ["start-snapshot-id": .integer(first), "end-snapshot-id": .integer(third)]
            #expect(PlannedTable.names(try await table.plan(range).ok()) == ["b", "c"])
            let filtered: JSON = [
                "start-snapshot-id": .integer(first), "end-snapshot-id": .integer(third),
                "filter": Self.equal("id", 12),
            ]
            #expect(PlannedTable.names(try await table.plan(filtered).ok()) == ["b"])
            try await table.plan(["start-snapshot-id": .integer(third), "end-snapshot-id": .integer(second)])
                .fails(400, "BadRequestException", "Starting snapshot")
            try await table.plan(["start-snapshot-id": 5, "end-snapshot-id": .integer(second)])
                .fails(400, "BadRequestException", "Cannot find snapshot with ID 5")
        }
    }

    @Test func `names are those of the table, or of the snapshot when the client says so`() async throws {
        try await Self.table { table in
            let first = try await table.commit([table.file("a", day: 18_000, ids: 1...10)])
            let renamed: JSON = [
                "type": "struct", "schema-id": 1,
                "fields": [
                    ["id": 1, "name": "number", "type": "long", "required": true],
                    ["id": 2, "name": "day", "type": "date", "required": false],
                ],
            ]
            try await table.client.commit(
                [], [["action": "add-schema", "schema": renamed], ["action": "set-current-schema", "schema-id": -1]]
            ).ok()
            let id: JSON = .integer(first)
            #expect(PlannedTable.names(try await table.plan(["filter": Self.equal("number", 5)]).ok()) == ["a"])
            #expect(
                PlannedTable.names(
                    try await table.plan(["filter": Self.equal("NUMBER", 50), "case-sensitive": false]).ok()) == [])
            try await table.plan(["snapshot-id": id, "filter": Self.equal("id", 5)])
                .fails(400, "BadRequestException", "Cannot parse filter: Cannot find field 'id'")
            let own: JSON = ["snapshot-id": id, "filter": Self.equal("id", 5), "use-snapshot-schema": true]
            #expect(PlannedTable.names(try await table.plan(own).ok()) == ["a"])
        }
    }

    @Test func `a large scan is answered in parts, and each part holds other files`() async throws {
        try await Self.table { table in
            let perManifest = LakehouseCatalog.scanFilesMax / 2 + 1
            for manifest in 0..<3 {
                try await table.commit(
                    (0..<perManifest).map { index in
                        table.file("\(manifest)-\(index)", day: Int32(18_000 + manifest), ids: 1...10)
                    })
            }
            let plan = try await table.plan([:]).ok()
            let tasks = plan["plan-tasks"]?.array?.compactMap(\.text) ?? []
            #expect(tasks.count == 1)
            var names = PlannedTable.names(plan)
            for task in tasks {
                let part = try await table.client.post(PlannedTable.path + "/tasks", ["plan-task": .string(task)]).ok()
                #expect(part["status"] == nil && part["plan-id"] == nil)
                names += PlannedTable.names(part)
            }
            #expect(names.count == 3 * perManifest && Set(names).count == names.count)
            // Whatever is committed since, the scan stays that of its snapshot.
            try await table.commit([table.file("late", day: 18_009, ids: 1...1)])
            let again = try await table.client.post(PlannedTable.path + "/tasks", ["plan-task": .string(tasks[0])]).ok()
            #expect(!PlannedTable.names(again).contains("late"))
            let id = plan["plan-id"]?.text ?? ""
            try await table.client.delete(PlannedTable.path + "/plan/\(id)").ok(204)
            try await table.client.post(PlannedTable.path + "/tasks", ["plan-task": .string(tasks[0])])
                .fails(404, "NoSuchPlanTaskException", "Cannot find plan task")
        }
    }

    @Test func `a plan is told again until it is called off`() async throws {
        try await Self.table { table in
            try await table.commit([table.file("a", day: 18_000, ids: 1...10)])
            let plan = try await table.plan([:]).ok()
            let path = PlannedTable.path + "/plan/" + (plan["plan-id"]?.text ?? "")
            let again = try await table.client.get(path).ok()
            #expect(again["status"] == "completed" && again["file-scan-tasks"] == plan["file-scan-tasks"])
            try await table.client.delete(path).ok(204)
            for reply in [try await table.client.get(path), try await table.client.delete(path)] {
                reply.fails(404, "NoSuchPlanIdException", "Cannot find scan plan")
            }
        }
    }

    @Test func `what can't be planned is refused with a reason`() async throws {
        try await Self.table { table in
            let first = try await table.commit([table.file("a", day: 18_000, ids: 1...10)])
            let bodies: [(JSON, String)] = [
                (["snapshot-id": 5], "the table has no snapshot 5"),
                (["snapshot-id": "x"], "Invalid scan: snapshot-id is of a wrong type"),
                (
                    ["snapshot-id": .integer(first), "start-snapshot-id": 1, "end-snapshot-id": 2],
                    "Invalid scan: Either"
                ),
                (["start-snapshot-id": .integer(first)], "Invalid scan: Either"),
                (["filter": .null], "Invalid scan: filter is null"),
                (["filter": Self.equal("none", 1)], "Cannot parse filter: Cannot find field 'none'"),
                (["filter": Self.equal("day", "soon")], "Cannot parse filter: \"soon\" is no value of column day"),
                (["select": ["none"]], "Cannot find field 'none'"),
                (["stats-fields": [1]], "Invalid scan: stats-fields"),
            ]
            for (body, message) in bodies { try await table.plan(body).fails(400, "BadRequestException", message) }
            let none = "/namespaces/ns/tables/none"
            for path in ["/plan", "/tasks"] {
                try await table.client.post(none + path, ["plan-task": "00"])
                    .fails(404, "NoSuchTableException", "Table does not exist: ns.none")
            }
            try await table.client.get(none + "/plan/x").fails(404, "NoSuchTableException", "Table does not exist")
            for task in ["", "zz", "00", "7b7d"] {
                try await table.client.post(PlannedTable.path + "/tasks", ["plan-task": .string(task)])
                    .fails(404, "NoSuchPlanTaskException", "Cannot find plan task")
            }
            try await table.client.post(PlannedTable.path + "/tasks", [:]).fails(
                400, "BadRequestException", "Malformed")
        }
    }
}

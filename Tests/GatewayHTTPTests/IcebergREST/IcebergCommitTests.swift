import AvroFormat
import CatalogService
import Foundation
import GatewayHTTP
import LakeTesting
import ObjectStorage
import Testing

@Suite struct IcebergCommitTests {
    /// Asked for each time: a snapshot may be only so much older than the last change of its table.
    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    private static func table(
        _ harness: CatalogHarness, _ test: @escaping @Sendable (CatalogClient) async throws -> Void
    )
        async throws
    {
        try await harness.run { client in
            try await client.createNamespace()
            try await client.createTable()
            try await test(client)
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `each requirement that doesn't hold is a lost race that says what changed`(backing: CatalogHarness.Backing)
        async throws
    {
        try await Self.table(try await CatalogHarness(backing)) { client in
            let uuid = try await client.load()["table-uuid"]?.text ?? ""
            try await client.commit(
                [CatalogClient.expectsRef(nil)],
                CatalogClient.append(CatalogClient.snapshot(1, sequence: 1, time: Self.now), id: 1)
            ).ok()
            let other = "00000000-0000-4000-8000-000000000000"
            let cases: [(JSON, String)] = [
                (["type": "assert-create"], "table already exists"),
                (
                    ["type": "assert-table-uuid", "uuid": .string(other)],
                    "UUID does not match: expected \(uuid) != \(other)"
                ),
                (CatalogClient.expectsRef(2), "branch main has changed: expected id 2 != 1"),
                (CatalogClient.expectsRef(nil), "branch main was created concurrently"),
                (CatalogClient.expectsRef(1, "x"), "branch or tag x is missing, expected 1"),
                (
                    ["type": "assert-last-assigned-field-id", "last-assigned-field-id": 1],
                    "last assigned field id changed: expected id 1 != 2"
                ),
                (
                    ["type": "assert-current-schema-id", "current-schema-id": 1],
                    "current schema changed: expected id 1 != 0"
                ),
                (
                    ["type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 1000],
                    "last assigned partition id changed: expected id 1000 != 999"
                ),
                (
                    ["type": "assert-default-spec-id", "default-spec-id": 1],
                    "default partition spec changed: expected id 1 != 0"
                ),
                (
                    ["type": "assert-default-sort-order-id", "default-sort-order-id": 1],
                    "default sort order changed: expected id 1 != 0"
                ),
            ]
            let change: [JSON] = [["action": "set-properties", "updates": ["a": "b"]]]
            for (requirement, message) in cases {
                try await client.commit([requirement], change)
                    .fails(409, "CommitFailedException", "Requirement failed: \(message)")
            }
            #expect(try await client.load()["properties"]?["a"] == nil)
            try await client.commit("none", [], change).fails(
                404, "NoSuchTableException", "Table does not exist: ns.none")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `every update is applied, and what it leads to is shown`(backing: CatalogHarness.Backing) async throws {
        try await Self.table(try await CatalogHarness(backing)) { client in
            func apply(_ updates: JSON...) async throws -> JSON {
                try await client.commit([], updates).ok()["metadata"] ?? .null
            }
            let wider: JSON = [
                "type": "struct", "schema-id": 1,
                "fields": [
                    ["id": 1, "name": "id", "type": "long", "required": true],
                    ["id": 2, "name": "data", "type": "string", "required": false],
                    ["id": 3, "name": "more", "type": "double", "required": false],
                ],
            ]
            var metadata = try await apply(
                ["action": "add-schema", "schema": wider, "last-column-id": 3],
                ["action": "set-current-schema", "schema-id": -1])
            #expect(metadata["current-schema-id"] == 1 && metadata["last-column-id"] == 3)
            let field: JSON = ["source-id": 1, "field-id": 1000, "name": "b", "transform": "bucket[4]"]
            metadata = try await apply(
                ["action": "add-spec", "spec": ["spec-id": -1, "fields": [field]]],
                ["action": "set-default-spec", "spec-id": -1],
                ["action": "set-properties", "updates": ["k": "v", "gone": "x"]],
                ["action": "remove-properties", "removals": ["gone"]])
            #expect(metadata["default-spec-id"] == 1 && metadata["last-partition-id"] == 1000)
            #expect(metadata["properties"]?["k"] == "v" && metadata["properties"]?["gone"] == nil)
            let sort: JSON = ["source-id": 3, "transform": "identity", "direction": "desc", "null-order": "nulls-last"]
            metadata = try await apply(
                ["action": "add-sort-order", "sort-order": ["order-id": -1, "fields": [sort]]],
                ["action": "set-default-sort-order", "sort-order-id": -1],
                ["action": "set-current-schema", "schema-id": 0], ["action": "remove-schemas", "schema-ids": [1]],
                ["action": "set-default-spec", "spec-id": 0], ["action": "remove-partition-specs", "spec-ids": [1]])
            #expect(metadata["default-sort-order-id"] == 1 && metadata["partition-specs"]?.array?.count == 1)
            #expect(metadata["schemas"]?.array?.count == 1)
            let added = CatalogClient.append(CatalogClient.snapshot(1, sequence: 1, time: Self.now), id: 1)
            metadata =
                try await client.commit(
                    [],
                    added + [
                        [
                            "action": "set-snapshot-ref", "ref-name": "v1", "type": "tag", "snapshot-id": 1,
                            "max-ref-age-ms": 1000,
                        ]
                    ]
                ).ok()["metadata"] ?? .null
            #expect(metadata["current-snapshot-id"] == 1 && metadata["refs"]?["v1"]?["max-ref-age-ms"] == 1000)
            let statistics: JSON = [
                "snapshot-id": 1, "statistics-path": "file:///lake/warehouse/ns/t/s.puffin", "file-size-in-bytes": 1,
                "file-footer-size-in-bytes": 1, "blob-metadata": [],
            ]
            metadata = try await apply(["action": "set-statistics", "snapshot-id": 1, "statistics": statistics])
            #expect(metadata["statistics"] == [statistics])
            metadata = try await apply(
                ["action": "remove-statistics", "snapshot-id": 1],
                ["action": "remove-snapshot-ref", "ref-name": "v1"])
            #expect(metadata["statistics"] == [] && metadata["refs"]?["v1"] == nil)
            metadata = try await apply(
                ["action": "remove-snapshot-ref", "ref-name": "main"],
                ["action": "remove-snapshots", "snapshot-ids": [1]])
            #expect(metadata["snapshots"] == [] && metadata["current-snapshot-id"]?.integer == nil)
            try await client.commit([], [["action": "assign-uuid", "uuid": "other"]])
                .fails(400, "IllegalArgumentException", "the table's UUID")
            try await client.commit([], [["action": "set-location", "location": "file:///etc/t"]])
                .fails(400, "BadRequestException", "Invalid location")
            try await client.commit([], [["action": "unheard-of"]]).fails(
                400, "BadRequestException", "the table update")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a change whose requirements hold is applied to what others have made of the table`(
        backing: CatalogHarness.Backing
    ) async throws {
        try await Self.table(try await CatalogHarness(backing)) { client in
            let snapshot = CatalogClient.append(CatalogClient.snapshot(1, sequence: 1, time: Self.now), id: 1)
            try await client.commit([CatalogClient.expectsRef(nil)], snapshot).ok()
            // Built on the table as it was before the snapshot; it asks for nothing that has changed since.
            try await client.commit(
                [["type": "assert-current-schema-id", "current-schema-id": 0]],
                [["action": "set-properties", "updates": ["a": "b"]]]
            ).ok()
            let metadata = try await client.load()
            #expect(metadata["properties"]?["a"] == "b" && metadata["current-snapshot-id"] == 1)
            #expect(metadata["metadata-log"]?.array?.count == 2)
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `many commits at once all take place, one after the other`(backing: CatalogHarness.Backing) async throws {
        let writers = 16
        let each = 10
        try await Self.table(try await CatalogHarness(backing)) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<writers {
                    group.addTask {
                        for round in 0..<each {
                            let key = "w\(writer)-\(round)"
                            let reply = try await client.commit(
                                [], [["action": "set-properties", "updates": .object(JSONObject([(key, "x")]))]]
                            ).ok()
                            #expect(reply["metadata"]?["properties"]?[key] == "x")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let metadata = try await client.load()
            let wanted = (0..<writers).flatMap { writer in (0..<each).map { "w\(writer)-\($0)" } }
            let stored = metadata["properties"]?.object?.keys ?? []
            #expect(Set(wanted).subtracting(stored).isEmpty)
            let log = metadata["metadata-log"]?.array?.compactMap { $0["metadata-file"]?.text } ?? []
            #expect(Set(log).count == log.count && log.count <= 100)
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `of snapshots that race for a branch one wins each round, and the history stays a line`(
        backing: CatalogHarness.Backing
    ) async throws {
        try await Self.table(try await CatalogHarness(backing)) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<8 {
                    group.addTask {
                        var done: Int64 = 0
                        while done < 5 {
                            let metadata = try await client.load()
                            let parent = metadata["current-snapshot-id"]?.integer
                            let sequence = (metadata["last-sequence-number"]?.integer ?? 0) + 1
                            let id = Int64(writer + 1) * 100 + done
                            let snapshot = CatalogClient.snapshot(
                                id, parent: parent, sequence: sequence, time: Self.now + 1_000)
                            let reply = try await client.commit(
                                [CatalogClient.expectsRef(parent)], CatalogClient.append(snapshot, id: id))
                            try #require(reply.status == 200 || reply.status == 409, "\(reply.text)")
                            if reply.status == 200 { done += 1 }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let metadata = try await client.load()
            let snapshots = metadata["snapshots"]?.array ?? []
            #expect(snapshots.count == 40)
            for (before, after) in zip(snapshots, snapshots.dropFirst()) {
                #expect(after["parent-snapshot-id"] == before["snapshot-id"])
            }
            #expect(metadata["snapshot-log"]?.array?.count == 40)
        }
    }

    /// Of two replacements of a table at once the second was built before the first had taken its number.
    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a snapshot that begins a history may come late with its number, and no other may`(
        backing: CatalogHarness.Backing
    ) async throws {
        try await Self.table(try await CatalogHarness(backing)) { client in
            try await client.commit(
                [], CatalogClient.append(CatalogClient.snapshot(1, sequence: 1, time: Self.now), id: 1)
            )
            .ok()
            try await client.commit(
                [], CatalogClient.append(CatalogClient.snapshot(2, sequence: 1, time: Self.now), id: 2)
            )
            .ok()
            let metadata = try await client.load()
            #expect(metadata["current-snapshot-id"] == 2 && metadata["last-sequence-number"] == 1)
            let late = CatalogClient.snapshot(3, parent: 2, sequence: 1, time: Self.now)
            try await client.commit([], CatalogClient.append(late, id: 3))
                .fails(409, "CommitFailedException", "sequence number 1 is not past the table's last, 1")
        }
    }

    @Test func `of commits that wait together the losers find what they lost to`() async throws {
        let harness = try await CatalogHarness(.disk)
        try await Self.table(harness) { client in
            // Whoever is refused loads the table at once, and must not find the state that it was refused for.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<8 {
                    group.addTask {
                        var known: Int64?
                        var sequence: Int64 = 1
                        for round in 0..<6 {
                            let id = Int64(1 + writer * 100 + round)
                            let snapshot = CatalogClient.snapshot(id, parent: known, sequence: sequence, time: Self.now)
                            let reply = try await client.commit(
                                [CatalogClient.expectsRef(known)], CatalogClient.append(snapshot, id: id))
                            #expect(reply.status == 200 || reply.status == 409, "\(reply.text)")
                            let now = try await client.get("/namespaces/ns/tables/t?snapshots=refs").ok()["metadata"]
                            #expect(reply.status == 200 || now?["current-snapshot-id"]?.integer != known)
                            known = now?["current-snapshot-id"]?.integer
                            sequence = (now?["last-sequence-number"]?.integer ?? 0) + 1
                        }
                    }
                }
                try await group.waitForAll()
            }
            let metadata = try await client.load()
            let snapshots = metadata["snapshots"]?.array ?? []
            let parents = snapshots.map { $0["parent-snapshot-id"]?.integer }
            #expect(parents == [nil] + snapshots.dropLast().map { $0["snapshot-id"]?.integer })
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `old metadata files go when the table asks for it`(backing: CatalogHarness.Backing) async throws {
        let harness = try await CatalogHarness(backing)
        try await Self.table(harness) { client in
            try await client.commit(
                [],
                [
                    [
                        "action": "set-properties",
                        "updates": [
                            "write.metadata.delete-after-commit.enabled": "true",
                            "write.metadata.previous-versions-max": "2",
                        ],
                    ]
                ]
            ).ok()
            for index in 0..<6 {
                try await client.commit([], [["action": "set-properties", "updates": ["n": .string("\(index)")]]]).ok()
                let files = try await harness.objects.list(prefix: "warehouse/ns/", after: nil, limit: 99).map(\.key)
                #expect(files.count <= 3)
            }
            #expect(try await client.load()["metadata-log"]?.array?.count == 2)
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a transaction changes all its tables or none`(backing: CatalogHarness.Backing) async throws {
        try await Self.table(try await CatalogHarness(backing)) { client in
            try await client.createTable("u")
            func change(_ name: String, _ requirements: [JSON], _ value: String) -> JSON {
                [
                    "identifier": ["namespace": ["ns"], "name": .string(name)], "requirements": .array(requirements),
                    "updates": [["action": "set-properties", "updates": ["a": .string(value)]]],
                ]
            }
            let path = "/transactions/commit"
            try await client.post(path, ["table-changes": [change("t", [], "1"), change("u", [], "1")]]).ok(204)
            try await client.post(
                path, ["table-changes": [change("t", [], "2"), change("u", [CatalogClient.expectsRef(7)], "2")]]
            ).fails(409, "CommitFailedException", "Requirement failed: branch or tag main is missing, expected 7")
            try await client.post(path, ["table-changes": [change("t", [], "2"), change("none", [], "2")]])
                .fails(404, "NoSuchTableException", "Table does not exist: ns.none")
            try await client.post(path, ["table-changes": [change("t", [], "2"), change("t", [], "3")]])
                .fails(400, "BadRequestException", "Invalid transaction: a table stands twice")
            for name in ["t", "u"] { #expect(try await client.load(name)["properties"]?["a"] == "1") }
        }
    }

    @Test func `a commit whose answer was lost is looked for before it is told as unknown`() async throws {
        let harness = try await CatalogHarness()
        let store = try #require(harness.store as? MemoryCatalogStore)
        try await Self.table(harness) { client in
            let lost = CatalogError(code: "commit-state-unknown", message: "lost")
            store.hooks.setAfter { _ in throw lost }
            try await client.commit([], [["action": "set-properties", "updates": ["a": "b"]]]).ok()
            store.hooks.setAfter(nil)
            store.hooks.setBefore { _ in throw lost }
            try await client.commit([], [["action": "set-properties", "updates": ["a": "c"]]])
                .fails(500, "CommitStateUnknownException", "lost")
            store.hooks.setBefore(nil)
            #expect(try await client.load()["properties"]?["a"] == "b")
        }
    }
}

import AvroFormat
import Foundation
import GatewayHTTP
import Testing

@Suite struct IcebergViewTests {
    private static let views = "/namespaces/ns/views"

    private static func version(
        _ id: Int64 = 1, schema: Int64 = 0, _ queries: [(String, String)] = [("spark", "select * from ns.tbl")]
    ) -> JSON {
        [
            "version-id": .integer(id), "timestamp-ms": .integer(1_700_000_000_000 + id), "schema-id": .integer(schema),
            "summary": ["engine-name": "spark"], "default-namespace": ["ns"],
            "representations": .array(
                queries.map { ["type": "sql", "dialect": .string($0.0), "sql": .string($0.1)] }),
        ]
    }

    private static func body(
        _ name: String = "v", _ version: JSON = version(), properties: JSON = ["a": "b"], location: JSON = .null
    ) -> JSON {
        [
            "name": .string(name), "schema": CatalogClient.schema, "view-version": version, "properties": properties,
            "location": location,
        ]
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a view is created, listed, loaded and dropped`(backing: CatalogHarness.Backing) async throws {
        let harness = try await CatalogHarness(backing)
        try await harness.run { client in
            try await client.post(Self.views, Self.body())
                .fails(404, "NoSuchNamespaceException", "Namespace does not exist: ns")
            try await client.createNamespace()
            #expect(try await client.head(Self.views + "/v") == 404)
            let made = try await client.post(Self.views, Self.body()).ok()
            let metadata = made["metadata"]
            #expect(metadata?["current-version-id"] == 1 && metadata?["format-version"] == 1)
            #expect(metadata?["versions"]?.array?.first?["schema-id"] == 0)
            #expect(metadata?["version-log"]?.array?.count == 1 && metadata?["properties"] == ["a": "b"])
            #expect(metadata?["location"]?.text?.hasPrefix(harness.warehouse + "/ns/v-") == true)
            #expect(try await client.get(Self.views + "/v").ok().text == made.text)
            #expect(try await client.head(Self.views + "/v") == 204)
            let identifiers: JSON = [["namespace": ["ns"], "name": "v"]]
            #expect(try await client.get(Self.views).ok()["identifiers"] == identifiers)
            #expect(try await client.get("/namespaces/ns/tables").ok()["identifiers"] == [])
            try await client.post(Self.views, Self.body())
                .fails(409, "AlreadyExistsException", "View already exists: ns.v")
            try await client.delete(Self.views + "/v").ok(204)
            for reply in [try await client.get(Self.views + "/v"), try await client.delete(Self.views + "/v")] {
                reply.fails(404, "NoSuchViewException", "View does not exist: ns.v")
            }
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `tables and views keep out of each other's way`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            try await client.createTable("table")
            try await client.post(Self.views, Self.body("view")).ok()
            try await client.post(Self.views, Self.body("table"))
                .fails(409, "AlreadyExistsException", "Table with same name already exists: ns.table")
            try await client.post("/namespaces/ns/tables", ["name": "view", "schema": CatalogClient.schema])
                .fails(409, "AlreadyExistsException", "View with same name already exists: ns.view")
            try await client.commit("view", [["type": "assert-create"]], [])
                .fails(409, "AlreadyExistsException", "View with same name already exists: ns.view")
            func rename(_ kind: String, _ from: String, _ to: String) async throws -> Reply {
                try await client.post(
                    "/\(kind)/rename",
                    [
                        "source": ["namespace": ["ns"], "name": .string(from)],
                        "destination": ["namespace": ["ns"], "name": .string(to)],
                    ])
            }
            try await rename("views", "view", "table")
                .fails(409, "AlreadyExistsException", "Cannot rename ns.view to ns.table. Table already exists")
            try await rename("tables", "table", "view")
                .fails(409, "AlreadyExistsException", "Cannot rename ns.table to ns.view. View already exists")
            try await rename("views", "none", "x").fails(404, "NoSuchViewException", "View does not exist: ns.none")
            try await rename("views", "view", "moved").ok(204)
            #expect(try await client.head(Self.views + "/moved") == 204)
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a view is replaced by new versions`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            let made = try await client.post(Self.views, Self.body()).ok()["metadata"] ?? .null
            let uuid: JSON = ["type": "assert-view-uuid", "uuid": made["view-uuid"] ?? .null]
            func commit(_ requirements: [JSON], _ updates: JSON...) async throws -> Reply {
                try await client.post(
                    Self.views + "/v", ["requirements": .array(requirements), "updates": .array(updates)])
            }
            let second = Self.version(2, schema: -1, [("spark", "select 1")])
            var wider = CatalogClient.schema
            if case .object(let object) = wider {
                wider = .object(JSONObject(object.members.map { ($0.key, $0.key == "fields" ? [] : $0.value) }))
            }
            let replaced = try await commit(
                [uuid], ["action": "add-schema", "schema": wider],
                ["action": "add-view-version", "view-version": second],
                ["action": "set-current-view-version", "view-version-id": -1]
            ).ok()["metadata"]
            #expect(replaced?["current-version-id"] == 2 && replaced?["versions"]?.array?.count == 2)
            #expect(replaced?["versions"]?.array?.last?["schema-id"] == 1 && replaced?["schemas"]?.array?.count == 2)
            #expect(replaced?["version-log"]?.array?.compactMap { $0["version-id"]?.integer } == [1, 2])
            // One that was built on the first version comes behind the second.
            let third = Self.version(2, [("spark", "select 2")])
            let rebased = try await commit(
                [uuid], ["action": "add-view-version", "view-version": third],
                ["action": "set-current-view-version", "view-version-id": -1]
            ).ok()["metadata"]
            #expect(rebased?["current-version-id"] == 3)
            try await commit([["type": "assert-view-uuid", "uuid": "other"]])
                .fails(409, "CommitFailedException", "Requirement failed: view UUID does not match")
            try await commit(
                [], ["action": "add-view-version", "view-version": Self.version(9, [("trino", "1"), ("Trino", "2")])]
            ).fails(
                400, "IllegalArgumentException", "Invalid view version: Cannot add multiple queries for dialect trino")
            try await commit(
                [], ["action": "add-view-version", "view-version": Self.version(9, [("trino", "select 1")])],
                ["action": "set-current-view-version", "view-version-id": -1]
            ).fails(400, "IllegalArgumentException", "Cannot replace view due to loss of view dialects")
            let other: JSON = [
                "action": "add-view-version", "view-version": Self.version(9, [("trino", "select 1")]),
            ]
            let current: JSON = ["action": "set-current-view-version", "view-version-id": -1]
            let allows: JSON = ["action": "set-properties", "updates": ["replace.drop-dialect.allowed": "true"]]
            try await commit([], allows, other, current).ok()
            try await commit([], ["action": "remove-properties", "removals": ["replace.drop-dialect.allowed"]]).ok()
            try await commit([], ["action": "set-properties", "updates": ["c": "d"]]).ok()
            try await commit([], ["action": "remove-properties", "removals": ["a"]]).ok()
            #expect(try await client.get(Self.views + "/v").ok()["metadata"]?["properties"] == ["c": "d"])
            try await commit([], ["action": "set-location", "location": "file:///etc/v"])
                .fails(400, "BadRequestException", "Invalid location")
            try await client.post(Self.views + "/none", ["updates": []])
                .fails(404, "NoSuchViewException", "View does not exist: ns.none")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a view keeps as many versions as its property says`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            try await client.post(Self.views, Self.body(properties: ["version.history.num-entries": "3"])).ok()
            var metadata: JSON?
            for index in 2...6 {
                let version = Self.version(Int64(index), [("spark", "select \(index)")])
                metadata = try await client.post(
                    Self.views + "/v",
                    [
                        "updates": [
                            ["action": "add-view-version", "view-version": version],
                            ["action": "set-current-view-version", "view-version-id": -1],
                        ]
                    ]
                ).ok()["metadata"]
            }
            #expect(metadata?["versions"]?.array?.compactMap { $0["version-id"]?.integer } == [4, 5, 6])
            #expect(metadata?["version-log"]?.array?.compactMap { $0["version-id"]?.integer } == [4, 5, 6])
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a view is registered by its metadata file`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            let made = try await client.post(Self.views, Self.body()).ok()
            let body: JSON = ["name": "v", "metadata-location": made["metadata-location"] ?? .null]
            try await client.post("/namespaces/ns/register-view", body)
                .fails(409, "AlreadyExistsException", "View already exists: ns.v")
            try await client.delete(Self.views + "/v").ok(204)
            #expect(try await client.post("/namespaces/ns/register-view", body).ok().text == made.text)
            try await client.post(
                "/namespaces/ns/register-view", ["name": "w", "metadata-location": "file:///etc/passwd"]
            ).fails(400, "BadRequestException", "Invalid location")
        }
    }
}

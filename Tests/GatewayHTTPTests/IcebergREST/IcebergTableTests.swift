import AvroFormat
import CatalogService
import Foundation
import GatewayHTTP
import HTTPTypes
import ObjectStorage
import Testing

@Suite struct IcebergTableTests {
    private static let tables = "/namespaces/ns/tables"

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a table is created with ids of the catalog's own, loaded and dropped`(
        backing: CatalogHarness.Backing
    ) async throws {
        let harness = try await CatalogHarness(backing)
        try await harness.run { client in
            try await client.post(Self.tables, ["name": "t", "schema": CatalogClient.schema])
                .fails(404, "NoSuchNamespaceException", "Namespace does not exist: ns")
            try await client.createNamespace()
            let made = try await client.post(
                Self.tables,
                [
                    "name": "t", "schema": CatalogClient.schema,
                    "partition-spec": [
                        "spec-id": 7,
                        "fields": [
                            ["source-id": 3, "field-id": 2000, "name": "id_bucket", "transform": "bucket[16]"]
                        ],
                    ],
                    "write-order": [
                        "order-id": 9,
                        "fields": [
                            ["source-id": 4, "transform": "identity", "direction": "asc", "null-order": "nulls-first"]
                        ],
                    ], "properties": ["owner": "me", "format-version": "2"],
                ]
            ).ok()
            let metadata = made["metadata"]
            let fields = metadata?["schemas"]?.array?.first?["fields"]?.array ?? []
            #expect(fields.compactMap { $0["id"]?.integer } == [1, 2])
            #expect(metadata?["last-column-id"] == 2 && metadata?["format-version"] == 2)
            let spec = metadata?["partition-specs"]?.array?.first?["fields"]?.array?.first
            #expect(spec?["source-id"] == 1 && spec?["field-id"] == 1000)
            let order = metadata?["sort-orders"]?.array?.first
            #expect(order?["order-id"] == 1 && order?["fields"]?.array?.first?["source-id"] == 2)
            #expect(metadata?["properties"]?["owner"] == "me" && metadata?["properties"]?["format-version"] == nil)
            #expect(metadata?["location"]?.text?.hasPrefix(harness.warehouse + "/ns/t-") == true)
            let loaded = try await client.get(Self.tables + "/t").ok()
            #expect(loaded["metadata"] == metadata && loaded["metadata-location"] == made["metadata-location"])
            #expect(loaded["config"]?.object != nil)
            try await client.post(Self.tables, ["name": "t", "schema": CatalogClient.schema])
                .fails(409, "AlreadyExistsException", "Table already exists: ns.t")
            #expect(try await client.head(Self.tables + "/t") == 204)
            try await client.delete(Self.tables + "/t").ok(204)
            #expect(try await client.head(Self.tables + "/t") == 404)
            try await client.get(Self.tables + "/t").fails(404, "NoSuchTableException", "Table does not exist: ns.t")
            try await client.delete(Self.tables + "/t").fails(404, "NoSuchTableException", "Table does not exist: ns.t")
            try await client.get("/namespaces/none/tables")
                .fails(404, "NoSuchNamespaceException", "Namespace does not exist: none")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `nested fields get ids level by level`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            let inner: JSON = [
                "type": "struct", "fields": [["id": 10, "name": "x", "required": false, "type": "int"]],
            ]
            let reply = try await client.post(
                Self.tables,
                [
                    "name": "t",
                    "schema": [
                        "type": "struct", "identifier-field-ids": [21],
                        "fields": [
                            ["id": 20, "name": "s", "required": false, "type": inner],
                            ["id": 21, "name": "k", "required": true, "type": "long"],
                        ],
                    ],
                ]
            ).ok()
            let schema = reply["metadata"]?["schemas"]?.array?.first
            let fields = schema?["fields"]?.array ?? []
            #expect(fields.compactMap { $0["id"]?.integer } == [1, 2])
            #expect(fields.first?["type"]?["fields"]?.array?.first?["id"] == 3)
            #expect(schema?["identifier-field-ids"] == [2])
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a table is refused for what is wrong with its request`(backing: CatalogHarness.Backing) async throws {
        let harness = try await CatalogHarness(backing)
        try await harness.run { client in
            try await client.createNamespace()
            func create(_ members: [(String, JSON)]) async throws -> Reply {
                let base: [(String, JSON)] = [("name", "t"), ("schema", CatalogClient.schema)]
                let given = Set(members.map(\.0))
                return try await client.post(
                    Self.tables, .object(JSONObject(base.filter { !given.contains($0.0) } + members)))
            }
            for location in [
                "file:///etc/t", "s3://bucket/t", "/lake/warehouse/../t", harness.warehouse,
                harness.warehouse + "2/t",
                "http://127.0.0.1/t", harness.warehouse + "/%2e%2e/t",
            ] {
                try await create([("location", .string(location))])
                    .fails(400, "BadRequestException", "Invalid location: \(location)")
            }
            try await create([("properties", ["write.metadata.path": "file:///etc"])])
                .fails(400, "BadRequestException", "Invalid location")
            try await create([("schema", ["type": "struct"])]).fails(
                400, "BadRequestException", "a schema has no fields")
            try await create([("name", "")]).fails(400, "BadRequestException", "Invalid name")
            let fields: JSON = [["source-id": 99, "field-id": 1000, "name": "x", "transform": "identity"]]
            try await create([("partition-spec", ["spec-id": 0, "fields": fields])])
                .fails(400, "IllegalArgumentException", "Cannot find source column for partition field x: 99")
            #expect(try await client.get(Self.tables).ok()["identifiers"] == [])
            // Other spellings of a place inside are inside.
            let path = String(harness.warehouse.dropFirst("file://".count))
            for (index, location) in ["file:\(path)/a", "file://localhost\(path)/b", path + "/c/"].enumerated() {
                try await create([("name", .string("t\(index)")), ("location", .string(location))]).ok()
            }
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a staged table is created by the commit that asserts it`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            let staged = try await client.post(
                Self.tables, ["name": "t", "schema": CatalogClient.schema, "stage-create": true]
            ).ok()
            #expect(staged["metadata-location"] == nil)
            #expect(try await client.head(Self.tables + "/t") == 404)
            let metadata = staged["metadata"] ?? .null
            let updates: [JSON] = [
                ["action": "assign-uuid", "uuid": metadata["table-uuid"] ?? .null],
                ["action": "upgrade-format-version", "format-version": 2],
                ["action": "add-schema", "schema": metadata["schemas"]?.array?.first ?? .null],
                ["action": "set-current-schema", "schema-id": -1],
                ["action": "add-spec", "spec": ["spec-id": 0, "fields": []]],
                ["action": "set-default-spec", "spec-id": -1],
                ["action": "add-sort-order", "sort-order": ["order-id": 0, "fields": []]],
                ["action": "set-default-sort-order", "sort-order-id": -1],
                ["action": "set-location", "location": metadata["location"] ?? .null],
                ["action": "set-properties", "updates": ["k": "v"]],
            ]
            let create: JSON = ["type": "assert-create"]
            try await client.commit([create, CatalogClient.expectsRef(nil)], updates)
                .fails(400, "BadRequestException", "Invalid create requirements")
            let made = try await client.commit([create], updates).ok()
            #expect(made["metadata"]?["table-uuid"] == metadata["table-uuid"])
            #expect(try await client.load()["properties"]?["k"] == "v")
            try await client.commit([create], updates)
                .fails(409, "CommitFailedException", "Requirement failed: table already exists")
            try await client.commit("other", in: "none", [create], updates)
                .fails(404, "NoSuchNamespaceException", "Namespace does not exist: none")
            try await client.commit("other", [create], [["action": "set-location", "location": "file:///etc/x"]])
                .fails(400, "BadRequestException", "")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a table is renamed, also into another namespace`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            try await client.createNamespace("other")
            func rename(_ from: String, _ to: String, _ namespace: String = "ns") async throws -> Reply {
                try await client.post(
                    "/tables/rename",
                    [
                        "source": ["namespace": ["ns"], "name": .string(from)],
                        "destination": ["namespace": [.string(namespace)], "name": .string(to)],
                    ])
            }
            try await rename("t", "u").fails(404, "NoSuchTableException", "Table does not exist: ns.t")
            let made = try await client.createTable()
            try await client.createTable("u")
            try await rename("t", "u")
                .fails(409, "AlreadyExistsException", "Cannot rename ns.t to ns.u. Table already exists")
            try await rename("t", "u", "none").fails(404, "NoSuchNamespaceException", "Namespace does not exist: none")
            try await rename("t", "moved", "other").ok(204)
            let moved = try await client.get("/namespaces/other/tables/moved").ok()
            #expect(moved["metadata-location"] == made["metadata-location"])
            #expect(try await client.head(Self.tables + "/t") == 404)
            // The next table of that name has a place of its own.
            let next = try await client.createTable()
            #expect(next["metadata"]?["location"] != made["metadata"]?["location"])
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a table is registered by a metadata file inside the warehouse`(backing: CatalogHarness.Backing) async throws {
        let harness = try await CatalogHarness(backing)
        try await harness.run { client in
            try await client.createNamespace()
            let made = try await client.createTable()
            let location = made["metadata-location"] ?? .null
            let body: JSON = ["name": "t", "metadata-location": location]
            try await client.post("/namespaces/ns/register", body)
                .fails(409, "AlreadyExistsException", "Table already exists: ns.t")
            try await client.delete(Self.tables + "/t").ok(204)
            let registered = try await client.post("/namespaces/ns/register", body).ok()
            #expect(registered["metadata"] == made["metadata"] && registered["metadata-location"] == location)
            let changed = try await client.commit([], [["action": "set-properties", "updates": ["a": "b"]]]).ok()
            #expect(changed["metadata"]?["properties"]?["a"] == "b")
            try await client.post(
                "/namespaces/ns/register", ["name": "t", "metadata-location": location, "overwrite": true]
            ).ok()
            #expect(try await client.load()["properties"]?["a"] == nil)
            for outside in ["file:///etc/passwd", "http://169.254.169.254/latest", "\(harness.warehouse)/../x"] {
                try await client.post("/namespaces/ns/register", ["name": "x", "metadata-location": .string(outside)])
                    .fails(400, "BadRequestException", "Invalid location")
            }
            let missing = "\(harness.warehouse)/ns/none.metadata.json"
            try await client.post("/namespaces/ns/register", ["name": "x", "metadata-location": .string(missing)])
                .fails(404, "NotFoundException", "Failed to open input stream for file: \(missing)")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a purge deletes the table's own metadata and a drop leaves it`(backing: CatalogHarness.Backing) async throws {
        let harness = try await CatalogHarness(backing)
        try await harness.run { client in
            try await client.createNamespace()
            for (option, left) in [("", 2), ("?purgeRequested=true", 2)] {
                try await client.createTable()
                try await client.commit([], [["action": "set-properties", "updates": ["a": "b"]]]).ok()
                try await client.delete(Self.tables + "/t" + option).ok(204)
                let files = try await harness.objects.list(prefix: "warehouse/ns/", after: nil, limit: 99)
                #expect(files.count == left, "\(files.map(\.key))")
            }
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a metadata file that is gone is told as such`(backing: CatalogHarness.Backing) async throws {
        let harness = try await CatalogHarness(backing)
        try await harness.run { client in
            try await client.createNamespace()
            let location = try await client.createTable()["metadata-location"]?.text ?? ""
            try await harness.objects.delete(String(location.dropFirst(harness.objects.locationPrefix.count + 1)))
            for query in ["", "?snapshots=refs"] {
                try await client.get(Self.tables + "/t" + query)
                    .fails(404, "NotFoundException", "Failed to open input stream for file: \(location)")
            }
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `an entity tag spares a client what it has, for each choice of snapshots`(backing: CatalogHarness.Backing)
        async throws
    {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            try await client.createTable()
            let path = Self.tables + "/t"
            let all = try await client.get(path).ok().header("ETag") ?? ""
            let refs = try await client.get(path + "?snapshots=refs").ok().header("ETag") ?? ""
            #expect(!all.isEmpty && all != refs)
            let same = try await client.get(path, headers: ["If-None-Match": "\"x\", \(all)"])
            #expect(same.status == 304 && same.text.isEmpty && same.header("ETag") == all)
            try await client.get(path, headers: ["If-None-Match": refs]).ok()
            let changed = try await client.commit([], [["action": "set-properties", "updates": ["a": "b"]]]).ok()
            let next = try await client.get(path, headers: ["If-None-Match": all]).ok().header("ETag")
            #expect(next == changed.header("ETag") && next != all)
            try await client.get(path + "?snapshots=some").fails(400, "BadRequestException", "Invalid snapshots")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `credentials are none, and metrics are taken`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            try await client.createTable()
            let path = Self.tables + "/t"
            #expect(try await client.get(path + "/credentials").ok()["storage-credentials"] == [])
            try await client.post(path + "/metrics", ["report-type": "scan-report"]).ok(204)
            try await client.get(Self.tables + "/none/credentials").fails(404, "NoSuchTableException", "Table does not")
        }
    }
}

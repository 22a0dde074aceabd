import Access
import AvroFormat
import CatalogService
import Foundation
import GatewayHTTP
import HTTPTypes
import Iceberg
import ObjectStorage
import Testing

struct IcebergAccessTests {
    private static let token = "sales-sales-sales-sales"
    private static let bearer = ["Authorization": "Bearer \(token)"]
    private static let admin = ["Authorization": "Bearer admin-admin-admin-admin"]

    private func authentication() throws -> TokenAuthentication {
        func credential(_ token: String, _ grants: [String]) throws -> Credential {
            Credential(
                name: String(token.prefix(5)), tokenHash: Credential.hash(token: token.utf8), accessKeyID: nil,
                grants: try grants.map { try Grant(parsing: $0) })
        }
        return TokenAuthentication(
            AccessRegistry(
                try AccessBook([
                    try credential(Self.token, ["write:sales", "read:shared.public"]),
                    try credential("admin-admin-admin-admin", ["write:*"]),
                ])))
    }

    private static func table(_ name: String, location: String? = nil, properties: JSON = [:]) -> JSON {
        var members: [(String, JSON)] = [
            ("name", .string(name)), ("schema", CatalogClient.schema), ("properties", properties),
        ]
        if let location { members.append(("location", .string(location))) }
        return .object(JSONObject(members))
    }

    @Test func `a list shows the namespaces that may be read, and what they lie in`() async throws {
        try await CatalogHarness().run(authentication: try authentication()) { client in
            for levels: [JSON] in [["sales"], ["shared"], ["shared", "public"], ["shared", "secret"], ["other"]] {
                try await client.post("/namespaces", ["namespace": .array(levels)], headers: Self.admin).ok()
            }
            let top = try await client.get("/namespaces", headers: Self.bearer).ok()
            #expect(top["namespaces"] == [["sales"], ["shared"]])
            let inside = try await client.get("/namespaces?parent=shared", headers: Self.bearer).ok()
            #expect(inside["namespaces"] == [["shared", "public"]])
            try await client.get("/namespaces/shared%1Fpublic", headers: Self.bearer).ok()
            try await client.get("/namespaces/shared%1Fsecret", headers: Self.bearer)
                .fails(403, "ForbiddenException", "the access token may not read")
            try await client.post("/namespaces", ["namespace": ["sales", "new"]], headers: Self.bearer).ok()
            try await client.post("/namespaces", ["namespace": ["salesnew"]], headers: Self.bearer)
                .fails(403, "ForbiddenException", "the access token may not write")
        }
    }

    @Test func `no location opens the files of another namespace`() async throws {
        let harness = try await CatalogHarness()
        try await harness.run(authentication: try authentication()) { client in
            for name in ["sales", "other"] {
                try await client.post("/namespaces", ["namespace": [.string(name)]], headers: Self.admin).ok()
            }
            let other = try await client.post(
                "/namespaces/other/tables", Self.table("t"), headers: Self.admin
            ).ok()
            let tables = "/namespaces/sales/tables"
            let stolen = try #require(other["metadata-location"])
            try await client.post(
                "/namespaces/sales/register", ["name": "stolen", "metadata-location": stolen], headers: Self.bearer
            ).fails(403, "ForbiddenException", "the access token may not place anything")
            let elsewhere = harness.warehouse + "/other/x"
            for body in [
                Self.table("a", location: elsewhere),
                Self.table("a", properties: ["write.data.path": .string(elsewhere)]),
                Self.table("a", properties: ["write.metadata.path": .string(elsewhere)]),
                Self.table("a", location: harness.warehouse + "/sales/../other/x"),
                Self.table("a", location: harness.warehouse + "/sales"),
            ] {
                try await client.post(tables, body, headers: Self.bearer).fails(403, "ForbiddenException", "")
            }
            let mine = try await client.post(tables, Self.table("mine"), headers: Self.bearer).ok()
            try await client.post(
                tables, Self.table("placed", location: harness.warehouse + "/sales/placed"), headers: Self.bearer
            ).ok()
            for update: JSON in [
                ["action": "set-location", "location": .string(elsewhere)],
                ["action": "set-properties", "updates": ["write.data.path": .string(elsewhere)]],
            ] {
                try await client.commit("mine", in: "sales", [], [update], headers: Self.bearer)
                    .fails(403, "ForbiddenException", "")
                try await client.post(
                    "/transactions/commit",
                    [
                        "table-changes": [
                            [
                                "identifier": ["namespace": ["sales"], "name": "mine"], "requirements": [],
                                "updates": .array([update]),
                            ]
                        ]
                    ], headers: Self.bearer
                ).fails(403, "ForbiddenException", "")
            }
            try await client.post(
                "/namespaces/sales/properties", ["updates": ["location": .string(elsewhere)]], headers: Self.bearer
            ).fails(403, "ForbiddenException", "")
            #expect(mine["metadata-location"]?.text?.hasPrefix(harness.warehouse + "/sales/") == true)
        }
    }

    @Test func `a crafted metadata file can't be registered, nor purge what is not its own`() async throws {
        let harness = try await CatalogHarness()
        try await harness.run(authentication: try authentication()) { client in
            for name in ["sales", "other"] {
                try await client.post("/namespaces", ["namespace": [.string(name)]], headers: Self.admin).ok()
            }
            let other = try await client.post("/namespaces/other/tables", Self.table("t"), headers: Self.admin).ok()
            // The other table's metadata, written where this token may write.
            let crafted = "warehouse/sales/mine/metadata/00000-a.metadata.json"
            let location = try #require(other["metadata-location"]?.text)
            let prefix = harness.objects.locationPrefix + "/"
            let bytes = try await harness.objects.get(String(location.dropFirst(prefix.count)), bytesMax: 1 << 20)
            try await harness.objects.put(crafted, bytes: bytes, ifAbsent: true)
            let body: JSON = ["name": "mine", "metadata-location": .string(prefix + crafted)]
            try await client.post("/namespaces/sales/register", body, headers: Self.bearer)
                .fails(403, "ForbiddenException", "the access token may not place anything")
            // Somebody with every right has registered it: the token still purges nothing outside its folder.
            try await client.post("/namespaces/sales/register", body, headers: Self.admin).ok()
            try await client.call(
                .delete, "/namespaces/sales/tables/mine?purgeRequested=true", headers: Self.bearer
            ).fails(403, "ForbiddenException", "")
            #expect(try await harness.objects.info(String(location.dropFirst(prefix.count))) != nil)
        }
    }

    @Test func `rename and transactions need the right over every table that they touch`() async throws {
        try await CatalogHarness().run(authentication: try authentication()) { client in
            for name in ["sales", "other"] {
                try await client.post("/namespaces", ["namespace": [.string(name)]], headers: Self.admin).ok()
                try await client.post("/namespaces/\(name)/tables", Self.table("t"), headers: Self.admin).ok()
            }
            func name(_ namespace: String, _ name: String) -> JSON {
                ["namespace": [.string(namespace)], "name": .string(name)]
            }
            for (source, destination) in [("sales", "other"), ("other", "sales")] {
                try await client.post(
                    "/tables/rename", ["source": name(source, "t"), "destination": name(destination, "u")],
                    headers: Self.bearer
                ).fails(403, "ForbiddenException", "")
            }
            let change: JSON = ["action": "set-properties", "updates": ["a": "b"]]
            let body: JSON = [
                "table-changes": .array(
                    ["sales", "other"].map {
                        ["identifier": name($0, "t"), "requirements": [], "updates": [change]]
                    })
            ]
            // A replay of somebody else's answer is no way around.
            let key = ["Idempotency-Key": "018f3c5e-0000-7000-8000-000000000001"]
            try await client.post("/transactions/commit", body, headers: Self.admin.merging(key) { $1 }).ok(204)
            try await client.post("/transactions/commit", body, headers: Self.bearer.merging(key) { $1 })
                .fails(403, "ForbiddenException", "")
            try await client.post(
                "/tables/rename", ["source": name("sales", "t"), "destination": name("sales", "u")],
                headers: Self.bearer
            ).ok(204)
        }
    }

    @Test func `client credentials are a token's name and the token`() async throws {
        try await CatalogHarness().run(authentication: try authentication()) { client in
            for (id, status) in [("sales", 200), ("", 200), ("admin", 401), ("nobody", 401)] {
                let reply = try await client.form(
                    "grant_type=client_credentials&client_id=\(id)&client_secret=\(Self.token)")
                #expect(reply.status == status, "\(id)")
            }
        }
    }

    @Test func `a table comes with the settings of who asks, and its tag tells them apart`() async throws {
        let harness = try await CatalogHarness()
        var configuration = IcebergConfiguration()
        configuration.storage = StorageAccess(prefix: "s3://lake/") { principal, host in
            ["s3.access-key-id": principal.name ?? "", "s3.endpoint": "http://\(host ?? "none")"]
        }
        let authentication = try authentication()
        let routes = IcebergRoutes(
            catalog: harness.catalog, configuration: configuration, authentication: authentication
        ).routes
        try await Harness(authentication: authentication, routes: routes).run { raw in
            let client = CatalogClient(client: raw)
            try await client.post("/namespaces", ["namespace": ["sales"]], headers: Self.admin).ok()
            let path = "/namespaces/sales/tables"
            let made = try await client.post(path, Self.table("t"), headers: Self.bearer).ok()
            #expect(made["config"]?["s3.access-key-id"] == "sales")
            let first = try await client.get(path + "/t", headers: Self.bearer).ok()
            #expect(first["config"]?["s3.access-key-id"] == "sales")
            let tag = try #require(first.header("ETag"))
            let known = ["If-None-Match": tag]
            #expect(try await client.get(path + "/t", headers: Self.bearer.merging(known) { $1 }).status == 304)
            let other = try await client.get(path + "/t", headers: Self.admin.merging(known) { $1 }).ok()
            #expect(other["config"]?["s3.access-key-id"] == "admin")
            let keys = try await client.get(path + "/t/credentials", headers: Self.bearer).ok()
            #expect(keys["storage-credentials"]?.array?.first?["prefix"] == "s3://lake/")
            #expect(keys["storage-credentials"]?.array?.first?["config"]?["s3.access-key-id"] == "sales")
        }
    }
}

import AvroFormat
import Foundation
import GatewayHTTP
import HTTPTypes
import Testing

@Suite struct IcebergNamespaceTests {
    @Test(arguments: CatalogHarness.Backing.allCases)
    func `config names the endpoints and how long an idempotency key holds`(backing: CatalogHarness.Backing)
        async throws
    {
        try await CatalogHarness(backing).run { client in
            let reply = try await client.get("/config?warehouse=anything").ok()
            let endpoints = reply["endpoints"]?.array?.compactMap(\.text) ?? []
            #expect(endpoints.contains("POST /v1/{prefix}/transactions/commit"))
            #expect(endpoints.contains("GET /v1/{prefix}/namespaces/{namespace}/views"))
            #expect(!endpoints.contains { $0.contains("functions") || $0.contains("sign") })
            #expect(reply["idempotency-key-lifetime"]?.text == "PT24H")
            #expect(reply["defaults"]?.object != nil && reply["overrides"]?.object != nil)
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a namespace is made, shown, asked for and dropped`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            #expect(try await client.head("/namespaces/ns") == 404)
            let made = try await client.post("/namespaces", ["namespace": ["ns"], "properties": ["a": "b"]]).ok()
            #expect(made["namespace"] == ["ns"] && made["properties"] == ["a": "b"])
            try await client.post("/namespaces", ["namespace": ["ns"]])
                .fails(409, "AlreadyExistsException", "Namespace already exists: ns")
            #expect(try await client.head("/namespaces/ns") == 204)
            #expect(try await client.get("/namespaces/ns").ok()["properties"] == ["a": "b"])
            try await client.createTable()
            try await client.delete("/namespaces/ns")
                .fails(409, "NamespaceNotEmptyException", "Namespace ns is not empty")
            try await client.delete("/namespaces/ns/tables/t").ok(204)
            try await client.delete("/namespaces/ns").ok(204)
            for reply in [try await client.get("/namespaces/ns"), try await client.delete("/namespaces/ns")] {
                reply.fails(404, "NoSuchNamespaceException", "Namespace does not exist: ns")
            }
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `nested namespaces are told with the unit separator and listed below their parent`(
        backing: CatalogHarness.Backing
    ) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.post("/namespaces", ["namespace": ["a", "b.c", "d/e"]]).ok()
            #expect(try await client.get("/namespaces").ok()["namespaces"] == [["a"]])
            #expect(try await client.get("/namespaces?parent=").ok()["namespaces"] == [["a"]])
            #expect(try await client.get("/namespaces?parent=a").ok()["namespaces"] == [["a", "b.c"]])
            let inner = try await client.get("/namespaces?parent=a%1Fb.c").ok()
            #expect(inner["namespaces"] == [["a", "b.c", "d/e"]])
            #expect(try await client.get("/namespaces/a%1Fb.c%1Fd%2Fe").ok()["namespace"] == ["a", "b.c", "d/e"])
            try await client.get("/namespaces?parent=none")
                .fails(404, "NoSuchNamespaceException", "Namespace does not exist: none")
            try await client.createTable("t x", in: "a%1Fb.c")
            // Java encodes a space as a plus sign.
            for name in ["t%20x", "t+x"] {
                #expect(try await client.head("/namespaces/a%1Fb.c/tables/\(name)") == 204)
            }
            try await client.get("/namespaces/a%1Fb.c/tables/none")
                .fails(404, "NoSuchTableException", "Table does not exist: a.b.c.none")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `names that mean nothing or too much are refused`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            for levels in [[], [""], ["a\u{1F}b"], ["a\n"], [String(repeating: "n", count: 256)]] as [[String]] {
                try await client.post("/namespaces", ["namespace": .array(levels.map { .string($0) })])
                    .fails(400, "BadRequestException", "Invalid name")
            }
            try await client.post("/namespaces", ["namespace": "text"])
                .fails(400, "BadRequestException", "Malformed request: namespace")
            try await client.post("/namespaces", ["a"]).fails(400, "BadRequestException", "Malformed request")
            try await client.post("/namespaces", ["namespace": ["x"], "properties": ["location": "file:///etc"]])
                .fails(400, "BadRequestException", "Invalid location: file:///etc")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `properties are set and removed and what was missing is told`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            let path = "/namespaces/ns/properties"
            try await client.post(path, ["updates": ["a": "1", "b": "2"]]).ok()
            let reply = try await client.post(path, ["updates": ["c": "3"], "removals": ["a", "x"]]).ok()
            #expect(reply["updated"] == ["c"] && reply["removed"] == ["a"] && reply["missing"] == ["x"])
            #expect(try await client.get("/namespaces/ns").ok()["properties"] == ["b": "2", "c": "3"])
            try await client.post(path, ["updates": ["a": "1"], "removals": ["a"]])
                .fails(422, "UnprocessableEntityException", "Cannot remove and update the same key: a")
            try await client.post("/namespaces/none/properties", ["updates": ["a": "1"]])
                .fails(404, "NoSuchNamespaceException", "Namespace does not exist: none")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `lists are paged when the client asks for pages`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.createNamespace()
            for index in 0..<5 {
                try await client.createNamespace("n\(index)")
                try await client.createTable("t\(index)")
            }
            for (path, key) in [("/namespaces", "namespaces"), ("/namespaces/ns/tables", "identifiers")] {
                let all = try await client.get(path).ok()
                #expect(all["next-page-token"] == .null)
                var found: [JSON] = []
                var token = ""
                var pages = 0
                while pages < 10 {
                    let page = try await client.get("\(path)?pageToken=\(token)&pageSize=2").ok()
                    found += page[key]?.array ?? []
                    pages += 1
                    guard let next = page["next-page-token"]?.text else { break }
                    token = next
                }
                #expect(pages == 3)
                #expect(.array(found) == all[key])
            }
            try await client.get("/namespaces?pageSize=0").fails(400, "BadRequestException", "Invalid pageSize")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `a path that is not there is told in the catalog's own form`(backing: CatalogHarness.Backing) async throws {
        try await CatalogHarness(backing).run { client in
            try await client.get("/nothing/here").fails(404, "NoSuchEndpointException", "No route for request")
            try await client.get("/namespaces/ns/functions")
                .fails(404, "NoSuchEndpointException", "No route for request")
        }
    }

    @Test func `with tokens every route asks for one, and the token endpoint takes it as the client's secret`()
        async throws
    {
        let token = "0123456789abcdef"
        let authentication = try TokenAuthentication(tokens: ["spark": token])
        try await CatalogHarness().run(authentication: authentication) { client in
            try await client.get("/config").fails(401, "NotAuthorizedException", "")
            let bearer = ["Authorization": "Bearer \(token)"]
            try await client.get("/config", headers: bearer).ok()
            for (secret, status) in [(token, 200), ("wrong", 401)] {
                let reply = try await client.form(
                    "grant_type=client_credentials&client_id=spark&client_secret=\(secret)")
                #expect(reply.status == status)
                #expect(reply["access_token"]?.text == (status == 200 ? token : nil))
                #expect(reply["error"]?.text == (status == 200 ? nil : "invalid_client"))
            }
            #expect(try await client.form("grant_type=password")["error"] == "unsupported_grant_type")
        }
    }

    @Test(arguments: CatalogHarness.Backing.allCases)
    func `without authentication the token endpoint says that none is needed`(backing: CatalogHarness.Backing)
        async throws
    {
        try await CatalogHarness(backing).run { client in
            let reply = try await client.form("grant_type=client_credentials&client_id=a&client_secret=b").ok()
            #expect(reply["access_token"] == "no-authentication" && reply["token_type"] == "bearer")
        }
    }

    @Test func `a separator of the operator's own parts levels in paths and in bodies`() async throws {
        var configuration = IcebergConfiguration()
        configuration.namespaceSeparator = "."
        try await CatalogHarness().run(configuration: configuration) { client in
            let told = try await client.get("/config").ok()["overrides"]?["namespace-separator"]?.text
            #expect(told == "." || told == "%2E")
            try await client.post("/namespaces", ["namespace": ["a.b"]]).ok()
            for path in ["a.b", "a%2Eb", "a%1Fb"] {
                #expect(try await client.get("/namespaces/\(path)").ok()["namespace"] == ["a", "b"])
            }
            #expect(try await client.get("/namespaces").ok()["namespaces"] == [["a"]])
            #expect(try await client.get("/namespaces?parent=a").ok()["namespaces"] == [["a", "b"]])
            try await client.createTable("t", in: "a.b")
            let body: JSON = [
                "source": ["namespace": ["a", "b"], "name": "t"], "destination": ["namespace": ["a.b"], "name": "u"],
            ]
            try await client.post("/tables/rename", body).ok(204)
            #expect(try await client.head("/namespaces/a.b/tables/u") == 204)
            try await client.post("/namespaces", ["namespace": ["a."]]).fails(400, "BadRequestException", "Invalid")
        }
    }
}

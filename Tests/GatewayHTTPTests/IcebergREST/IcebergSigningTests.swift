import Access
import AvroFormat
import CatalogService
import GatewayHTTP
import HTTPTypes
import Testing

@testable import struct GatewayHTTP.EntityTag

/// Signs whatever lies below the namespaces that the sender may read.
struct FakeSigner: StorageSigning {
    func sign(_ request: SigningRequest, for principal: Principal) throws -> SignedRequest {
        let parts = request.uri.split(separator: "/").map(String.init)
        let right: AccessRight = request.method == "GET" ? .read : .write
        guard parts.count > 3, principal.may(right, [parts[3]]) else {
            throw GatewayError(code: "forbidden", message: "the access token may not touch this object")
        }
        let known = request.headers.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
        return SignedRequest(uri: request.uri, headers: [("Authorization", "signed \(known) \(request.body ?? "")")])
    }
}

@Suite struct IcebergSigningTests {
    private static func run(_ test: @escaping @Sendable (CatalogClient) async throws -> Void) async throws {
        let harness = try await CatalogHarness()
        var configuration = IcebergConfiguration()
        configuration.storage = StorageAccess(prefix: "s3://lake/", signer: FakeSigner()) { _, _ in
            ["s3.access-key-id": "id", "s3.secret-access-key": "secret", "s3.endpoint": "http://door"]
        }
        let routes = IcebergRoutes(catalog: harness.catalog, configuration: configuration).routes
        try await Harness(routes: routes).run { raw in
            let client = CatalogClient(client: raw)
            try await client.createNamespace()
            try await client.createTable()
            try await test(client)
        }
    }

    private static func request(_ method: String = "GET", uri: String = "http://door/lake/ns/t") -> JSON {
        [
            "method": .string(method), "uri": .string(uri), "region": "us-east-1",
            "headers": ["Range": ["bytes=0-9"], "Accept": ["a", "b"]],
        ]
    }

    @Test(arguments: ["/aws/s3/sign", "/namespaces/ns/tables/t/sign"])
    func `a request comes back with what the signer adds`(path: String) async throws {
        try await Self.run { client in
            let read = try await client.post(path, Self.request()).ok()
            #expect(read["uri"] == "http://door/lake/ns/t")
            #expect(read["headers"]?["Authorization"] == ["signed Range=bytes=0-9;Accept=a,b "])
            #expect(read.header("Cache-Control") == "private")
            #expect(try await client.post(path, Self.request("PUT")).ok().header("Cache-Control") == "no-cache")
            for body: JSON in [
                [:], ["method": "GET", "uri": "http://door/lake/ns/t", "region": "r"],
                ["method": "GET", "uri": "http://door/lake/ns/t", "region": "r", "headers": ["a": "b"]],
            ] {
                try await client.post(path, body).fails(400, "BadRequestException", "Malformed request")
            }
            guard case .object(var object) = Self.request() else { return }
            object.append("provider", "gcs")
            try await client.post(path, .object(object)).fails(400, "BadRequestException", "Cannot sign")
        }
    }

    @Test func `a table that is not there signs nothing, and config names the address`() async throws {
        try await Self.run { client in
            try await client.post("/namespaces/ns/tables/none/sign", Self.request())
                .fails(404, "NoSuchTableException", "Table does not exist")
            let endpoints = try await client.get("/config").ok()["endpoints"]?.array ?? []
            #expect(endpoints.contains("POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/sign"))
        }
        try await CatalogHarness().run { client in
            try await client.post("/aws/s3/sign", Self.request()).fails(404, "NoSuchEndpointException", "No route")
        }
    }

    @Test func `a client that wants its requests signed gets no keys`() async throws {
        try await Self.run { client in
            let path = "/namespaces/ns/tables/t"
            let signing = ["X-Iceberg-Access-Delegation": "remote-signing"]
            let signed = try await client.get(path, headers: signing).ok()
            #expect(signed["config"]?["s3.access-key-id"] == nil && signed["config"]?["s3.secret-access-key"] == nil)
            #expect(signed["config"]?["s3.remote-signing-enabled"] == "true")
            #expect(signed["config"]?["s3.signer.endpoint"] == "v1/aws/s3/sign")
            #expect(signed["config"]?["s3.endpoint"] == "http://door")
            let keyed = try await client.get(
                path, headers: ["X-Iceberg-Access-Delegation": "vended-credentials,remote-signing"]
            ).ok()
            #expect(keyed["config"]?["s3.access-key-id"] == "id")
            #expect(keyed.header("ETag") != signed.header("ETag"))
        }
    }

    @Test func `keys that end are renewed before they do, and not with every answer`() {
        let now: Int64 = 1_700_000_000_000
        func tag(_ location: String, key: String, end: Int64?) -> EntityTag {
            var settings = ["s3.access-key-id": key, "s3.endpoint": "e"]
            settings["s3.session-token-expires-at-ms"] = end.map { String($0) }
            return EntityTag(location, .all, settings)
        }
        let hour: Int64 = 3_600_000
        let lent = tag("a", key: "1", end: now + hour)
        let renewed = tag("a", key: "2", end: now + 2 * hour)
        #expect(renewed.known(lent.text, nowMilliseconds: now) == lent.text)
        #expect(renewed.known("\"x\", W/\(lent.text)", nowMilliseconds: now) == lent.text)
        #expect(renewed.known(lent.text, nowMilliseconds: now + hour - EntityTag.keyMillisecondsMin + 1) == nil)
        #expect(renewed.known(lent.text, nowMilliseconds: now + hour - EntityTag.keyMillisecondsMin) == lent.text)
        #expect(renewed.known("*", nowMilliseconds: now) == nil)
        #expect(tag("b", key: "1", end: now + hour).known(lent.text, nowMilliseconds: now) == nil)
        let lasting = tag("a", key: "1", end: nil)
        #expect(lasting.known(lasting.text, nowMilliseconds: now) == lasting.text)
        #expect(tag("a", key: "2", end: nil).known(lasting.text, nowMilliseconds: now) == nil)
        #expect(lent.known(lasting.text, nowMilliseconds: now) == nil)
    }
}

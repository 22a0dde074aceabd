import Access
import Foundation
import GatewayHTTP
import HTTPTypes
import HummingbirdTesting
import LakeModel
import NIOCore
import S3Door
import Testing

/// Requests of clients without keys, signed by the catalog and sent to the door.
struct RemoteSignerTests {
    private static func signer(
        _ harness: DoorHarness, isEndpoint: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> RemoteSigner {
        let book = harness.book
        return RemoteSigner(
            bucket: "lake", keyPrefix: "warehouse/", folder: { $0.joined(separator: "/") }, isEndpoint: isEndpoint,
            key: { principal in
                book.accessKey(of: principal).map { RemoteSigner.Key(id: $0.id, secret: $0.secret) }
            }, nowSeconds: { DoorHarness.now })
    }

    private static func principal(_ harness: DoorHarness, _ name: String) throws -> Principal {
        try #require(harness.book.credentials.first { $0.name == name }?.principal)
    }

    private static func request(
        _ method: String, _ target: String, _ headers: [(String, String)] = [], body: String? = nil
    ) -> SigningRequest {
        SigningRequest(
            method: method, uri: "http://localhost\(target)", region: "eu-central-1",
            headers: headers.map { (name: $0.0, value: $0.1) }, body: body)
    }

    /// Has a request signed for somebody and sends it.
    private static func send(
        _ harness: DoorHarness, _ client: DoorClient, as name: String, _ method: HTTPRequest.Method, _ target: String,
        _ headers: [(String, String)] = [], _ body: String = "", shows: Bool = false
    ) async throws -> TestResponse {
        let signed = try signer(harness).sign(
            request(method.rawValue, target, headers, body: shows ? body : nil), for: try principal(harness, name))
        var all = Dictionary(headers, uniquingKeysWith: { $1 })
        for (name, value) in signed.headers { all[name] = value }
        return try await client.raw(method, target, all, Array(body.utf8))
    }

    @Test func `the door takes what was signed`() async throws {
        let harness = try DoorHarness()
        try await harness.run { client in
            let key = "/lake/warehouse/sales/a%20b+%C3%A9=1/x.parquet"
            let put = try await Self.send(
                harness, client, as: "sales", .put, key, [("Content-MD5", "/RW5TOADQb4tslt3rF4Udw==")], "")
            #expect(put.status.code == 400, "the door looks at the checksum that was signed")
            for (method, headers, body) in [
                (HTTPRequest.Method.put, [("x-amz-meta-a", "b")], "text"), (.get, [("Range", "bytes=1-2")], ""),
                (.head, [], ""),
            ] {
                let answer = try await Self.send(harness, client, as: "sales", method, key, headers, body)
                #expect((200..<300).contains(answer.status.code), "\(method): \(String(buffer: answer.body))")
                if method == .get { #expect(String(buffer: answer.body) == "ex") }
            }
            let list = try await Self.send(
                harness, client, as: "sales", .get, "/lake?list-type=2&prefix=warehouse%2Fsales%2F")
            #expect(String(buffer: list.body).contains("x.parquet"))
            let xml = "<Delete><Object><Key>warehouse/sales/a b+é=1/x.parquet</Key></Object></Delete>"
            let gone = try await Self.send(harness, client, as: "sales", .post, "/lake?delete", [], xml, shows: true)
            #expect(String(buffer: gone.body).contains("<Deleted>"))
            try await Self.send(harness, client, as: "sales", .get, key).fails(404, "NoSuchKey")
        }
    }

    @Test func `a signature is good for what was shown, and for nothing else`() async throws {
        let harness = try DoorHarness()
        try await harness.run { client in
            let key = "/lake/warehouse/sales/a"
            let signed = try Self.signer(harness).sign(
                Self.request("GET", key), for: try Self.principal(harness, "sales"))
            let headers = Dictionary(signed.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            try await client.raw(.get, key, headers).fails(404, "NoSuchKey")
            try await client.raw(.delete, key, headers).fails(403, "SignatureDoesNotMatch")
            try await client.raw(.get, key + "b", headers).fails(403, "SignatureDoesNotMatch")
            try await client.raw(.get, key, headers.merging(["x-amz-copy-source": "/lake/x"]) { $1 })
                .fails(403, "AccessDenied")
            // Another list of keys than the one whose rights were looked at.
            let xml = "<Delete><Object><Key>warehouse/sales/a</Key></Object></Delete>"
            let removal = try Self.signer(harness).sign(
                Self.request("POST", "/lake?delete", body: xml), for: try Self.principal(harness, "sales"))
            let other = xml.replacingOccurrences(of: "sales/a", with: "other/a")
            let answer = try await client.raw(
                .post, "/lake?delete",
                Dictionary(removal.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }), Array(other.utf8))
            #expect(answer.status.code == 400, "\(String(buffer: answer.body))")
        }
    }

    @Test(arguments: [
        ("sales", "GET", "/lake/warehouse/shared/a", nil), ("sales", "PUT", "/lake/warehouse/shared/a", "forbidden"),
        ("sales", "GET", "/lake/warehouse/salesman/a", "forbidden"), ("sales", "GET", "/lake/other/a", "forbidden"),
        ("sales", "GET", "/other/warehouse/sales/a", "forbidden"), ("sales", "GET", "/lake", "forbidden"),
        ("sales", "GET", "/lake?list-type=2&prefix=warehouse", "forbidden"),
        ("sales", "GET", "/lake?list-type=2&prefix=warehouse/sales/", nil), ("reader", "GET", "/lake?list-type=2", nil),
        ("reader", "DELETE", "/lake/warehouse/sales/a", "forbidden"),
        ("reader", "GET", "/lake/warehouse/sales/../../x", "forbidden"),
        ("sales", "PUT", "/lake/warehouse/sales/v1.metadata.json", "forbidden"),
        ("sales", "DELETE", "/lake/warehouse/sales/v1.metadata.json", "forbidden"),
        ("all", "DELETE", "/lake/warehouse/sales/v1.metadata.json", nil), ("all", "PUT", "/lake", "signing-refused"),
        ("all", "GET", "/", "forbidden"), ("all", "GET", "/lake/warehouse/a?acl", "signing-refused"),
        ("all", "POST", "/lake?delete", "signing-refused"), ("all", "PATCH", "/lake/warehouse/a", "signing-refused"),
    ])
    func `rights are looked at before anything is signed`(
        name: String, method: String, target: String, code: String?
    ) throws {
        let harness = try DoorHarness()
        let principal = try Self.principal(harness, name)
        do {
            _ = try Self.signer(harness).sign(Self.request(method, target), for: principal)
            #expect(code == nil)
        } catch let error as any LakeError {
            #expect(error.code == code, "\(error)")
        }
    }

    @Test func `copies need the right to read what is copied, and a new metadata file is signed as new`() throws {
        let harness = try DoorHarness()
        let sales = try Self.principal(harness, "sales")
        let signer = Self.signer(harness)
        let target = "/lake/warehouse/sales/a"
        for (source, isGood) in [
            ("/lake/warehouse/shared/a", true), ("lake/warehouse/sales/b%20c", true),
            ("/lake/warehouse/other/a", false),
            ("/elsewhere/warehouse/sales/a", false), ("", false),
        ] {
            let request = Self.request("PUT", target, [("x-amz-copy-source", source)])
            #expect(((try? signer.sign(request, for: sales)) == nil) != isGood, "\(source)")
        }
        let new = try signer.sign(
            Self.request("PUT", "/lake/warehouse/sales/v1.metadata.json", [("If-None-Match", "*")]), for: sales)
        #expect(new.headers.contains { $0.value.contains("SignedHeaders=host;if-none-match;") })
        let chunked = Self.request("PUT", target, [("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")])
        #expect(throws: GatewayError.self) { try signer.sign(chunked, for: sales) }
    }

    @Test func `only the store's own address is signed for, as clients name it`() throws {
        let harness = try DoorHarness()
        let all = try Self.principal(harness, "all")
        let signer = Self.signer(harness) { $0 == "door" }
        for (uri, isGood) in [
            ("http://door/lake/warehouse/a", true), ("http://door:80/lake/warehouse/a", true),
            ("https://door:443/lake/warehouse/a", true), ("http://door:443/lake/warehouse/a", false),
            ("http://lake.door/warehouse/a", false), ("http://door@evil/lake/warehouse/a", false),
            ("/lake/warehouse/a", false), ("ftp://door/lake/warehouse/a", false),
            ("http://door/lake/warehouse/a#x", false),
        ] {
            let request = SigningRequest(method: "GET", uri: uri, region: "r", headers: [])
            #expect(((try? signer.sign(request, for: all)) == nil) != isGood, "\(uri)")
        }
        #expect(throws: GatewayError.self) {
            try signer.sign(Self.request("GET", "/lake/warehouse/a"), for: Principal(name: "x", grants: all.grants))
        }
    }
}

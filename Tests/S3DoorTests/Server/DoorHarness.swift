import Access
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import LakeTesting
import Logging
import NIOCore
import ObjectStorage
import S3Door
import S3Protocol
import Testing

/// A door over a folder, with clients that sign.
struct DoorHarness: Sendable {
    /// 2024-01-31T12:00:00Z, for the door and its clients.
    static let now: Int64 = 1_706_702_400
    static let time = "20240131T120000Z"

    let folder: TemporaryFolder
    let store: LocalObjectStore
    let parts: LocalObjectStore
    let book: AccessBook
    let limits: S3DoorLimits
    private let isOpen: Bool

    /// - Parameter isOpen: whether nobody is asked who they are.
    init(isOpen: Bool = false, limits: S3DoorLimits = S3DoorLimits()) throws {
        folder = try TemporaryFolder()
        store = try LocalObjectStore(root: folder.file("lake"), locationPrefix: "s3://lake")
        parts = try LocalObjectStore(root: folder.file("s3-uploads"))
        func credential(_ name: String, _ grants: [String]) throws -> Credential {
            Credential(
                name: name, tokenHash: Credential.hash(token: name.utf8), accessKeyID: "KEY\(name.uppercased())",
                grants: try grants.map { try Grant(parsing: $0) })
        }
        book = try AccessBook(
            [
                try credential("all", ["write:*"]), try credential("reader", ["read:*"]),
                try credential("sales", ["write:sales", "read:shared"]),
            ], secrets: SecretKeys(key: [UInt8](repeating: 3, count: 32)))
        self.limits = limits
        self.isOpen = isOpen
    }

    var door: S3Door {
        get throws {
            try S3Door(
                configuration: S3DoorConfiguration(
                    host: "127.0.0.1", port: 0, bucket: "lake", registry: isOpen ? nil : AccessRegistry(book),
                    folder: { $0.joined(separator: "/") }, limits: limits),
                objects: FencedFolder(store, folder: "warehouse"), parts: parts, logger: Logger(label: "test"),
                nowSeconds: { Self.now })
        }
    }

    func run(
        live: Bool = false, _ test: @escaping @Sendable (DoorClient) async throws -> Void
    ) async throws {
        let book = book
        try await door.application().test(live ? .live : .router) { client in
            try await test(DoorClient(client: client, book: book))
        }
    }
}

/// Requests signed as an SDK signs them.
struct DoorClient: Sendable {
    let client: any TestClientProtocol
    let book: AccessBook
    var user = "all"

    func `as`(_ user: String) -> DoorClient {
        var copy = self
        copy.user = user
        return copy
    }

    static let scope = SignatureV4.Scope(date: "20240131", region: "eu-central-1", service: "s3")

    var key: SymmetricKey {
        SignatureV4.signingKey(
            secret: book.signer(accessKeyID: "KEY\(user.uppercased())")?.secret ?? "", scope: Self.scope)
    }

    /// The signature of a request's head.
    func sign(
        _ method: HTTPRequest.Method, _ target: String, _ headers: [String: String], payload: String
    ) throws -> (headers: [String: String], signature: String) {
        var all = headers
        all["x-amz-date"] = all["x-amz-date"] ?? DoorHarness.time
        all["x-amz-content-sha256"] = payload
        let signed = (all.keys.map { $0.lowercased() } + ["host"]).sorted()
        let request = try S3Request(
            method: method.rawValue, target: target,
            headers: all.map { (name: $0.key, value: $0.value) } + [(name: "host", value: "localhost")])
        let canonical = SignatureV4.canonicalRequest(request, signedHeaders: signed, payload: payload)
        let text = SignatureV4.stringToSign(
            time: all["x-amz-date"] ?? "", scope: Self.scope, canonicalRequest: canonical)
        let signature = SignatureV4.sign(text, with: key)
        all["authorization"] =
            "AWS4-HMAC-SHA256 Credential=KEY\(user.uppercased())/\(Self.scope.text), "
            + "SignedHeaders=\(signed.joined(separator: ";")), Signature=\(signature)"
        return (all, signature)
    }

    func raw(
        _ method: HTTPRequest.Method, _ target: String, _ headers: [String: String], _ body: [UInt8] = []
    ) async throws -> TestResponse {
        var fields: HTTPFields = [:]
        for (name, value) in headers { if let name = HTTPField.Name(name) { fields[name] = value } }
        return try await client.execute(uri: target, method: method, headers: fields, body: ByteBuffer(bytes: body))
    }

    func send(
        _ method: HTTPRequest.Method, _ target: String, _ body: [UInt8] = [], _ headers: [String: String] = [:]
    ) async throws -> TestResponse {
        let hash = Hex.text(SHA256.hash(data: body))
        return try await raw(method, target, try sign(method, target, headers, payload: hash).headers, body)
    }

    func get(_ key: String, _ headers: [String: String] = [:]) async throws -> TestResponse {
        try await send(.get, "/lake/\(key)", [], headers)
    }

    @discardableResult func put(
        _ key: String, _ text: String, _ headers: [String: String] = [:]
    ) async throws -> TestResponse {
        try await send(.put, "/lake/\(key)", Array(text.utf8), headers)
    }

    /// An address that anyone may use for a while.
    func presign(_ target: String, seconds: Int, time: String = DoorHarness.time) throws -> String {
        let credential = "KEY\(user.uppercased())/\(Self.scope.text)".replacingOccurrences(of: "/", with: "%2F")
        let unsigned =
            "\(target)?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=\(credential)&X-Amz-Date=\(time)"
            + "&X-Amz-Expires=\(seconds)&X-Amz-SignedHeaders=host"
        let request = try S3Request(
            method: "GET", target: unsigned, headers: [(name: "host", value: "localhost")])
        let canonical = SignatureV4.canonicalRequest(request, signedHeaders: ["host"], payload: "UNSIGNED-PAYLOAD")
        let text = SignatureV4.stringToSign(time: time, scope: Self.scope, canonicalRequest: canonical)
        return unsigned + "&X-Amz-Signature=" + SignatureV4.sign(text, with: key)
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// Expects an error of S3's.
    func fails(_ wanted: Int, _ code: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(status.code == wanted, "\(text)", sourceLocation: sourceLocation)
        #expect(text.contains("<Code>\(code)</Code>"), "\(text)", sourceLocation: sourceLocation)
    }

    @discardableResult func ok(_ wanted: Int = 200, sourceLocation: SourceLocation = #_sourceLocation) -> TestResponse {
        #expect(status.code == wanted, "\(text)", sourceLocation: sourceLocation)
        return self
    }

    func element(_ name: String) throws -> String? {
        try XMLTree(Array(buffer: body)).child(name)?.text
    }
}

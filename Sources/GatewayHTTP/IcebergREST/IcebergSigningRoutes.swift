package import Access
import AvroFormat
import CatalogService
import HTTPTypes
import Hummingbird

/// Signs requests to the store of the tables' files for clients that have no keys.
package protocol StorageSigning: Sendable {
    /// - Throws: ``GatewayError`` `forbidden` for an object that `principal` may not read or write so; `signing-refused` for a request
    ///   that is not signed for anybody.
    func sign(_ request: SigningRequest, for principal: Principal) throws -> SignedRequest
}

/// A request to the store that somebody is about to send.
package struct SigningRequest: Sendable {
    package var method: String
    /// Absolute.
    package var uri: String
    package var region: String
    package var headers: [(name: String, value: String)]
    /// Where the body says what the request touches.
    package var body: String?

    package init(
        method: String, uri: String, region: String, headers: [(name: String, value: String)], body: String? = nil
    ) {
        self.method = method
        self.uri = uri
        self.region = region
        self.headers = headers
        self.body = body
    }
}

/// What the sender adds to the request.
package struct SignedRequest: Sendable {
    package var uri: String
    package var headers: [(name: String, value: String)]

    package init(uri: String, headers: [(name: String, value: String)]) {
        self.uri = uri
        self.headers = headers
    }
}

/// Remote signing: `RemoteSignRequest` of the specification, at its address for a table and at the one that clients before it use.
extension IcebergRoutes {
    /// Below the catalog's address.
    static let signingPath = "v1/aws/s3/sign"
    static let signingEndpoints = ["POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/sign"]

    var signingRoutes: [Route] {
        guard let signer = configuration.storage?.signer else { return [] }
        let access = Self.namespace(.read, separator: configuration.namespaceSeparator)
        return [
            // The object that the body names decides, so the signer looks at the rights.
            route(.post, "/" + Self.signingPath, access: .decided(.read)) { call in try Self.sign(call, signer) },
            route(.post, "/v1/namespaces/{namespace}/tables/{table}/sign", access: access) { call in
                _ = try await catalog.tableLocation(try call.identifier("table"))
                return try Self.sign(call, signer)
            },
        ]
    }

    private static func sign(_ call: IcebergCall, _ signer: any StorageSigning) throws -> Response {
        let body = try call.body()
        if let provider = try body.optionalText("provider"), provider != "s3" {
            throw GatewayError(
                code: "signing-refused", message: "Cannot sign requests of the provider \(provider.prefix(64))",
                remedy: "the tables' files lie in s3")
        }
        let request = SigningRequest(
            method: try body.text("method"), uri: try body.text("uri"), region: try body.text("region"),
            headers: try headers(body), body: try body.optionalText("body"))
        let signed = try signer.sign(request, for: call.request.principal)
        let added = signed.headers.map { JSONMember($0.name, .strings([$0.value])) }
        // Clients keep a signature of a read for half a minute when they are told that they may.
        let isReading = request.method == "GET" || request.method == "HEAD"
        return Answers.json(
            .object(["uri": .string(signed.uri), "headers": .object(added)]),
            headers: [.cacheControl: isReading ? "private" : "no-cache"])
    }

    /// Several values of a header are one, as in HTTP itself.
    private static func headers(_ body: IcebergBody) throws -> [(name: String, value: String)] {
        guard let members = try body.value("headers").object?.members else {
            throw IcebergBody.invalid("headers", "object of lists of text")
        }
        return try members.map { member in
            let values = member.value.array?.map(\.text) ?? [nil]
            guard !values.contains(nil) else { throw IcebergBody.invalid("headers", "object of lists of text") }
            return (member.key, values.compactMap { $0 }.joined(separator: ","))
        }
    }
}

package import Access
package import GatewayHTTP
import S3Protocol

/// Signs requests to a bucket for clients that have no keys.
///
/// Steps: the request is read as the door would read it; the sender's rights are looked at for everything that it touches; then it is
/// signed, with a key of whoever composes this. A signature is good for one method, one address and the headers that change what a
/// request means, so it opens nothing else.
package struct RemoteSigner: StorageSigning {
    package struct Key: Sendable {
        package var id: String
        package var secret: String

        package init(id: String, secret: String) {
            self.id = id
            self.secret = secret
        }
    }

    /// Keys that a request to delete several objects names at most, as in S3.
    private static let deleteKeysMax = 1_000

    private let bucket: String
    private let keyPrefix: String
    private let folder: @Sendable ([String]) -> String
    private let isEndpoint: @Sendable (String) -> Bool
    private let key: @Sendable (Principal) -> Key?
    private let nowSeconds: @Sendable () -> Int64

    /// - Parameters:
    ///   - keyPrefix: what the keys begin with that rights are given over, `/` at its end.
    ///   - folder: the folder of a namespace below that prefix.
    ///   - isEndpoint: whether requests to this host and port are the store's. A key that opens more than the bucket must not sign
    ///     for another host, by whose name the store would know another bucket.
    ///   - key: what signs for somebody; `nil` for those who get no signature.
    ///   - nowSeconds: since 1970 UTC.
    package init(
        bucket: String, keyPrefix: String, folder: @escaping @Sendable ([String]) -> String,
        isEndpoint: @escaping @Sendable (String) -> Bool, key: @escaping @Sendable (Principal) -> Key?,
        nowSeconds: @escaping @Sendable () -> Int64
    ) {
        self.bucket = bucket
        self.keyPrefix = keyPrefix
        self.folder = folder
        self.isEndpoint = isEndpoint
        self.key = key
        self.nowSeconds = nowSeconds
    }

    package func sign(_ request: SigningRequest, for principal: Principal) throws -> SignedRequest {
        let (authority, target) = try Self.parts(request.uri)
        guard isEndpoint(authority) else { throw Self.refusal("the address is not the store's") }
        do {
            var headers = request.headers.filter { !Self.isOurs($0.name) }
            headers.append((name: "host", value: authority))
            let payload = try Self.payload(request)
            let time = SigningTime.compact(seconds: nowSeconds())
            let own = [("x-amz-content-sha256", payload), ("x-amz-date", time)]
            headers += own.map { (name: $0.0, value: $0.1) }
            let head = try S3Request(method: request.method, target: target, headers: headers)
            try check(head, request, KeyRights(principal: principal, keyPrefix: keyPrefix, folder: folder))
            guard let key = key(principal) else {
                throw Self.refusal(
                    "the access token has no key for the store; make a new one with `dipper token create`")
            }
            var added = own.map { (name: $0.0, value: $0.1) }
            added.append((name: "Authorization", value: Self.authorization(head, request.region, payload, time, key)))
            return SignedRequest(uri: request.uri, headers: added)
        } catch let error as S3Error {
            guard error.status == 403 else { throw Self.refusal(error.message) }
            throw GatewayError(
                code: "forbidden", message: "the access token may not \(request.method.prefix(16)) this object",
                remedy: "ask whoever runs the server for the right over the object's namespace")
        }
    }

    // MARK: Rights

    /// - Throws: ``S3Error``, 403 for what the sender may not do.
    private func check(_ head: S3Request, _ request: SigningRequest, _ rights: KeyRights) throws {
        let (bucket, objectKey) = try head.resource()
        // Whoever resolves `..` on the way would come to another object than the one whose rights are looked at.
        let isPlain = !objectKey.split(separator: "/").contains { $0 == "." || $0 == ".." }
        guard bucket == self.bucket, isPlain else { throw S3Error.accessDenied }
        switch try S3Operation(head, isBucket: objectKey.isEmpty, isService: false) {
        case .headBucket, .bucketLocation: break
        case .listObjects, .listObjectsV2:
            guard rights.mayList(head.parameter("prefix") ?? "") else { throw S3Error.accessDenied }
        case .getObject, .headObject: try rights.require(.read, objectKey)
        case .putObject, .deleteObject, .createUpload, .uploadPart, .listParts, .completeUpload, .abortUpload:
            try requireChange(rights, objectKey, head)
        case .copyObject:
            try requireChange(rights, objectKey, head)
            try rights.require(.read, try Self.copySource(head, in: self.bucket))
        case .deleteObjects:
            for objectKey in try Self.deleted(request.body) { try requireChange(rights, objectKey, head) }
        case .listBuckets, .bucketVersioning, .listUploads, .createBucket:
            throw S3Error.notImplemented("The operation")
        }
    }

    /// Metadata files never change: one may be made if there is none (`If-None-Match` is signed), and nothing else.
    private func requireChange(_ rights: KeyRights, _ objectKey: String, _ head: S3Request) throws {
        try rights.require(.write, objectKey)
        let isNew = head.method == "PUT" && head.header("if-none-match") == "*"
        if !isNew, rights.isProtected(objectKey) { throw S3Error.accessDenied }
    }

    private static func copySource(_ head: S3Request, in bucket: String) throws -> String {
        let text = head.header("x-amz-copy-source") ?? ""
        let path = text.hasPrefix("/") ? text : "/" + text
        let (found, key) = try S3Request(method: "GET", target: path, headers: []).resource()
        guard found == bucket, !key.isEmpty else { throw S3Error.accessDenied }
        return key
    }

    private static func deleted(_ body: String?) throws -> [String] {
        guard let body else {
            throw S3Error.invalidRequest("The request names its objects in a body, which is missing.")
        }
        guard let root = try? XMLTree(Array(body.utf8)) else { throw S3Error.malformedXML }
        let keys = root.children("Object").map { $0.child("Key")?.text }
        guard root.name == "Delete", (1...deleteKeysMax).contains(keys.count), !keys.contains(nil) else {
            throw S3Error.malformedXML
        }
        return keys.compactMap { $0 }
    }

    // MARK: Signature

    /// What the signer says itself.
    private static func isOurs(_ name: String) -> Bool {
        ["host", "authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"]
            .contains(name.lowercased())
    }

    /// What stands for the body. Where rights hang on the body it is signed as it was shown.
    private static func payload(_ request: SigningRequest) throws -> String {
        if let body = request.body, !body.isEmpty { return SignatureV4.hash(body) }
        let declared = request.headers.first { $0.name.lowercased() == "x-amz-content-sha256" }?.value
        guard let declared, let kind = try? PayloadKind(declared) else { return "UNSIGNED-PAYLOAD" }
        if case .chunked(isSigned: true, _) = kind {
            throw S3Error.invalidRequest("Chunks that are signed one by one cannot be signed here.")
        }
        return declared
    }

    private static func authorization(
        _ head: S3Request, _ region: String, _ payload: String, _ time: String, _ key: Key
    ) -> String {
        let meaningful: Set = ["host", "content-md5", "if-none-match", "if-match"]
        let names = Set(head.headers.map(\.name)).filter { meaningful.contains($0) || $0.hasPrefix("x-amz-") }.sorted()
        let scope = SignatureV4.Scope(date: String(time.prefix(8)), region: region, service: "s3")
        let canonical = SignatureV4.canonicalRequest(head, signedHeaders: names, payload: payload)
        let signature = SignatureV4.sign(
            SignatureV4.stringToSign(time: time, scope: scope, canonicalRequest: canonical),
            with: SignatureV4.signingKey(secret: key.secret, scope: scope))
        return "\(SignatureV4.algorithm) Credential=\(key.id)/\(scope.text), "
            + "SignedHeaders=\(names.joined(separator: ";")), Signature=\(signature)"
    }

    private static func refusal(_ why: String) -> GatewayError {
        GatewayError(
            code: "signing-refused", message: "Cannot sign the request: \(why)",
            remedy: "send requests to objects of the tables in path style")
    }

    /// Host and port as the client will name them, and path with query.
    private static func parts(_ uri: String) throws -> (authority: String, target: String) {
        let refusal = refusal("the address is not absolute")
        guard let colon = uri.firstRange(of: "://") else { throw refusal }
        let scheme = uri[..<colon.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { throw refusal }
        let rest = uri[colon.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        var authority = String(rest[..<end])
        guard !authority.isEmpty, !authority.contains("@"), !uri.contains("#") else { throw refusal }
        // Clients leave out the port that goes without saying.
        let port = scheme == "http" ? ":80" : ":443"
        if authority.hasSuffix(port) { authority.removeLast(port.count) }
        let target = String(rest[end...])
        return (authority, target.hasPrefix("/") ? target : "/" + target)
    }
}

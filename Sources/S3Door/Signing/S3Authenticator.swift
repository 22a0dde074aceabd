package import Access
import Crypto
import S3Protocol

/// Finds out who sent a request, by its signature.
package struct S3Authenticator: Sendable {
    /// How far a client's clock may be from ours, in seconds.
    package static let skewSecondsMax: Int64 = 900

    /// `nil`: nobody is asked who they are.
    private let registry: AccessRegistry?
    /// Seconds since 1970 UTC.
    private let now: @Sendable () -> Int64

    package init(_ registry: AccessRegistry?, now: @escaping @Sendable () -> Int64) {
        self.registry = registry
        self.now = now
    }

    /// Who sent a request, and how to read its body.
    struct Sender: Sendable {
        var principal: Principal
        var payload: PayloadKind
        /// Begins the chain of signatures of a body in signed chunks.
        var seed: ChunkedDecoder.Seed?
    }

    /// - Throws: ``S3Error``: `AccessDenied` without a signature or after its time, `InvalidAccessKeyId`,
    ///   `SignatureDoesNotMatch`, `RequestTimeTooSkewed`, and what is malformed.
    func sender(of request: S3Request) throws -> Sender {
        let declared = request.header("x-amz-content-sha256")
        guard let registry else {
            return Sender(principal: .anybody, payload: try declared.map(PayloadKind.init) ?? .unsigned)
        }
        guard let claim = try SignatureClaim(request) else { throw S3Error.accessDenied }
        guard let (principal, secret) = registry.book.signer(accessKeyID: claim.accessKeyID) else {
            throw S3Error.unknownKeyID
        }
        try checkTime(claim)
        try Self.checkHeaders(claim, request)
        guard let text = Self.payload(claim, request) else {
            throw S3Error.invalidRequest("Missing required header for this request: x-amz-content-sha256")
        }
        let payload = try PayloadKind(text)
        let canonical = SignatureV4.canonicalRequest(
            request, signedHeaders: claim.signedHeaders, payload: text,
            omitting: claim.isPresigned ? "X-Amz-Signature" : nil)
        let key = SignatureV4.signingKey(secret: secret, scope: claim.scope)
        let wanted = SignatureV4.sign(
            SignatureV4.stringToSign(time: claim.time, scope: claim.scope, canonicalRequest: canonical), with: key)
        guard SignatureV4.isEqual(wanted, claim.signature) else { throw S3Error.signatureMismatch }
        var sender = Sender(principal: principal, payload: payload)
        if case .chunked(isSigned: true, _) = payload {
            sender.seed = ChunkedDecoder.Seed(
                key: key, scope: claim.scope, time: claim.time, signature: claim.signature)
        }
        return sender
    }

    /// What is signed in the place of the body. A presigned address says so itself, and else leaves the body open.
    private static func payload(_ claim: SignatureClaim, _ request: S3Request) -> String? {
        let header = request.header("x-amz-content-sha256")
        guard claim.isPresigned else { return header }
        let isSigned = claim.signedHeaders.contains("x-amz-content-sha256")
        return request.parameter("X-Amz-Content-Sha256") ?? (isSigned ? header : nil) ?? "UNSIGNED-PAYLOAD"
    }

    private func checkTime(_ claim: SignatureClaim) throws {
        guard let time = SigningTime.seconds(claim.time) else {
            throw S3Error("AccessDenied", 403, "AWS authentication requires a valid x-amz-date")
        }
        guard claim.time.hasPrefix(claim.scope.date) else { throw S3Error.signatureMismatch }
        let now = now()
        if let expirySeconds = claim.expirySeconds {
            guard now <= time + Int64(expirySeconds) else { throw S3Error("AccessDenied", 403, "Request has expired") }
            guard now >= time - Self.skewSecondsMax else {
                throw S3Error("AccessDenied", 403, "Request is not valid yet")
            }
        } else if abs(now - time) > Self.skewSecondsMax {
            throw S3Error(
                "RequestTimeTooSkewed", 403,
                "The difference between the request time and the current time is too large.")
        }
    }

    /// Headers that change what a request means must be part of what is signed.
    private static func checkHeaders(_ claim: SignatureClaim, _ request: S3Request) throws {
        let signed = Set(claim.signedHeaders)
        for (name, _) in request.headers
        where (name.hasPrefix("x-amz-") || name == "content-md5") && !signed.contains(name) {
            // A presigned address fixes the payload as unsigned, and clients tell so in a header all the same.
            if claim.isPresigned, name == "x-amz-content-sha256" { continue }
            throw S3Error(
                "AccessDenied", 403, "There were headers present in the request which were not signed: \(name)")
        }
    }
}

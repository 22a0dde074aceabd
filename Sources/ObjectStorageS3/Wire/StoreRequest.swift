import Crypto
import Foundation
import S3Protocol

/// One request to the bucket, before it is signed.
struct StoreRequest: Sendable {
    var method: String
    /// The key in the bucket; `nil` for the bucket itself.
    var key: String?
    var query: [(name: String, value: String)] = []
    /// Names in lower case.
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// SHA-256 of the body in hexadecimal digits, where it is known already.
    var bodyHash: String?
    var answerBytesMax = TransportRequest.smallAnswerBytesMax
    /// Besides the time that the bytes take.
    var timeoutMilliseconds = 15_000
    /// Bytes that the answer is expected to have, for the time that it may take.
    var answerBytesExpected = 0

    init(_ method: String, _ key: String?) {
        self.method = method
        self.key = key
    }

    /// A store that is slower than this is taken for stuck.
    private static let bytesPerMillisecondMin = 512

    fileprivate var wholeTimeoutMilliseconds: Int {
        timeoutMilliseconds + (body.count + answerBytesExpected) / Self.bytesPerMillisecondMin
    }
}

/// Makes requests to one bucket, signed with a key.
struct RequestSigner: Sendable {
    let configuration: S3StoreConfiguration

    private var host: String {
        let authority = configuration.endpoint.authority
        return configuration.usesPathStyle ? authority : "\(configuration.bucket).\(authority)"
    }

    private func path(_ key: String?) -> String {
        if configuration.usesPathStyle { return "/\(configuration.bucket)" + (key.map { "/\($0)" } ?? "") }
        return "/" + (key ?? "")
    }

    /// - Parameters:
    ///   - payloadHash: SHA-256 of the body in hexadecimal digits.
    ///   - seconds: since 1970 UTC.
    func signed(
        _ request: StoreRequest, payloadHash: String, _ credentials: S3Credentials, seconds: Int64
    ) -> TransportRequest {
        let time = SigningTime.compact(seconds: seconds)
        let path = path(request.key)
        var headers = request.headers
        headers.append((name: "host", value: host))
        headers.append((name: "x-amz-content-sha256", value: payloadHash))
        headers.append((name: "x-amz-date", value: time))
        if let token = credentials.sessionToken { headers.append((name: "x-amz-security-token", value: token)) }
        let names = headers.map(\.name).sorted()
        let scope = SignatureV4.Scope(date: String(time.prefix(8)), region: configuration.region, service: "s3")
        let head = SignedHead(
            method: request.method, path: Array(path.utf8),
            query: request.query.map { (name: Array($0.name.utf8), value: Array($0.value.utf8)) }, headers: headers)
        let canonical = SignatureV4.canonicalRequest(head, signedHeaders: names, payload: payloadHash)
        let signature = SignatureV4.sign(
            SignatureV4.stringToSign(time: time, scope: scope, canonicalRequest: canonical),
            with: SignatureV4.signingKey(secret: credentials.secretAccessKey, scope: scope))
        headers.append(
            (
                name: "authorization",
                value: "\(SignatureV4.algorithm) Credential=\(credentials.accessKeyID)/\(scope.text), "
                    + "SignedHeaders=\(names.joined(separator: ";")), Signature=\(signature)"
            ))
        let query = request.query.map {
            "\(URICoding.encode($0.name.utf8))=\(URICoding.encode($0.value.utf8))"
        }
        let scheme = configuration.endpoint.isSecure ? "https" : "http"
        let target = URICoding.encode(path.utf8, keepsSlash: true)
        return TransportRequest(
            method: request.method,
            url: "\(scheme)://\(host)\(target)" + (query.isEmpty ? "" : "?" + query.joined(separator: "&")),
            headers: headers, body: request.body, answerBytesMax: request.answerBytesMax,
            timeoutMilliseconds: request.wholeTimeoutMilliseconds)
    }
}

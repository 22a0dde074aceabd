package import Crypto

/// The arithmetic of AWS signature version 4.
///
/// Source: AWS, "Create a signed AWS API request" and "Authenticating Requests: Using Query Parameters".
package enum SignatureV4 {
    package static let algorithm = "AWS4-HMAC-SHA256"
    /// SHA-256 of nothing.
    package static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// Date, region and service that a signature is good for.
    package struct Scope: Sendable, Hashable {
        /// `YYYYMMDD`.
        package var date: String
        package var region: String
        package var service: String

        package init(date: String, region: String, service: String) {
            self.date = date
            self.region = region
            self.service = service
        }

        package var text: String { "\(date)/\(region)/\(service)/aws4_request" }
    }

    package static func signingKey(secret: String, scope: Scope) -> SymmetricKey {
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for part in [scope.date, scope.region, scope.service, "aws4_request"] {
            key = SymmetricKey(data: Array(HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key)))
        }
        return key
    }

    package static func sign(_ text: String, with key: SymmetricKey) -> String {
        hex(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }

    package static func hash(_ bytes: [UInt8]) -> String { hex(SHA256.hash(data: bytes)) }

    package static func hash(_ text: String) -> String { hash(Array(text.utf8)) }

    package static func stringToSign(time: String, scope: Scope, canonicalRequest: String) -> String {
        "\(algorithm)\n\(time)\n\(scope.text)\n\(hash(canonicalRequest))"
    }

    /// - Parameters:
    ///   - signedHeaders: in lower case, sorted, as the client names them.
    ///   - omitting: a parameter of the query that is no part of what is signed: the signature itself.
    package static func canonicalRequest(
        _ request: SignedHead, signedHeaders: [String], payload: String, omitting: String? = nil
    ) -> String {
        var query: [(name: String, value: String)] = []
        for (name, value) in request.query where omitting.map({ !name.elementsEqual($0.utf8) }) ?? true {
            query.append((URICoding.encode(name), URICoding.encode(value)))
        }
        // By bytes: Swift's own order of text follows Unicode, and for ASCII it is the same.
        query.sort { ($0.name, $0.value) < ($1.name, $1.value) }
        let headers = signedHeaders.map { name in
            let values = request.headers.filter { $0.name == name }.map { trimmed($0.value) }
            return "\(name):\(values.joined(separator: ","))\n"
        }
        return """
            \(request.method)
            \(URICoding.encode(request.path, keepsSlash: true))
            \(query.map { "\($0.name)=\($0.value)" }.joined(separator: "&"))
            \(headers.joined())
            \(signedHeaders.joined(separator: ";"))
            \(payload)
            """
    }

    /// Without spaces at the ends, and one space in place of several.
    private static func trimmed(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }

    package static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// What of a request is signed: the client makes it of what it sends, the server of what came.
package struct SignedHead: Sendable {
    package var method: String
    /// The path, decoded.
    package var path: [UInt8]
    /// Names and values of the query, decoded, in their order.
    package var query: [(name: [UInt8], value: [UInt8])]
    /// Names in lower case; `host` among them.
    package var headers: [(name: String, value: String)]

    package init(
        method: String, path: [UInt8], query: [(name: [UInt8], value: [UInt8])],
        headers: [(name: String, value: String)]
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
    }
}

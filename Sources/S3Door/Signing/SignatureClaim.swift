package import S3Protocol

/// What a request says about its signature: whose key, what is signed, when.
package struct SignatureClaim: Sendable {
    /// How long a presigned address may be good for: a week.
    package static let expirySecondsMax = 604_800

    package var accessKeyID: String
    package var scope: SignatureV4.Scope
    package var signedHeaders: [String]
    /// 64 hexadecimal digits.
    package var signature: String
    /// `YYYYMMDDTHHMMSSZ`.
    package var time: String
    /// Whether it stands in the query, and how long it is good for then.
    package var expirySeconds: Int?

    package var isPresigned: Bool { expirySeconds != nil }

    /// - Returns: `nil` for a request without a signature.
    /// - Throws: ``S3Error`` `AuthorizationHeaderMalformed`, `AuthorizationQueryParametersError`, `InvalidRequest` for
    ///   signatures of other versions.
    package init?(_ request: S3Request) throws {
        if let header = request.header("authorization") {
            try self.init(header: header, request)
        } else if request.has("X-Amz-Algorithm") || request.has("X-Amz-Signature") {
            try self.init(presigned: request)
        } else if request.has("Signature"), request.has("AWSAccessKeyId") {
            throw S3Error.invalidRequest("Only signature version 4 is taken. Use AWS4-HMAC-SHA256.")
        } else {
            return nil
        }
    }

    private init(header: String, _ request: S3Request) throws {
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0] == SignatureV4.algorithm else {
            throw S3Error.invalidRequest(
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
        }
        var members: [String: String] = [:]
        for member in words[1].split(separator: ",") {
            let halves = member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = halves[0].split(separator: " ").joined()
            guard halves.count == 2, members.updateValue(String(halves[1]), forKey: name) == nil else {
                throw S3Error.malformedAuthorization("The authorization header is malformed.")
            }
        }
        guard let credential = members["Credential"], let headers = members["SignedHeaders"],
            let signature = members["Signature"]
        else {
            throw S3Error.malformedAuthorization(
                "The authorization header is malformed; Credential, SignedHeaders and Signature are needed.")
        }
        guard let time = request.header("x-amz-date") else {
            throw S3Error("AccessDenied", 403, "AWS authentication requires a valid x-amz-date header")
        }
        (accessKeyID, scope) = try Self.credential(credential, Self.malformedHeader)
        signedHeaders = try Self.names(headers, Self.malformedHeader)
        self.signature = try Self.digits(signature, Self.malformedHeader)
        self.time = time
    }

    private init(presigned request: S3Request) throws {
        func value(_ name: String) throws -> String {
            guard let value = request.parameter(name) else {
                throw Self.malformedQuery("The query-string authentication needs \(name).")
            }
            return value
        }
        guard try value("X-Amz-Algorithm") == SignatureV4.algorithm else {
            throw Self.malformedQuery("X-Amz-Algorithm only supports AWS4-HMAC-SHA256.")
        }
        (accessKeyID, scope) = try Self.credential(try value("X-Amz-Credential"), Self.malformedQuery)
        signedHeaders = try Self.names(try value("X-Amz-SignedHeaders"), Self.malformedQuery)
        signature = try Self.digits(try value("X-Amz-Signature"), Self.malformedQuery)
        time = try value("X-Amz-Date")
        guard let seconds = Int(try value("X-Amz-Expires")), (1...Self.expirySecondsMax).contains(seconds) else {
            throw Self.malformedQuery("X-Amz-Expires must be from 1 to \(Self.expirySecondsMax) seconds.")
        }
        expirySeconds = seconds
    }

    private static func malformedHeader(_ message: String) -> S3Error { .malformedAuthorization(message) }

    private static func malformedQuery(_ message: String) -> S3Error {
        S3Error("AuthorizationQueryParametersError", 400, message)
    }

    private static func credential(
        _ text: String, _ refusal: (String) -> S3Error
    ) throws -> (String, SignatureV4.Scope) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[4] == "aws4_request", parts[1].utf8.count == 8, !parts[0].isEmpty else {
            throw refusal("The credential is malformed; expecting KEY/YYYYMMDD/REGION/s3/aws4_request.")
        }
        guard parts[3] == "s3" else { throw refusal("The credential is for the service \(parts[3]), not s3.") }
        return (parts[0], SignatureV4.Scope(date: parts[1], region: parts[2], service: parts[3]))
    }

    private static func names(_ text: String, _ refusal: (String) -> S3Error) throws -> [String] {
        let names = text.split(separator: ";").map(String.init)
        guard names.contains("host"), names == names.sorted(), names.allSatisfy({ $0 == $0.lowercased() }),
            Set(names).count == names.count
        else { throw refusal("The signed headers must be sorted, in lower case, and hold host.") }
        return names
    }

    private static func digits(_ text: String, _ refusal: (String) -> S3Error) throws -> String {
        let isHex = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard text.utf8.count == 64, isHex else { throw refusal("The signature is not 64 hexadecimal digits.") }
        return text
    }
}

/// A key to sign with.
package struct S3Credentials: Sendable, Hashable {
    package var accessKeyID: String
    package var secretAccessKey: String
    /// Goes along with keys that were lent for a while.
    package var sessionToken: String?
    /// Seconds since 1970 UTC; `nil` for keys that hold until someone changes them.
    package var expirySeconds: Int64?

    package init(
        accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expirySeconds: Int64? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expirySeconds = expirySeconds
    }
}

/// A place where a key may be found. Looking may block.
package protocol CredentialSource: Sendable {
    /// What the place is called in messages.
    var name: String { get }
    /// - Returns: `nil` when the place is not set up at all, so that the next one is asked.
    /// - Throws: when it is set up and gives no key.
    func load() throws -> S3Credentials?
}

/// A key that is given in so many words.
package struct FixedCredentials: CredentialSource {
    let credentials: S3Credentials
    package let name = "the configuration"

    package init(_ credentials: S3Credentials) { self.credentials = credentials }

    package func load() -> S3Credentials? { credentials }
}

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
package struct EnvironmentCredentials: CredentialSource {
    let environment: [String: String]
    package let name = "the environment"

    package init(_ environment: [String: String]) { self.environment = environment }

    package func load() -> S3Credentials? {
        guard let id = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"],
            !id.isEmpty, !secret.isEmpty
        else { return nil }
        let token = environment["AWS_SESSION_TOKEN"]
        return S3Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: token?.isEmpty == true ? nil : token)
    }
}

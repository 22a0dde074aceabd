/// Everybody who is let in, and how they prove who they are.
package struct AccessBook: Sendable {
    package let credentials: [Credential]
    private let secrets: SecretKeys?

    /// - Parameters:
    ///   - credentials: none lets nobody in, as when the last token was revoked.
    ///   - secrets: what the secrets of access keys are derived from; without it no access key works.
    /// - Throws: ``AccessError`` `tokens-file-invalid` for a name or key that stands twice.
    package init(_ credentials: [Credential], secrets: SecretKeys? = nil) throws {
        for values in [credentials.map(\.name), credentials.compactMap(\.accessKeyID)] {
            if let twice = Dictionary(grouping: values, by: { $0 }).first(where: { $0.value.count > 1 }) {
                throw AccessError(
                    code: "tokens-file-invalid", message: "\(twice.key) stands twice among the tokens",
                    remedy: "remove one of the lines")
            }
        }
        self.credentials = credentials
        self.secrets = secrets
    }

    /// Tokens by name, each with every right.
    /// - Throws: ``AccessError`` `token-weak`.
    package init(tokens: [String: String]) throws {
        guard !tokens.isEmpty else { throw Self.none }
        try self.init(
            try tokens.sorted { $0.key < $1.key }.map { name, token in
                guard token.utf8.count >= Credential.tokenBytesMin else {
                    throw AccessError(
                        code: "token-weak",
                        message: "the access token \(name) is shorter than \(Credential.tokenBytesMin) bytes",
                        remedy: "use a random token, for example of `openssl rand -hex 32`")
                }
                return Credential(
                    name: name, tokenHash: Credential.hash(token: token.utf8), accessKeyID: nil,
                    grants: [Grant(.write, .everything)])
            })
    }

    package static let none = AccessError(
        code: "token-weak", message: "no access token is configured", remedy: "make one with `dipper token create`")

    /// Who sends this token. Hashes are compared, in a time that depends on nothing of theirs.
    package func principal(token: some Sequence<UInt8>) -> Principal? {
        let given = Credential.hash(token: token)
        var found: Credential?
        for credential in credentials where Self.isEqual(given, credential.tokenHash) { found = credential }
        return found?.principal
    }

    /// The secret of an access key, and whose it is.
    package func signer(accessKeyID: String) -> (principal: Principal, secret: String)? {
        guard let secrets, let credential = credentials.first(where: { $0.accessKeyID == accessKeyID }) else {
            return nil
        }
        return (credential.principal, secrets.secret(accessKeyID: accessKeyID))
    }

    /// The access key of somebody, if they have one.
    package func accessKey(of principal: Principal) -> (id: String, secret: String)? {
        guard let secrets, let id = principal.accessKeyID else { return nil }
        return (id, secrets.secret(accessKeyID: id))
    }

    /// Compares two texts of one length without a branch on what they hold.
    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}

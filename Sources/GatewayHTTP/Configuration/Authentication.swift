package import HTTPTypes

/// Decides who sends a request.
package protocol RequestAuthenticating: Sendable {
    /// - Returns: the sender's name for the access log.
    /// - Throws: ``GatewayError`` `unauthenticated`.
    func authenticate(_ fields: HTTPFields) async throws -> String
}

/// `Authorization: Bearer …` with tokens that are fixed in the configuration.
package struct StaticTokenAuthentication: RequestAuthenticating {
    /// Shortest token that is accepted as a secret, in bytes.
    package static let tokenBytesMin = 16

    private let tokens: [(name: String, token: [UInt8])]

    /// - Parameter tokens: name to token.
    /// - Throws: ``GatewayError`` `token-weak` when a token is shorter than ``tokenBytesMin``, or there is none.
    package init(tokens: [String: String]) throws {
        guard !tokens.isEmpty else {
            throw GatewayError(
                code: "token-weak", message: "no access token is configured", remedy: "configure at least one token")
        }
        for (name, token) in tokens where token.utf8.count < Self.tokenBytesMin {
            throw GatewayError(
                code: "token-weak", message: "the access token \(name) is shorter than \(Self.tokenBytesMin) bytes",
                remedy: "use a random token, for example of `openssl rand -hex 32`")
        }
        self.tokens = tokens.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.utf8)) }
    }

    package func authenticate(_ fields: HTTPFields) async throws -> String {
        if let value = fields[.authorization], value.utf8.count > 7, value.prefix(7).lowercased() == "bearer " {
            let given = Array(value.utf8.dropFirst(7).drop { $0 == UInt8(ascii: " ") })
            var match: String?
            for (name, token) in tokens where Self.isEqual(given, token) { match = name }
            if let match { return match }
        }
        throw GatewayError(
            code: "unauthenticated", message: "the request carries no access token that is known here",
            remedy: "send the header Authorization: Bearer TOKEN")
    }

    /// Compares in a time that depends on the lengths only.
    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        var difference = UInt8(left.count == right.count ? 0 : 1)
        for index in right.indices { difference |= right[index] ^ (left.isEmpty ? 1 : left[index % left.count]) }
        return difference == 0
    }
}

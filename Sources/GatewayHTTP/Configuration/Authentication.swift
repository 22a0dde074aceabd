package import Access
package import HTTPTypes

/// Decides who sends a request.
package protocol RequestAuthenticating: Sendable {
    /// - Returns: the sender with their rights; the name goes to the access log.
    /// - Throws: ``GatewayError`` `unauthenticated`.
    func authenticate(_ fields: HTTPFields) async throws -> Principal

    /// The client of OAuth client credentials.
    /// - Parameter clientID: the token's name; `nil` when the client sends its secret alone.
    /// - Throws: ``GatewayError`` `unauthenticated`.
    func authenticate(clientID: String?, secret: String) async throws -> Principal
}

/// `Authorization: Bearer …` with the tokens of a book.
package struct TokenAuthentication: RequestAuthenticating {
    private let registry: AccessRegistry

    package init(_ registry: AccessRegistry) { self.registry = registry }

    /// - Parameter tokens: name to token; each has every right.
    /// - Throws: ``AccessError`` `token-weak` when a token is too short, or there is none.
    package init(tokens: [String: String]) throws {
        registry = AccessRegistry(try AccessBook(tokens: tokens))
    }

    package func authenticate(_ fields: HTTPFields) async throws -> Principal {
        if let value = fields[.authorization], value.utf8.count > 7, value.prefix(7).lowercased() == "bearer " {
            let given = value.utf8.dropFirst(7).drop { $0 == UInt8(ascii: " ") }
            if let principal = registry.book.principal(token: given) { return principal }
        }
        // Clients that know no other way send the token as the password of any user.
        if let value = fields[.authorization], value.prefix(6).lowercased() == "basic ",
            let pair = Base64.decode(value.dropFirst(6).filter { $0 != " " }),
            let colon = pair.firstIndex(of: UInt8(ascii: ":")),
            let principal = registry.book.principal(token: pair[(colon + 1)...])
        {
            return principal
        }
        throw GatewayError(
            code: "unauthenticated", message: "the request carries no access token that is known here",
            remedy: "send the header Authorization: Bearer TOKEN")
    }

    package func authenticate(clientID: String?, secret: String) async throws -> Principal {
        guard let principal = registry.book.principal(token: secret.utf8),
            clientID == nil || clientID == principal.name
        else {
            throw GatewayError(
                code: "unauthenticated", message: "the client's id and secret are no token of this server",
                remedy: "give a token's name as the client's id and the token as its secret")
        }
        return principal
    }
}

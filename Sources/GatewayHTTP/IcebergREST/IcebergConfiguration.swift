import CatalogService
import HTTPTypes
import Hummingbird

/// What the catalog tells its clients about itself.
package struct IcebergConfiguration: Sendable {
    /// Parts the levels of a namespace in paths, besides U+001F, which always does.
    package var namespaceSeparator: Character = NamespaceName.separator
    /// Settings that clients take where they have none of their own, and those that they must take.
    package var defaults: [String: String] = [:]
    package var overrides: [String: String] = [:]
    /// `nil`: files are reached by the paths in the metadata alone.
    package var storage: StorageAccess?

    package init() {}

    /// What clients can encode and paths don't need for themselves. Names with that character are out of reach then for clients
    /// that heed the setting.
    package static func isSeparator(_ text: String) -> Bool { [".", ":", ";", ",", "~", "|"].contains(text) }
}

extension IcebergRoutes {
    static let endpoints = [
        "GET /v1/{prefix}/namespaces", "POST /v1/{prefix}/namespaces", "GET /v1/{prefix}/namespaces/{namespace}",
        "HEAD /v1/{prefix}/namespaces/{namespace}", "DELETE /v1/{prefix}/namespaces/{namespace}",
        "POST /v1/{prefix}/namespaces/{namespace}/properties", "GET /v1/{prefix}/namespaces/{namespace}/tables",
        "POST /v1/{prefix}/namespaces/{namespace}/tables", "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
        "HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}",
        "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}",
        "DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}",
        "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials",
        "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics",
        "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/plan",
        "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/plan/{plan-id}",
        "DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}/plan/{plan-id}",
        "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/tasks",
        "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/unregister",
        "POST /v1/{prefix}/namespaces/{namespace}/register", "POST /v1/{prefix}/tables/rename",
        "POST /v1/{prefix}/transactions/commit", "GET /v1/{prefix}/namespaces/{namespace}/views",
        "POST /v1/{prefix}/namespaces/{namespace}/views", "GET /v1/{prefix}/namespaces/{namespace}/views/{view}",
        "HEAD /v1/{prefix}/namespaces/{namespace}/views/{view}",
        "POST /v1/{prefix}/namespaces/{namespace}/views/{view}",
        "DELETE /v1/{prefix}/namespaces/{namespace}/views/{view}",
        "POST /v1/{prefix}/namespaces/{namespace}/register-view", "POST /v1/{prefix}/views/rename",
    ]

    var configurationRoutes: [Route] {
        [
            // One server keeps one warehouse, so whatever name a client gives it is this one.
            route(.get, "/v1/config", access: .anyone) { _ in
                var overrides = configuration.overrides
                if configuration.namespaceSeparator != NamespaceName.separator {
                    overrides["namespace-separator"] = PercentCoding.encode(String(configuration.namespaceSeparator))
                }
                return IcebergAnswer.json(
                    .object([
                        "defaults": .map(configuration.defaults), "overrides": .map(overrides),
                        "endpoints": .strings(
                            Self.endpoints + (configuration.storage?.signer == nil ? [] : Self.signingEndpoints)),
                        "idempotency-key-lifetime": .string("PT\(IdempotentAnswer.lifetimeSeconds / 3_600)H"),
                    ]))
            },
            route(.post, "/v1/oauth/tokens", access: .open) { call in try await token(call) },
        ]
    }

    /// Hands out the token that the client already has as its secret (RFC 6749, section 4.4). Without authentication every
    /// client gets a token that means nothing: there is nothing that it could open.
    private func token(_ call: IcebergCall) async throws -> Response {
        let form = Self.form(call.bytes)
        let grant = form["grant_type"] ?? ""
        let exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
        guard grant == "client_credentials" || grant == exchange else {
            return Self.oauthError(
                "unsupported_grant_type", "grant_type must be client_credentials or \(exchange)", .badRequest)
        }
        let basic = Self.basicCredentials(call)
        let secret = grant == exchange ? form["subject_token"] : form["client_secret"] ?? basic?.secret
        let clientID = grant == exchange ? nil : form["client_id"] ?? basic?.id
        var token = "no-authentication"
        if let authentication {
            guard let secret, !secret.isEmpty else {
                return Self.oauthError("invalid_client", "the client's secret is missing", .unauthorized)
            }
            do {
                // Clients that are given a secret alone send it without an id, or with an empty one.
                _ = try await authentication.authenticate(
                    clientID: clientID.flatMap { $0.isEmpty ? nil : $0 }, secret: secret)
            } catch {
                return Self.oauthError(
                    "invalid_client", "the client's id and secret are no token of this server", .unauthorized)
            }
            token = secret
        }
        return Answers.json(
            .object([
                "access_token": .string(token), "token_type": "bearer",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "expires_in": .integer(Int64(3_600)), "scope": .string(form["scope"]),
            ]))
    }

    private static func oauthError(_ code: String, _ text: String, _ status: HTTPResponse.Status) -> Response {
        Answers.json(.object(["error": .string(code), "error_description": .string(text)]), status: status)
    }

    private static func form(_ bytes: [UInt8]) -> [String: String] {
        var form: [String: String] = [:]
        for pair in String(decoding: bytes, as: UTF8.self).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = PercentCoding.decode(parts[0], plusIsSpace: true),
                let value = PercentCoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else { continue }
            form[key] = value
        }
        return form
    }

    /// Name and password of `Authorization: Basic`.
    private static func basicCredentials(_ call: IcebergCall) -> (id: String, secret: String)? {
        guard let header = call.request.headers[.authorization], header.lowercased().hasPrefix("basic "),
            let bytes = Base64.decode(String(header.dropFirst(6))),
            let text = String(validating: bytes, as: UTF8.self), let colon = text.firstIndex(of: ":")
        else { return nil }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
}

/// Where the gateway listens and whom it lets in.
package struct GatewayConfiguration: Sendable {
    /// A name or address; `127.0.0.1` by default.
    package var host: String
    /// 0 takes a free port.
    package var port: Int
    /// `nil`: nobody is asked who they are, and the server listens on loopback only.
    package var authentication: (any RequestAuthenticating)?
    package var limits: GatewayLimits
    /// The version that `/openapi.json` and the landing page show.
    package var version: String

    package init(
        host: String = "127.0.0.1", port: Int = 8080, authentication: (any RequestAuthenticating)? = nil,
        limits: GatewayLimits = GatewayLimits(), version: String = "0.1.0"
    ) {
        self.host = host
        self.port = port
        self.authentication = authentication
        self.limits = limits
        self.version = version
    }

    /// Refuses what would open the data to anyone on the network.
    /// - Throws: ``GatewayError`` `authentication-required` for an address other than loopback without authentication,
    ///   `listen-invalid` for a port out of range.
    package func validate() throws {
        guard (0...65_535).contains(port) else {
            throw GatewayError(
                code: "listen-invalid", message: "port \(port) is not between 0 and 65535",
                remedy: "give --listen HOST:PORT with a port in that range")
        }
        guard authentication != nil || Self.isLoopback(host) else {
            throw GatewayError(
                code: "authentication-required",
                message: "\(host) is not a loopback address and no authentication is configured",
                remedy: "listen on 127.0.0.1, or configure access tokens before opening the server to the network")
        }
    }

    /// Whether `host` can only be reached from this machine: `localhost`, 127.0.0.0/8 or `::1`, with or without brackets.
    package static func isLoopback(_ host: String) -> Bool {
        let host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        if host.lowercased() == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                    && (Int(part).map { $0 <= 255 } ?? false)
            }
    }
}

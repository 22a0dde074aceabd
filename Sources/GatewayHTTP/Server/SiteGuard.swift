package import HTTPTypes
import Hummingbird

/// Keeps web pages of other sites away from a server that asks nobody who they are.
///
/// A browser sends forms to any address, loopback included, and a host name that an attacker owns can be made to point to
/// 127.0.0.1 (DNS rebinding). So without authentication the `Host` must be a loopback name, and a request that tells
/// where its page comes from (`Origin`, `Sec-Fetch-Site`) must come from this very server.
package enum SiteGuard {
    /// - Throws: ``GatewayError`` `host-refused`, `origin-refused`.
    package static func check(_ request: HTTPRequest) throws {
        let host = request.authority ?? ""
        guard host.isEmpty || GatewayConfiguration.isLoopback(hostName(host)) else {
            throw GatewayError(
                code: "host-refused", message: "the request names a host that is not a loopback name",
                remedy: "ask 127.0.0.1 or localhost, or configure authentication to open the server to the network")
        }
        let origin = request.headerFields[.origin]
        let isSameOrigin = origin.map { $0 == "http://\(host)" || $0 == "https://\(host)" } ?? true
        let site = HTTPField.Name("Sec-Fetch-Site").flatMap { request.headerFields[$0] } ?? "none"
        let mode = HTTPField.Name("Sec-Fetch-Mode").flatMap { request.headerFields[$0] } ?? ""
        let isVisit = mode == "navigate" && (request.method == .get || request.method == .head)
        guard isVisit || (isSameOrigin && (site == "none" || site == "same-origin")) else {
            throw GatewayError(
                code: "origin-refused", message: "the request comes from a page of another site",
                remedy: "call the API from outside a browser, or configure authentication")
        }
    }

    /// The host without its port.
    private static func hostName(_ authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return String(authority.prefix { $0 != ":" })
    }
}

internal import Foundation
import ResultCache

/// Where a Redis server listens: `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://…` with TLS, and
/// `?ca=FILE` for the certificates to trust in place of the system's.
package struct RedisAddress: Sendable, Hashable {
    static let portDefault = 6_379

    package var host: String
    package var port: Int
    package var usesTLS: Bool
    package var user: String?
    package var password: String?
    package var database: Int
    /// A PEM file.
    package var trustFile: String?

    /// - Throws: ``CacheError`` `cache-address-invalid`, without the text, which may hold a password.
    package init(_ text: String) throws {
        guard let parts = URLComponents(string: text), parts.scheme == "redis" || parts.scheme == "rediss",
            let host = parts.host, !host.isEmpty
        else { throw Self.invalid("it is no redis:// or rediss:// address") }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? Self.portDefault
        usesTLS = parts.scheme == "rediss"
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password
        let path = parts.path.drop { $0 == "/" }
        guard let database = path.isEmpty ? 0 : Int(path), database >= 0 else {
            throw Self.invalid("its path is no number of a database")
        }
        self.database = database
        for item in parts.queryItems ?? [] {
            guard item.name == "ca", let file = item.value, !file.isEmpty, usesTLS else {
                throw Self.invalid("`\(item.name.prefix(32))` means nothing in it")
            }
            trustFile = file
        }
        guard user == nil || password != nil else { throw Self.invalid("it has a user and no password") }
        guard (1...65_535).contains(port) else { throw Self.invalid("its port is none") }
    }

    private static func invalid(_ why: String) -> CacheError {
        CacheError(
            code: "cache-address-invalid", message: "the address of the cache cannot be used: \(why)",
            remedy: "write it as redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// with TLS")
    }
}

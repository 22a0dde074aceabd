import Foundation
import LakeModel
import ObjectStorage
import Synchronization

/// The key in use, renewed before it expires by whoever needs it first.
package final class CredentialCache: Sendable {
    /// A key is renewed this long before its end; until then the old one serves when renewal fails.
    static let leadSeconds: Int64 = 300
    /// Keys without an end are looked up again after this time: someone may have put new ones into their file.
    static let keepSeconds: Int64 = 300
    /// Between two attempts while an old key still serves.
    static let pauseSeconds: Int64 = 10

    private struct State {
        var credentials: S3Credentials?
        /// When a new key is to be looked for, in seconds since 1970.
        var renewalSeconds: Int64 = 0
    }

    private let sources: [any CredentialSource]
    private let nowSeconds: @Sendable () -> Int64
    private let state = Mutex(State())
    /// Held while a key is looked for, so that only one thread asks.
    private let looking = NSLock()

    package init(_ sources: [any CredentialSource], nowSeconds: @escaping @Sendable () -> Int64) {
        self.sources = sources
        self.nowSeconds = nowSeconds
    }

    /// The key to sign with.
    /// - Throws: `credentials-missing`.
    package func current() throws -> S3Credentials {
        if let known = usable() { return known }
        // While an old key serves, one thread renews it and the others go on.
        if let old = serving() {
            guard looking.try() else { return old }
            defer { looking.unlock() }
            if let known = usable() { return known }
            do {
                return try renew()
            } catch {
                let now = nowSeconds()
                state.withLock { $0.renewalSeconds = now + Self.pauseSeconds }
                return old
            }
        }
        looking.lock()
        defer { looking.unlock() }
        if let known = usable() { return known }
        return try renew()
    }

    /// Forgets a key that the store refuses, unless another one has taken its place.
    package func refused(_ credentials: S3Credentials) {
        state.withLock { state in
            if state.credentials == credentials { state = State() }
        }
    }

    /// The key, when there is no reason yet to look for another.
    private func usable() -> S3Credentials? {
        let now = nowSeconds()
        return state.withLock { $0.renewalSeconds > now ? $0.credentials : nil }
    }

    /// The key, when it has not expired.
    private func serving() -> S3Credentials? {
        let now = nowSeconds()
        guard let known = state.withLock({ $0.credentials }) else { return nil }
        if let expiry = known.expirySeconds, expiry <= now { return nil }
        return known
    }

    private func renew() throws -> S3Credentials {
        for source in sources {
            guard let found = try source.load() else { continue }
            let now = nowSeconds()
            let renewal = found.expirySeconds.map { max($0 - Self.leadSeconds, now + 1) } ?? now + Self.keepSeconds
            state.withLock { $0 = State(credentials: found, renewalSeconds: renewal) }
            return found
        }
        throw ObjectStoreError(
            code: "credentials-missing",
            message: "there is no key to sign with in \(sources.map(\.name).joined(separator: ", "))",
            remedy: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file of keys")
    }
}

extension CredentialCache {
    /// The places that the AWS tools look at, in their order.
    /// - Parameter file: a file of keys that someone named; then it alone is looked at.
    package static func sources(
        file: String?, environment: [String: String], region: String, transport: any S3Transport
    ) -> [any CredentialSource] {
        let profile = environment["AWS_PROFILE"] ?? "default"
        if let file { return [SharedFileCredentials(path: file, profile: profile, isRequired: true)] }
        var sources: [any CredentialSource] = [EnvironmentCredentials(environment)]
        if let web = WebIdentityCredentials(environment, region: region, transport: transport) { sources.append(web) }
        let named = environment["AWS_SHARED_CREDENTIALS_FILE"]
        if let path = named ?? environment["HOME"].map({ $0 + "/.aws/credentials" }) {
            sources.append(SharedFileCredentials(path: path, profile: profile, isRequired: named != nil))
        }
        if let machine = InstanceCredentials(environment, transport: transport) { sources.append(machine) }
        return sources
    }
}

/// A Trino cluster that statements are forwarded to.
package protocol TrinoForwarding: Sendable {
    /// Scheme, host and port, without a slash at the end: what the addresses in its answers begin with.
    var address: String { get }
    /// Whether statements are answered here while the cluster cannot be reached.
    var fallsBack: Bool { get }

    /// Takes note of a statement that is answered here in the cluster's place.
    func fellBack()

    /// - Parameters:
    ///   - method: `POST`, `GET` or `DELETE`.
    ///   - path: with its slash.
    /// - Throws: `cluster-unreachable` (retryable).
    func send(
        _ method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]
    ) async throws -> ForwardedAnswer
}

/// What the cluster answered.
package struct ForwardedAnswer: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// What the first request with an idempotency key asked for and was told, kept in the transaction of its effect.
///
/// Never holds credentials: answers with table metadata keep the metadata file's location only.
package struct IdempotentAnswer: Sendable, Hashable {
    /// How long an answer is kept at least: a day.
    package static let lifetimeSeconds: Int64 = 86_400

    package var key: String
    /// Hex SHA-256 of method, path and body of the request.
    package var digest: String
    /// Microseconds since 1970 UTC.
    package var createdMicroseconds: Int64
    /// The HTTP status.
    package var status: Int
    /// The file whose metadata is the answer's body, if it is one.
    package var metadataLocation: String?
    /// The body of every other answer.
    package var body: [UInt8]

    package init(
        key: String, digest: String, createdMicroseconds: Int64, status: Int, metadataLocation: String? = nil,
        body: [UInt8] = []
    ) {
        self.key = key
        self.digest = digest
        self.createdMicroseconds = createdMicroseconds
        self.status = status
        self.metadataLocation = metadataLocation
        self.body = body
    }
}

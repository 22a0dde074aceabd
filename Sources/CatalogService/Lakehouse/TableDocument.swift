/// The metadata of a table or view as it goes to a client: the bytes of its file, not read into a tree where that can
/// be helped.
package struct TableDocument: Sendable {
    /// `nil` for a table that is staged and not created yet.
    package var metadataLocation: String?
    /// JSON.
    package var json: [UInt8]

    package init(metadataLocation: String?, json: [UInt8]) {
        self.metadataLocation = metadataLocation
        self.json = json
    }
}

/// Which snapshots a loaded table shows.
package enum SnapshotSelection: String, Sendable, CaseIterable {
    case all
    /// Those that branches and tags name.
    case refs
}

/// The idempotency key of a request, and what identifies the request.
package struct IdempotencyTicket: Sendable, Hashable {
    package var key: String
    /// Hex SHA-256 of method, path and body.
    package var digest: String

    package init(key: String, digest: String) {
        self.key = key
        self.digest = digest
    }

    func answer(status: Int, metadataLocation: String? = nil, body: [UInt8] = [], nowMilliseconds: Int64)
        -> IdempotentAnswer
    {
        IdempotentAnswer(
            key: key, digest: digest, createdMicroseconds: nowMilliseconds * 1_000, status: status,
            metadataLocation: metadataLocation, body: body)
    }
}

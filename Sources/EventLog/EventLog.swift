/// The durable, ordered log that every write goes through before it is acknowledged.
///
/// A topic is a table of the model. The log keeps no consumer positions: sinks keep their own watermark in the
/// transaction of their rows (``LogPosition``).
package protocol EventLog: Sendable {
    /// Names this log's life. A log that was deleted and made anew has another one, so that a watermark of the old log
    /// is never taken for one of the new.
    var incarnation: String { get }

    /// Appends `records` to one topic in one atomic, durable step, together with the idempotency key if there is one.
    func append(_ records: [LogRecord], to topic: String, idempotency: IdempotencyClaim?) async throws -> AppendOutcome

    /// Records of one partition from `offset` on, in offset order, at most `recordsMax` and about `bytesMax` bytes of
    /// payload (always at least one record when there is one).
    func read(topic: String, partition: Int, from offset: Int64, recordsMax: Int, bytesMax: Int) async throws
        -> [StoredRecord]

    /// The offset that the next record of the partition gets: 0 for an unknown topic.
    func endOffset(topic: String, partition: Int) async throws -> Int64

    /// The record with this id, for receipts of writes that no sink has passed yet.
    func record(id: String) async throws -> StoredRecord?

    /// An element each time that something was appended to any topic, coalesced: a hint to read, never the data.
    func appends() -> AsyncStream<Void>
}

package struct LogRecord: Sendable, Hashable {
    /// Unique; the receipt's and job's id as well.
    package var id: String
    /// What orders records within a topic of several partitions; `nil` spreads them.
    package var key: [UInt8]?
    package var headers: [String: String]
    package var payload: [UInt8]

    package init(id: String, key: [UInt8]? = nil, headers: [String: String] = [:], payload: [UInt8]) {
        self.id = id
        self.key = key
        self.headers = headers
        self.payload = payload
    }
}

package struct StoredRecord: Sendable, Hashable {
    package var topic: String
    package var partition: Int
    package var offset: Int64
    /// When it was appended, microseconds since 1970 UTC; never falls within a partition.
    package var appendedMicroseconds: Int64
    package var record: LogRecord

    package init(topic: String, partition: Int, offset: Int64, appendedMicroseconds: Int64, record: LogRecord) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.appendedMicroseconds = appendedMicroseconds
        self.record = record
    }
}

/// An `Idempotency-Key` and the digest of the request it came with.
package struct IdempotencyClaim: Sendable, Hashable {
    package var key: String
    /// SHA-256 of method, path, options and body, hexadecimal.
    package var requestDigest: String

    package init(key: String, requestDigest: String) {
        self.key = key
        self.requestDigest = requestDigest
    }
}

package enum AppendOutcome: Sendable, Hashable {
    /// Durable; the records in the order given.
    case appended([StoredRecord])
    /// The same key came with the same request before: its records.
    case replayed([StoredRecord])
    /// The same key came with another request.
    case conflict
}

/// How far a sink has got in one partition.
package struct LogPosition: Sendable, Hashable, Codable {
    package var incarnation: String
    /// The next offset to work on.
    package var nextOffset: Int64

    package init(incarnation: String, nextOffset: Int64) {
        self.incarnation = incarnation
        self.nextOffset = nextOffset
    }
}

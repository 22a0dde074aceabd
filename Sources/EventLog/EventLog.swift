/// The durable, ordered log that every write goes through before it is acknowledged.
///
/// A topic is a table of the model. The log keeps no consumer positions: sinks keep their own watermark in the
/// transaction of their rows (``LogPosition``).
package protocol EventLog: Sendable {
    /// Names this log's life. A log that was deleted and made anew has another one, so that a watermark of the old log
    /// is never taken for one of the new.
    var incarnation: String { get }

    /// Whether two records of a topic may have one id, and whether others append too: a log outside this process. Sinks take
    /// the first of such records alone.
    var isShared: Bool { get }

    /// Partitions of a topic; 1 for a topic that is not there yet, and of a log that has one partition a topic.
    func partitionCount(topic: String) async throws -> Int

    /// Waits until reads show all that was appended to a topic before the call, also by other processes: by itself a shared
    /// log shows that a moment later.
    func catchUp(topic: String) async throws

    /// Appends `records` to one topic in one atomic, durable step, together with the idempotency key if there is one.
    func append(_ records: [LogRecord], to topic: String, idempotency: IdempotencyClaim?) async throws -> AppendOutcome

    /// Records of one partition from `offset` on, in offset order, at most `recordsMax` and about `bytesMax` bytes of
    /// payload (always at least one record when there is one).
    /// - Throws: ``EventLogError`` `offset-trimmed` when `offset` lies before the first record that is kept; `log-corrupt`
    ///   for a record that is not what was written.
    func read(topic: String, partition: Int, from offset: Int64, recordsMax: Int, bytesMax: Int) async throws
        -> [StoredRecord]

    /// The offset that the next record of the partition gets: 0 for an unknown topic.
    func endOffset(topic: String, partition: Int) async throws -> Int64

    /// What stands beside the payloads of records from `offset` on, without reading payloads. It is not checked against
    /// the records' checksums, which cover the payloads: good for lists and hints.
    /// - Throws: `offset-trimmed` like ``read(topic:partition:from:recordsMax:bytesMax:)``.
    func heads(topic: String, partition: Int, from offset: Int64, recordsMax: Int) async throws -> [RecordHead]

    /// What the partition holds now; all zero for an unknown topic.
    func extent(topic: String, partition: Int) async throws -> LogExtent

    /// The first offset whose record was appended at or after a time, the end offset when there is none.
    /// - Complexity: O(log records).
    func offset(topic: String, partition: Int, appendedSince microseconds: Int64) async throws -> Int64

    /// Drops the records of a partition before `offset`, never any of those behind. Offsets stay as they are, and
    /// a replayed idempotency key brings back ids and offsets of dropped records with empty payloads.
    /// - Returns: how many were dropped.
    @discardableResult func trim(topic: String, partition: Int, before offset: Int64) async throws -> Int

    /// The record with this id, for receipts of writes that no sink has passed yet.
    func record(id: String) async throws -> StoredRecord?

    /// An element each time that something was appended to any topic, coalesced: a hint to read, never the data.
    func appends() -> AsyncStream<Void>
}

/// A log that keeps everything needs to say nothing more.
extension EventLog {
    package var isShared: Bool { false }

    package func partitionCount(topic: String) async throws -> Int { 1 }

    package func catchUp(topic: String) async throws {}

    package func heads(topic: String, partition: Int, from offset: Int64, recordsMax: Int) async throws -> [RecordHead]
    {
        try await read(topic: topic, partition: partition, from: offset, recordsMax: recordsMax, bytesMax: .max)
            .map(RecordHead.init)
    }

    package func extent(topic: String, partition: Int) async throws -> LogExtent {
        LogExtent(startOffset: 0, endOffset: try await endOffset(topic: topic, partition: partition), byteCount: 0)
    }

    package func offset(topic: String, partition: Int, appendedSince microseconds: Int64) async throws -> Int64 { 0 }

    @discardableResult package func trim(topic: String, partition: Int, before offset: Int64) async throws -> Int { 0 }
}

/// A stored record without its payload.
package struct RecordHead: Sendable, Hashable {
    package var id: String
    package var offset: Int64
    /// Microseconds since 1970 UTC.
    package var appendedMicroseconds: Int64
    package var headers: [String: String]
    /// Bytes that the record takes, about.
    package var byteCount: Int

    package init(id: String, offset: Int64, appendedMicroseconds: Int64, headers: [String: String], byteCount: Int) {
        self.id = id
        self.offset = offset
        self.appendedMicroseconds = appendedMicroseconds
        self.headers = headers
        self.byteCount = byteCount
    }

    package init(_ record: StoredRecord) {
        self.init(
            id: record.record.id, offset: record.offset, appendedMicroseconds: record.appendedMicroseconds,
            headers: record.record.headers, byteCount: record.record.byteCount)
    }
}

/// What a partition holds.
package struct LogExtent: Sendable, Hashable {
    /// The first record that is kept.
    package var startOffset: Int64
    /// What the next record gets.
    package var endOffset: Int64
    /// Bytes of the records that are kept, about.
    package var byteCount: Int64

    package init(startOffset: Int64, endOffset: Int64, byteCount: Int64) {
        self.startOffset = startOffset
        self.endOffset = endOffset
        self.byteCount = byteCount
    }
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

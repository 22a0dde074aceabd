/// What a log takes at most; every implementation checks these before anything is written.
package struct EventLogLimits: Sendable, Hashable {
    /// 64 MiB.
    package static let recordBytesMaxDefault = 64 << 20
    /// 128 MiB.
    package static let appendBytesMaxDefault = 128 << 20
    package static let appendRecordsMaxDefault = 10_000
    /// 256 MiB.
    package static let pendingBytesMaxDefault = 256 << 20
    /// A day.
    package static let idempotencySecondsDefault: Int64 = 24 * 60 * 60
    /// Kafka's limit for topic names.
    package static let topicBytesMax = 249
    package static let recordIDBytesMax = 128
    package static let idempotencyKeyBytesMax = 1024

    /// Payload, key and headers of one record, in bytes.
    package var recordBytesMax = recordBytesMaxDefault
    /// All records of one append, in bytes.
    package var appendBytesMax = appendBytesMaxDefault
    package var appendRecordsMax = appendRecordsMaxDefault
    /// Bytes that wait for the disk before further appends get `log-overloaded`.
    package var pendingBytesMax = pendingBytesMaxDefault
    /// How long an idempotency key is remembered.
    package var idempotencySeconds = idempotencySecondsDefault

    package init() {}

    /// Checks one append.
    /// - Returns: its size in bytes.
    package func validate(_ records: [LogRecord], topic: String, idempotency: IdempotencyClaim?) throws -> Int {
        try Self.validate(topic: topic)
        guard !records.isEmpty else {
            throw EventLogError(code: "append-empty", message: "an append without records", remedy: "send a record")
        }
        guard records.count <= appendRecordsMax else {
            throw EventLogError(
                code: "append-too-large",
                message: "\(records.count) records in one append, the limit is \(appendRecordsMax)",
                remedy: "append in several steps")
        }
        if let key = idempotency?.key, !Self.isPlain(key, bytesMax: Self.idempotencyKeyBytesMax) {
            throw EventLogError(
                code: "idempotency-key-invalid",
                message: "an idempotency key has 1 to \(Self.idempotencyKeyBytesMax) printable ASCII characters",
                remedy: "use a UUID")
        }
        var total = 0
        var ids: Set<String> = []
        for record in records {
            guard Self.isPlain(record.id, bytesMax: Self.recordIDBytesMax) else {
                throw EventLogError(
                    code: "record-id-invalid",
                    message: "a record id has 1 to \(Self.recordIDBytesMax) printable ASCII characters",
                    remedy: "use a UUID")
            }
            guard ids.insert(record.id).inserted else { throw Self.idTaken(record.id) }
            let size = record.byteCount
            guard size <= recordBytesMax else {
                throw EventLogError(
                    code: "record-too-large", message: "a record of \(size) bytes, the limit is \(recordBytesMax)",
                    remedy: "send it as a file, or in smaller batches")
            }
            total += size
        }
        guard total <= appendBytesMax else {
            throw EventLogError(
                code: "append-too-large", message: "\(total) bytes in one append, the limit is \(appendBytesMax)",
                remedy: "append in several steps")
        }
        return total
    }

    /// Printable ASCII: such text is equal in every database and header exactly when its bytes are.
    private static func isPlain(_ text: String, bytesMax: Int) -> Bool {
        (1...bytesMax).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// Kafka's rule for names, so that a topic can move there as it is.
    package static func validate(topic: String) throws {
        let isPlain = topic.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, (1...topicBytesMax).contains(topic.utf8.count), topic != ".", topic != ".." else {
            throw EventLogError(
                code: "topic-invalid",
                message: "a topic's name has 1 to \(topicBytesMax) of the characters a-z A-Z 0-9 . _ -",
                remedy: "rename the table")
        }
    }

    package static func idTaken(_ id: String) -> EventLogError {
        EventLogError(
            code: "record-id-taken", message: "there is a record with the id '\(id)' already; nothing was appended",
            remedy: "use a fresh id for a new record")
    }

    /// Refused because of what waits already.
    package func overloaded(pendingBytes: Int) -> EventLogError {
        EventLogError(
            code: "log-overloaded",
            message: "\(pendingBytes) bytes wait for the disk, the limit is \(pendingBytesMax); nothing was appended",
            remedy: "repeat the call a little later", isRetryable: true)
    }
}

extension LogRecord {
    /// Payload, key, id and headers in bytes.
    package var byteCount: Int {
        headers.reduce(payload.count + (key?.count ?? 0) + id.utf8.count) {
            $0 + $1.key.utf8.count + $1.value.utf8.count
        }
    }
}

import EventLog

/// Records as messages: payload and key as they are, headers as headers, the id as one more of them.
enum RecordCoding {
    static let idHeader = "dipper-record-id"
    /// The idempotency key that a record came with, for readers; sinks go by the id.
    static let claimHeader = "dipper-idempotency-key"
    private static let reserved: Set<String> = [idHeader, claimHeader]

    /// - Throws: `record-header-reserved`.
    static func validate(_ records: [LogRecord]) throws {
        for record in records {
            guard let name = record.headers.keys.first(where: { reserved.contains($0) || $0.utf8.contains(0) }) else {
                continue
            }
            throw EventLogError(
                code: "record-header-reserved", message: "a record brings the header `\(name.prefix(64))`",
                remedy: "name the header otherwise")
        }
    }

    static func message(_ record: LogRecord, partition: Int, claim: String?) -> OutgoingMessage {
        var headers = [FetchedMessage.Header(name: idHeader, value: Array(record.id.utf8))]
        if let claim { headers.append(FetchedMessage.Header(name: claimHeader, value: Array(claim.utf8))) }
        for (name, value) in record.headers.sorted(by: { $0.key < $1.key }) {
            headers.append(FetchedMessage.Header(name: name, value: Array(value.utf8)))
        }
        return OutgoingMessage(partition: partition, key: record.key, value: record.payload, headers: headers)
    }

    /// A message that another program wrote has no id, and gets one of its place.
    static func stored(_ message: FetchedMessage, topic: String, partition: Int) -> StoredRecord {
        var id = "\(topic)-\(partition)-\(message.offset)"
        var headers: [String: String] = [:]
        for header in message.headers where header.name != claimHeader {
            let text = String(decoding: header.value, as: UTF8.self)
            if header.name == idHeader { id = text } else { headers[header.name] = text }
        }
        return StoredRecord(
            topic: topic, partition: partition, offset: message.offset,
            appendedMicroseconds: message.timestampMilliseconds * 1_000,
            record: LogRecord(id: id, key: message.key, headers: headers, payload: message.value))
    }
}

/// Which partition a key belongs to: Kafka's own hash, so that other producers' keys go the same way.
enum KeyPartitioner {
    static func partition(of key: [UInt8], count: Int) -> Int {
        precondition(count > 0)
        return Int(UInt32(bitPattern: murmur2(key)) & 0x7FFF_FFFF) % count
    }

    /// MurmurHash2 of 32 bits with Kafka's seed (`org.apache.kafka.common.utils.Utils.murmur2`).
    static func murmur2(_ bytes: [UInt8]) -> Int32 {
        let factor: UInt32 = 0x5BD1_E995
        var hash: UInt32 = 0x9747_B28C ^ UInt32(truncatingIfNeeded: bytes.count)
        let whole = bytes.count & ~3
        for start in stride(from: 0, to: whole, by: 4) {
            var word =
                UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2]) << 16
                | UInt32(bytes[start + 3]) << 24
            word &*= factor
            word ^= word >> 24
            word &*= factor
            hash = hash &* factor ^ word
        }
        if bytes.count > whole {
            for (index, byte) in bytes[whole...].enumerated() { hash ^= UInt32(byte) << UInt32(8 * index) }
            hash &*= factor
        }
        hash ^= hash >> 13
        hash &*= factor
        return Int32(bitPattern: hash ^ hash >> 15)
    }
}

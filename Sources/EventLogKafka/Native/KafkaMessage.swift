import CRdKafka

/// A message as it came from a partition, copied out of the library's memory.
struct FetchedMessage: Sendable, Hashable {
    struct Header: Sendable, Hashable {
        var name: String
        var value: [UInt8]
    }

    var offset: Int64
    /// Since 1970 UTC; 0 when the message has none.
    var timestampMilliseconds: Int64
    var key: [UInt8]?
    var value: [UInt8]
    var headers: [Header] = []
}

/// Which partition something comes from.
struct PartitionName: Sendable, Hashable, CustomStringConvertible {
    var topic: String
    var partition: Int

    var description: String { "\(topic)/\(partition)" }
}

enum FetchEvent: Sendable, Hashable {
    case message(PartitionName, FetchedMessage)
    /// The partition's end was reached; the next record gets this offset.
    case end(PartitionName, Int64)
    case fault(PartitionName?, KafkaFault)
}

extension FetchEvent {
    /// Copies a message of the library and gives it back.
    @unsafe init(taking message: UnsafeMutablePointer<rd_kafka_message_t>) {
        defer { unsafe rd_kafka_message_destroy(message) }
        let topic = unsafe message.pointee.rkt.flatMap { unsafe rd_kafka_topic_name($0) }
            .map { unsafe String(cString: $0) }
        let place = topic.map { unsafe PartitionName(topic: $0, partition: Int(message.pointee.partition)) }
        let code = unsafe message.pointee.err
        guard let place, code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            if let place, code == RD_KAFKA_RESP_ERR__PARTITION_EOF {
                self = unsafe .end(place, message.pointee.offset)
            } else {
                self = unsafe .fault(place, KafkaFault(code, Self.text(message)))
            }
            return
        }
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let time = unsafe rd_kafka_message_timestamp(message, &kind)
        self = unsafe .message(
            place,
            FetchedMessage(
                offset: message.pointee.offset, timestampMilliseconds: max(0, time),
                key: message.pointee.key.map { unsafe Self.bytes($0, message.pointee.key_len) },
                value: message.pointee.payload.map { unsafe Self.bytes($0, message.pointee.len) } ?? [],
                headers: Self.headers(message)))
    }

    private static func text(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> String? {
        guard let start = unsafe message.pointee.payload else { return nil }
        return unsafe String(decoding: bytes(start, message.pointee.len), as: UTF8.self)
    }

    private static func bytes(_ start: UnsafeMutableRawPointer, _ count: Int) -> [UInt8] {
        unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    private static func headers(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> [FetchedMessage.Header] {
        var list: OpaquePointer?
        guard unsafe rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list = unsafe list
        else { return [] }
        var result: [FetchedMessage.Header] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var byteCount = 0
        while unsafe rd_kafka_header_get_all(list, result.count, &name, &value, &byteCount)
            == RD_KAFKA_RESP_ERR_NO_ERROR
        {
            let bytes = unsafe value.map { unsafe [UInt8](UnsafeRawBufferPointer(start: $0, count: byteCount)) } ?? []
            result.append(
                FetchedMessage.Header(name: unsafe name.map { unsafe String(cString: $0) } ?? "", value: bytes))
        }
        return result
    }
}

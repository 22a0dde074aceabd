import CRdKafka
import EventLog

/// What librdkafka or a broker says has failed.
struct KafkaFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// `rd_kafka_resp_err_t`: below zero the library's own, above it a broker's.
    var code: Int32
    /// The code's name, for example `_TIMED_OUT`.
    var name: String
    var text: String

    init(_ code: rd_kafka_resp_err_t, _ reason: String? = nil) {
        self.code = code.rawValue
        name = unsafe rd_kafka_err2name(code).map { unsafe String(cString: $0) } ?? "\(code.rawValue)"
        let said = unsafe rd_kafka_err2str(code).map { unsafe String(cString: $0) } ?? name
        text = reason.flatMap { $0.isEmpty ? nil : $0 } ?? said
    }

    var description: String { "\(text) (\(name))" }

    func `is`(_ other: rd_kafka_resp_err_t) -> Bool { code == other.rawValue }

    /// What is wrong with the caller's rights or the broker's settings, which a repetition does not mend.
    private static let lasting: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION, RD_KAFKA_RESP_ERR_INVALID_CONFIG,
        RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
    ]

    private static let tooLarge: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
        RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
    ]

    var isTooLarge: Bool { Self.tooLarge.contains { self.is($0) } }

    /// The fault in the log's terms, where it is known that nothing was appended.
    func refusal(_ what: String) -> EventLogError {
        if isTooLarge {
            return EventLogError(
                code: "record-too-large", message: "\(what): the broker takes no record of this size: \(self)",
                remedy: "raise `max.message.bytes` of the topic, or send smaller batches", cause: self)
        }
        if Self.lasting.contains(where: { self.is($0) }) {
            return EventLogError(
                code: "log-refused", message: "\(what): Kafka refused: \(self)",
                remedy: "check the credentials, the rights on the topic and the settings of the log", cause: self)
        }
        return EventLogError(
            code: "log-unreachable", message: "\(what): no answer from Kafka: \(self)",
            remedy: "repeat the call after a moment; look at the brokers if it goes on", cause: self, isRetryable: true)
    }
}

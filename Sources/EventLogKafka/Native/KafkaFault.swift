import CRdKafka
import EventLog

/// What librdkafka or a broker says has failed.
struct KafkaFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// `rd_kafka_resp_err_t`: below zero the library's own, above it a broker's.
    var code: Int32
    /// The code's name, for example `_TIMED_OUT`.
    var name: String
    var text: String
    /// Why the connection ended, where all else is silence.
    var connection: String?

    init(_ code: rd_kafka_resp_err_t, _ reason: String? = nil) {
        self.code = code.rawValue
        name = unsafe rd_kafka_err2name(code).map { unsafe String(cString: $0) } ?? "\(code.rawValue)"
        let said = unsafe rd_kafka_err2str(code).map { unsafe String(cString: $0) } ?? name
        text = reason.flatMap { $0.isEmpty ? nil : $0 } ?? said
    }

    init(code: Int32, text: String? = nil) { self.init(rd_kafka_resp_err_t(code), text) }

    var description: String {
        "\(text) (\(name))" + (connection.map { "; the connection said: \($0)" } ?? "")
    }

    func `is`(_ other: rd_kafka_resp_err_t) -> Bool { code == other.rawValue }

    /// What is wrong with the caller's rights or the broker's settings, which a repetition does not mend.
    private static let lasting: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION, RD_KAFKA_RESP_ERR_INVALID_CONFIG,
        RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
    ]

    private static let identity: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
        RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE,
    ]

    /// Whether the brokers don't take who this is.
    var isOfIdentity: Bool { Self.identity.contains { self.is($0) } }

    /// Whether no secure connection comes about.
    var isOfTLS: Bool { self.is(RD_KAFKA_RESP_ERR__SSL) }

    /// Whether nothing but another setting mends it.
    var isLasting: Bool { isOfIdentity || isOfTLS || Self.lasting.contains { self.is($0) } }

    /// Whether it says no more than that there was no answer.
    var isSilence: Bool {
        self.is(RD_KAFKA_RESP_ERR__TRANSPORT) || self.is(RD_KAFKA_RESP_ERR__TIMED_OUT)
            || self.is(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) || self.is(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
    }

    private static let hint =
        ", and at what the log's file sets of `security.protocol`, `sasl.…` and `ssl.…` (`ssl.certificate.location` where "
        + "brokers ask for a certificate)"

    /// What to do about it, beyond waiting.
    var remedy: String? {
        if isOfIdentity {
            return "check `security.protocol`, `sasl.mechanism`, `sasl.username` and `sasl.password` in the log's file "
                + "(`--log @FILE`), then start again"
        }
        if isOfTLS {
            return "check in the log's file (`--log @FILE`) that `ssl.ca.location` names who signed the brokers' "
                + "certificates, that the address names the brokers as these do, and `ssl.certificate.location` and "
                + "`ssl.key.location` where brokers ask for a certificate; then start again"
        }
        return isLasting ? "check the rights on the topic and the settings of the log" : nil
    }

    /// The same fault, with what the connections say where it is a mere silence. It stays one, which passes when the brokers
    /// take this client again: who writes is to come back.
    func explained(by trouble: KafkaFault?) -> KafkaFault {
        guard isSilence, let trouble else { return self }
        var fault = self
        fault.connection = trouble.text
        return fault
    }

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
        if isLasting {
            return EventLogError(
                code: "log-refused", message: "\(what): Kafka refused: \(self)", remedy: remedy, cause: self)
        }
        return EventLogError(
            code: "log-unreachable", message: "\(what): no answer from Kafka: \(self)",
            remedy: "repeat the call after a moment; look at the brokers if it goes on"
                + (connection == nil ? "" : Self.hint),
            cause: self, isRetryable: true)
    }
}

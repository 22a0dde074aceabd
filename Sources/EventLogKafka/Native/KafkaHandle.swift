import CRdKafka
import EventLog
import Logging

/// One client of librdkafka, producer or consumer, with threads of its own inside the library.
///
/// `@unchecked Sendable`: librdkafka's handle may be used from every thread; it is set once and given back in `deinit`.
@safe final class KafkaHandle: @unchecked Sendable {
    enum Role { case producer, consumer }

    let pointer: OpaquePointer
    private let lines: LogLines
    private let clients: ClientCount

    /// - Parameters:
    ///   - properties: those that the library must know.
    ///   - optional: tuning that some versions of the library don't know, and do without.
    /// - Throws: `log-option-invalid`.
    init(
        _ role: Role, _ properties: [String: String], optional: [String: String] = [:], setup: KafkaSetup
    ) throws {
        lines = LogLines(setup.logger)
        clients = setup.clients
        guard let settings = unsafe rd_kafka_conf_new() else { throw Self.invalid("no memory for settings") }
        var reason = [CChar](repeating: 0, count: Self.reasonBytesMax)
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            guard unsafe rd_kafka_conf_set(settings, name, value, &reason, reason.count) == RD_KAFKA_CONF_OK else {
                unsafe rd_kafka_conf_destroy(settings)
                // The library's words may repeat the value, which may be a password.
                throw Self.invalid("`\(name)` is unknown to librdkafka, or its value is")
            }
        }
        for (name, value) in optional { _ = unsafe rd_kafka_conf_set(settings, name, value, &reason, reason.count) }
        // The box outlives the handle: it is released after `deinit` has destroyed that.
        unsafe rd_kafka_conf_set_opaque(settings, Unmanaged.passUnretained(lines).toOpaque())
        unsafe rd_kafka_conf_set_log_cb(settings) { handle, level, facility, text in
            guard let handle = unsafe handle, let box = unsafe rd_kafka_opaque(handle), let text = unsafe text else {
                return
            }
            let part = unsafe facility.map { unsafe String(cString: $0) } ?? ""
            unsafe Unmanaged<LogLines>.fromOpaque(box).takeUnretainedValue()
                .write(Int(level), part, String(cString: text))
        }
        if role == .producer { unsafe rd_kafka_conf_set_dr_msg_cb(settings, KafkaProducer.delivered) }
        let kind = role == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        guard let made = unsafe rd_kafka_new(kind, settings, &reason, reason.count) else {
            unsafe rd_kafka_conf_destroy(settings)
            throw Self.invalid(KafkaStrings.text(reason))
        }
        unsafe pointer = made
        clients.add(1)
    }

    /// Waits for the library's threads.
    deinit {
        unsafe dipper_kafka_destroy(pointer)
        clients.add(-1)
    }

    /// Bytes of the library's words about a setting.
    private static let reasonBytesMax = 512

    private static func invalid(_ what: String) -> EventLogError {
        EventLogError(
            code: "log-option-invalid", message: "the settings for Kafka can't be used: \(what)",
            remedy: "look the name up among librdkafka's configuration properties (CONFIGURATION.md)")
    }

    /// Hands the library's lines on.
    private final class LogLines: Sendable {
        private let logger: Logger

        init(_ logger: Logger) { self.logger = logger }

        /// - Parameter level: syslog's.
        func write(_ level: Int, _ facility: String, _ text: String) {
            let own: Logger.Level = level <= 2 ? .error : level <= 4 ? .warning : .debug
            logger.log(level: own, "kafka client", metadata: ["facility": "\(facility)", "text": "\(text)"])
        }
    }
}

import CRdKafka
import EventLog
import Logging
import Synchronization

/// One client of librdkafka, producer or consumer, with threads of its own inside the library.
///
/// `@unchecked Sendable`: librdkafka's handle may be used from every thread; it is set once and given back in `deinit`.
@safe final class KafkaHandle: @unchecked Sendable {
    enum Role { case producer, consumer }

    let pointer: OpaquePointer
    private let talk: ClientTalk
    private let clients: ClientCount

    /// - Parameters:
    ///   - properties: those that the library must know.
    ///   - optional: tuning that some versions of the library don't know, and do without.
    /// - Throws: `log-option-invalid`.
    init(
        _ role: Role, _ properties: [String: String], optional: [String: String] = [:], setup: KafkaSetup
    ) throws {
        talk = ClientTalk(setup)
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
        unsafe rd_kafka_conf_set_opaque(settings, Unmanaged.passUnretained(talk).toOpaque())
        unsafe Self.listen(settings)
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

    /// Has the library tell what it has to say.
    @unsafe private static func listen(_ settings: OpaquePointer) {
        unsafe rd_kafka_conf_set_log_cb(settings) { handle, level, facility, text in
            guard let text = unsafe text else { return }
            let part = unsafe facility.map { unsafe String(cString: $0) } ?? ""
            unsafe KafkaHandle.talk(of: handle)?.write(Int(level), part, String(cString: text))
        }
        unsafe rd_kafka_conf_set_error_cb(settings) { handle, code, reason, _ in
            let text = unsafe reason.map { unsafe String(cString: $0) }
            unsafe KafkaHandle.talk(of: handle)?.met(KafkaFault(rd_kafka_resp_err_t(code), text))
        }
    }

    /// Of a client that is alive: its own handle holds what comes back.
    @unsafe private static func talk(of handle: OpaquePointer?) -> ClientTalk? {
        guard let handle = unsafe handle, let box = unsafe rd_kafka_opaque(handle) else { return nil }
        return unsafe Unmanaged<ClientTalk>.fromOpaque(box).takeUnretainedValue()
    }

    // MARK: Trouble with connections

    /// What the connections have failed with since the last call of ``isWell()``: it explains why there is no answer. The
    /// library tells it when it is polled.
    var trouble: KafkaFault? { talk.trouble }

    /// An answer came.
    func isWell() { talk.isWell() }

    /// The trouble of the client that reports a message.
    @unsafe static func trouble(of handle: OpaquePointer?) -> KafkaFault? { unsafe talk(of: handle)?.trouble }

    /// Hands the library's lines on, and keeps the last trouble.
    private final class ClientTalk: Sendable {
        private let logger: Logger
        private let lines: LineFilter
        private let last = Mutex<KafkaFault?>(nil)

        init(_ setup: KafkaSetup) {
            logger = setup.logger
            lines = setup.lines
        }

        var trouble: KafkaFault? { last.withLock { $0 } }

        func isWell() { last.withLock { $0 = nil } }

        /// That all brokers are down says less than what came before it, and what only another setting mends says most.
        /// - Parameter isTold: whether it came as a line already.
        func met(_ fault: KafkaFault, isTold: Bool = false) {
            if !isTold { write(Self.errorLevel, "ERROR", fault.text) }
            if fault.is(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) { return }
            last.withLock { last in
                if fault.isLasting || last?.isLasting != true { last = fault }
            }
        }

        /// Syslog's.
        private static let errorLevel = 3
        /// The lines that tell why a connection ended, some of which come as lines alone.
        private static let failure = "FAIL"

        /// - Parameter level: syslog's.
        func write(_ level: Int, _ facility: String, _ text: String) {
            if facility == Self.failure { met(KafkaFault(RD_KAFKA_RESP_ERR__TRANSPORT, text), isTold: true) }
            let own: Logger.Level = level <= 2 ? .error : level <= 4 ? .warning : .debug
            guard own > .debug else {
                logger.debug("kafka client", metadata: ["facility": "\(facility)", "text": "\(text)"])
                return
            }
            guard let leftOut = lines.admit(text) else { return }
            logger.log(
                level: own, "kafka client",
                metadata: ["facility": "\(facility)", "text": "\(text)", "leftOut": "\(leftOut)"])
        }
    }
}

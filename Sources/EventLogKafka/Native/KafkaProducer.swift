import CRdKafka
import EventLog
import Foundation
internal import Logging
import Synchronization

/// A message on its way to a partition.
struct OutgoingMessage: Sendable {
    var partition: Int
    var key: [UInt8]?
    var value: [UInt8]
    var headers: [FetchedMessage.Header] = []
}

/// What became of one message.
enum Delivery: Sendable, Hashable {
    /// In the log, on as many brokers as the topic asks for.
    case stored(offset: Int64, timestampMilliseconds: Int64)
    /// In the log, but the broker does not tell where: it had the message before the answer to it was lost.
    case storedSomewhere
    /// Certainly not in the log.
    case refused(KafkaFault)
    /// Nobody knows.
    case unknown(KafkaFault)

    var fault: KafkaFault? {
        switch self {
        case .stored, .storedSomewhere: nil
        case .refused(let fault), .unknown(let fault): fault
        }
    }
}

/// The idempotent producer: `acks=all`, each message once and in order however often the library sends it.
///
/// The library reports each message on a thread of the producer's own. After a message that was given up, or a fatal error,
/// of which an idempotent producer has some, the next call begins with a new client, and the old one ends when all its
/// messages are answered.
final class KafkaProducer: Sendable {
    private struct State {
        var session: ProducerSession?
        /// Counts the sessions.
        var generation = 0
        /// Of the last message: time never falls, as far as this process decides it.
        var lastMilliseconds: Int64 = 0
        var isClosed = false
    }

    private let setup: KafkaSetup
    private let state = Mutex(State())
    private let nowMicroseconds: @Sendable () -> Int64

    init(_ setup: KafkaSetup, nowMicroseconds: @escaping @Sendable () -> Int64) {
        self.setup = setup
        self.nowMicroseconds = nowMicroseconds
    }

    /// Sends messages side by side, and waits until each is stored, refused or given up.
    /// - Throws: `log-closed`, `log-option-invalid`; what happens to single messages is in the result.
    func send(_ messages: [OutgoingMessage], to topic: String) async throws -> [Delivery] {
        let used = Mutex(0)
        let deliveries = try await withCheckedThrowingContinuation { continuation in
            let receipt = DeliveryReceipt(count: messages.count) { continuation.resume(returning: $0) }
            do {
                try state.withLock { state in
                    guard !state.isClosed else { throw Self.closed }
                    let session = try usable(&state)
                    let generation = state.generation
                    used.withLock { $0 = generation }
                    state.lastMilliseconds = max(state.lastMilliseconds, nowMicroseconds() / 1_000)
                    session.enqueue(messages, topic, state.lastMilliseconds, receipt)
                }
            } catch {
                continuation.resume(throwing: error)
                return
            }
            receipt.settleRefused()
        }
        replace(after: deliveries, generation: used.withLock { $0 })
        return deliveries
    }

    /// A client that gave a message up has to come to terms with the broker about what it sent; brokers differ in how they
    /// take that. A new one has nothing to explain.
    private func replace(after deliveries: [Delivery], generation: Int) {
        let cause = deliveries.lazy.compactMap(\.fault).first { !$0.isTooLarge }
        guard let cause else {
            state.withLock { if $0.generation == generation { $0.session?.isWell() } }
            return
        }
        let isReplaced = state.withLock { state in
            guard state.generation == generation, let session = state.session else { return false }
            session.retire()
            state.session = nil
            return true
        }
        if isReplaced { setup.logger.warning("the producer is replaced", metadata: ["cause": "\(cause)"]) }
    }

    private func usable(_ state: inout State) throws -> ProducerSession {
        if let session = state.session {
            guard let fault = session.fatalFault else { return session }
            setup.logger.warning("the producer is replaced", metadata: ["cause": "\(fault)"])
            session.retire()
        }
        let made = try ProducerSession(setup)
        state.session = made
        state.generation += 1
        return made
    }

    /// Refuses further messages; those under way are still reported.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.session?.retire()
            state.session = nil
        }
    }

    private static let closed = EventLogError(code: "log-closed", message: "the log is closed")

    /// librdkafka's report of one message, called on the session's thread.
    static let delivered:
        @convention(c) (OpaquePointer?, UnsafePointer<rd_kafka_message_t>?, UnsafeMutableRawPointer?) -> Void =
            {
                handle, message, _ in
                guard let message = unsafe message, let opaque = unsafe message.pointee._private else { return }
                // The one reference that `enqueue` handed to the library comes back here.
                let ticket = unsafe Unmanaged<DeliveryTicket>.fromOpaque(opaque).takeRetainedValue()
                let code = unsafe message.pointee.err
                if code == RD_KAFKA_RESP_ERR_NO_ERROR, unsafe message.pointee.offset < 0 {
                    ticket.report(.storedSomewhere)
                } else if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                    var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
                    let time = unsafe rd_kafka_message_timestamp(message, &kind)
                    unsafe ticket.report(
                        .stored(offset: message.pointee.offset, timestampMilliseconds: max(0, time)))
                } else if unsafe rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED {
                    unsafe ticket.report(.refused(silence(KafkaFault(code), handle)))
                } else {
                    unsafe ticket.report(.unknown(silence(KafkaFault(code), handle)))
                }
            }

    /// A message that was given up, with what the connections say.
    @unsafe private static func silence(_ fault: KafkaFault, _ handle: OpaquePointer?) -> KafkaFault {
        fault.isSilence ? fault.explained(by: unsafe KafkaHandle.trouble(of: handle)) : fault
    }
}

/// Gathers what became of the messages of one call.
private final class DeliveryReceipt: Sendable {
    private struct State {
        var deliveries: [Delivery?]
        var left: Int
        var refused: [(Int, KafkaFault)] = []
    }

    private let state: Mutex<State>
    private let done: @Sendable ([Delivery]) -> Void

    init(count: Int, done: @escaping @Sendable ([Delivery]) -> Void) {
        state = Mutex(State(deliveries: Array(repeating: nil, count: count), left: count))
        self.done = done
    }

    func report(_ index: Int, _ delivery: Delivery) {
        let all: [Delivery]? = state.withLock { state in
            state.deliveries[index] = delivery
            state.left -= 1
            return state.left == 0 ? state.deliveries.compactMap { $0 } : nil
        }
        if let all { done(all) }
    }

    /// The library did not take the message: told later, outside the producer's lock.
    func refuse(_ index: Int, _ fault: KafkaFault) { state.withLock { $0.refused.append((index, fault)) } }

    func settleRefused() {
        let refused = state.withLock { state in
            defer { state.refused = [] }
            return state.refused
        }
        for (index, fault) in refused { report(index, .refused(fault)) }
    }
}

/// What the library holds for one message until it reports it.
private final class DeliveryTicket: Sendable {
    private let receipt: DeliveryReceipt
    private let index: Int

    init(_ receipt: DeliveryReceipt, _ index: Int) {
        self.receipt = receipt
        self.index = index
    }

    func report(_ delivery: Delivery) { receipt.report(index, delivery) }
}

/// One client of the library and the thread that takes its reports.
private final class ProducerSession: Sendable {
    private let handle: KafkaHandle
    private let isRetired = Mutex(false)

    /// Milliseconds that one wait for reports takes at most.
    private static let pollMilliseconds: Int32 = 100
    /// Milliseconds beyond the time of a message after which a client that ends no longer waits for reports.
    private static let graceMilliseconds = 5_000
    private static let stackBytes = 1 << 20

    init(_ setup: KafkaSetup) throws {
        handle = try KafkaHandle(
            .producer, setup.options.producerProperties, optional: KafkaLogOptions.producerTuning, setup: setup)
        let patience = setup.options.appendMilliseconds + Self.graceMilliseconds
        // The thread keeps the session until it has ended.
        let thread = Thread { [self] in work(patienceMilliseconds: patience) }
        thread.name = "kafka-producer"
        thread.stackSize = Self.stackBytes
        thread.start()
    }

    /// The error after which this client takes no more messages.
    var fatalFault: KafkaFault? {
        var reason = [CChar](repeating: 0, count: 512)
        let code = unsafe rd_kafka_fatal_error(handle.pointer, &reason, reason.count)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaFault(code, KafkaStrings.text(reason))
    }

    func isWell() { handle.isWell() }

    func retire() { isRetired.withLock { $0 = true } }

    private func work(patienceMilliseconds: Int) {
        var end: ContinuousClock.Instant?
        while true {
            unsafe rd_kafka_poll(handle.pointer, Self.pollMilliseconds)
            guard isRetired.withLock({ $0 }) else { continue }
            if unsafe rd_kafka_outq_len(handle.pointer) == 0 { return }
            let limit = end ?? .now + .milliseconds(patienceMilliseconds)
            end = limit
            if .now > limit { unsafe dipper_kafka_purge(handle.pointer) }
        }
    }

    /// Hands messages to the library, side by side. One that it refuses takes those behind it along, so that no later
    /// record stands without an earlier one.
    func enqueue(
        _ messages: [OutgoingMessage], _ topic: String, _ milliseconds: Int64, _ receipt: DeliveryReceipt
    ) {
        for index in messages.indices {
            let ticket = unsafe Unmanaged.passRetained(DeliveryTicket(receipt, index))
            let code = unsafe produce(messages[index], topic, milliseconds, ticket.toOpaque())
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
            unsafe ticket.release()
            for later in index..<messages.count { receipt.refuse(later, KafkaFault(code)) }
            return
        }
    }

    private func produce(
        _ message: OutgoingMessage, _ topic: String, _ milliseconds: Int64, _ opaque: UnsafeMutableRawPointer
    ) -> rd_kafka_resp_err_t {
        let headers = unsafe Self.headers(message.headers)
        let code = unsafe KafkaBytes.with(message.key) { key, keyBytes in
            unsafe KafkaBytes.with(message.value) { value, valueBytes in
                unsafe dipper_kafka_produce(
                    handle.pointer, topic, Int32(message.partition), key, keyBytes, value, valueBytes, milliseconds,
                    headers, opaque)
            }
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { unsafe rd_kafka_headers_destroy(headers) }
        return code
    }

    private static func headers(_ headers: [FetchedMessage.Header]) -> OpaquePointer? {
        let list = unsafe rd_kafka_headers_new(headers.count)
        for header in headers {
            _ = unsafe KafkaBytes.with(header.value) { value, valueBytes in
                unsafe rd_kafka_header_add(list, header.name, -1, value, valueBytes)
            }
        }
        return unsafe list
    }
}

/// Bytes as C takes them: an empty list has an address, because a null pointer means that there is no value.
@unsafe private enum KafkaBytes {
    static func with<Value>(_ bytes: [UInt8]?, _ body: (UnsafeRawPointer?, Int) -> Value) -> Value {
        guard let bytes else { return body(nil, 0) }
        if bytes.isEmpty {
            var nothing: UInt8 = 0
            return unsafe withUnsafePointer(to: &nothing) { unsafe body(UnsafeRawPointer($0), 0) }
        }
        return unsafe bytes.withUnsafeBytes { unsafe body($0.baseAddress, bytes.count) }
    }
}

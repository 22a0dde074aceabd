package import EventLog
import Foundation
package import Logging
import Synchronization

/// The event log in a Kafka cluster: one topic for each of Dipper's, records as messages, durable when the brokers that the
/// topic asks for have confirmed them (`acks=all`, idempotent producer).
///
/// Two more topics belong to it: `_dipper.meta` names the log's life and where partitions begin, and `_dipper.claims` says
/// who has taken which idempotency key (``ClaimBook``). Any number of processes use one log at once.
///
/// What Kafka does not give, and how it is held:
/// - an append of several records is one step only as far as the broker's batch goes: when it breaks in between the
///   answer is `append-state-unknown`. Dipper appends single records;
/// - ids are checked against the newest records of the topics that this process has open. Across processes they are unique
///   because they are random, and the sinks take the first of two records with one id;
/// - `appendedMicroseconds` is the clock of the gateway that appended, in whole milliseconds.
package final class KafkaEventLog: EventLog {
    package let incarnation: String
    package let limits: EventLogLimits
    package let options: KafkaLogOptions
    package var isShared: Bool { true }
    let logger: Logger
    let directory: TopicDirectory
    let producer: KafkaProducer
    let past: PastReader
    let admin: BlockingThread<KafkaAdmin>
    let ledger: TopicFollower<LogLedger>
    let claims: TopicFollower<ClaimBook>
    let pending = Mutex(PendingAppends())
    let signal: AppendSignal
    let nowMicroseconds: @Sendable () -> Int64
    private let pump: TailPump
    private let clients: ClientCount

    /// Seconds that closing waits for the clients' threads.
    private static let closeSeconds = 5.0

    /// Names of the topics that the log keeps for itself, behind the prefix.
    static let ledgerTopic = "_dipper.meta"
    static let claimsTopic = "_dipper.claims"
    /// How much longer than the window of idempotency claims are kept.
    private static let claimGraceSeconds: Int64 = 3_600

    /// Finds the cluster, and begins the log's life if it has none yet.
    /// - Throws: ``EventLogError`` `log-unreachable`, `log-refused`, `log-option-invalid`.
    package init(
        _ options: KafkaLogOptions, limits given: EventLogLimits = EventLogLimits(), logger: Logger,
        nowMicroseconds: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000_000) }
    ) async throws {
        var limits = given
        limits.recordBytesMax = min(limits.recordBytesMax, options.recordBytes)
        self.limits = limits
        self.options = options
        self.logger = logger
        self.nowMicroseconds = nowMicroseconds
        let signal = AppendSignal()
        self.signal = signal
        let setup = KafkaSetup(options, logger: logger)
        clients = setup.clients
        pump = TailPump(setup) { signal.send() }
        admin = BlockingThread(name: "kafka-admin") { try KafkaAdmin(setup) }
        directory = TopicDirectory(options, admin: admin, pump: pump)
        producer = KafkaProducer(setup, nowMicroseconds: nowMicroseconds)
        past = PastReader(setup)
        ledger = TopicFollower(options.topicName(Self.ledgerTopic), content: LogLedger(), options: options) {
            $0.apply($1)
        }
        claims = TopicFollower(
            options.topicName(Self.claimsTopic), content: ClaimBook(windowSeconds: limits.idempotencySeconds),
            options: options
        ) { book, message in
            guard let event = ClaimCoding.event(message.value) else { return }
            book.apply(event, at: message.timestampMilliseconds)
        }
        do {
            incarnation = try await Self.begin(
                options, limits, admin: admin, pump: pump, ledger: ledger, claims: claims, producer: producer)
        } catch {
            for close in [pump.close, producer.close, past.close, admin.close] { close() }
            clients.waitForNone(seconds: Self.closeSeconds)
            throw error
        }
    }

    private static func begin(
        _ options: KafkaLogOptions, _ limits: EventLogLimits, admin: BlockingThread<KafkaAdmin>, pump: TailPump,
        ledger: TopicFollower<LogLedger>, claims: TopicFollower<ClaimBook>, producer: KafkaProducer
    ) async throws -> String {
        var ledgerSettings = options.topicSettings
        ledgerSettings["cleanup.policy"] = "compact"
        var claimSettings = options.topicSettings
        claimSettings["retention.ms"] = "\((limits.idempotencySeconds + claimGraceSeconds) * 1_000)"
        for (topic, settings) in [(ledger.place.topic, ledgerSettings), (claims.place.topic, claimSettings)] {
            let count = try await TopicDirectory.partitionCount(
                topic, settings, partitions: 1, replication: options.replication, creating: true, admin: admin)
            guard count == 1 else {
                throw EventLogError(
                    code: "log-refused", message: "the topic \(topic) has \(count ?? 0) partitions; it must have one",
                    remedy: "switch automatic creation of topics off at the brokers, and delete the topic")
            }
        }
        pump.start()
        pump.add(ledger)
        pump.add(claims)
        try await ledger.reach()
        try await claims.reach()
        if let known = ledger.look({ $0.incarnation }) { return known }
        let fresh = UUID().uuidString.lowercased()
        let deliveries = try await producer.send([LogLedger.message(incarnation: fresh)], to: ledger.place.topic)
        switch deliveries.first {
        case .stored(let offset, _)?: try await ledger.reach(offset + 1)
        case .refused(let fault)?, .unknown(let fault)?: throw fault.refusal("the log's first record")
        case .storedSomewhere?, nil:
            throw placeUnknown.refusal("the log's first record")
        }
        return ledger.look { $0.incarnation } ?? fresh
    }

    /// Ends the threads after the appends under way; the log is not to be used afterwards.
    package func close() {
        producer.close()
        pump.close()
        past.close()
        admin.close()
        signal.finish()
        if !clients.waitForNone(seconds: Self.closeSeconds) {
            logger.warning("clients of Kafka are still at work while the log is closed")
        }
    }

    /// Makes topics that are missing and begins to follow all of them, so that reads find them from the start.
    /// - Throws: `log-partitions` when a topic has more partitions than the caller reads.
    package func prepare(topics: [String], partitionsMax: Int = .max) async throws {
        for name in topics {
            try EventLogLimits.validate(topic: name)
            guard let topic = try await directory.topic(name, creating: true) else { continue }
            guard topic.tails.count <= partitionsMax else {
                throw EventLogError(
                    code: "log-partitions",
                    message:
                        "the topic \(topic.brokerName) has \(topic.tails.count) partitions, \(partitionsMax) are read",
                    remedy: "use another prefix, or delete the topic and let Dipper make it")
            }
        }
    }

    package func partitionCount(topic: String) async throws -> Int {
        try await directory.topic(topic, creating: false)?.tails.count ?? 1
    }

    package func appends() -> AsyncStream<Void> { signal.stream() }
}

/// Appends that are on their way to the brokers.
struct PendingAppends {
    var byteCount = 0
    /// Ids of their records.
    var ids: Set<String> = []
}

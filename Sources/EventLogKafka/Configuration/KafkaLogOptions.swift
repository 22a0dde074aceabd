import EventLog
import Foundation

/// Which cluster the log lies in, and how.
///
///     kafka://HOST:PORT[,HOST:PORT…][?prefix=TEXT&partitions=N&replication=N&minInSync=N&…]
///     @FILE    the address in the file's first line, and below it properties of librdkafka, NAME=VALUE, a line each
///
/// The file is where passwords stand: a command line is seen by every user of a machine.
package struct KafkaLogOptions: Sendable, Hashable {
    /// Milliseconds after which an append that no broker has confirmed is given up.
    package static let appendMillisecondsDefault = 10_000
    /// Milliseconds that any other request, and a read for which there are records, may take.
    package static let requestMillisecondsDefault = 10_000
    /// Bytes of one record: 32 MiB. Topics are made with room for one.
    package static let recordBytesDefault = 32 << 20
    /// What a message takes beside key, value and headers, at most.
    static let messageOverheadBytes = 64 << 10
    /// Bytes of a record that a client may be configured for: more would pass what it receives in one answer.
    static let recordBytesMax = 64 << 20
    /// Records of each partition that are remembered by id, newest first.
    package static let lookBackRecordsDefault = 20_000
    /// Bytes of each partition's newest records that are kept in memory: 16 MiB.
    package static let recentBytesDefault = 16 << 20

    /// `HOST:PORT`, with commas between.
    package var brokers: String
    /// What the names of all topics begin with, so that lakes can share a cluster.
    package var prefix = ""
    /// Partitions of a topic that is made.
    package var partitions = 1
    /// Copies of a topic that is made; -1 leaves it to the broker.
    package var replication = -1
    /// Copies that must confirm an append; `nil` leaves it to the broker.
    package var minInSync: Int?
    package var recordBytes = recordBytesDefault
    package var appendMilliseconds = appendMillisecondsDefault
    package var requestMilliseconds = requestMillisecondsDefault
    /// Seconds that topics of accepted and of refused rows, which are not Dipper's own memory, are kept by the brokers: 7 days.
    package var acceptedSeconds = 7 * 24 * 3_600
    /// Partitions of such a topic that is made.
    package var derivedPartitions = 1
    package var lookBackRecords = lookBackRecordsDefault
    package var recentBytes = recentBytesDefault
    /// Properties of librdkafka: TLS, SASL, tuning.
    package var properties: [String: String] = [:]

    package init(brokers: String) { self.brokers = brokers }

    /// - Parameter text: an address, or `@FILE`.
    /// - Throws: ``EventLogError`` `log-option-invalid`; what keeps the file from being read.
    package init(_ text: String) throws {
        guard text.hasPrefix("@") else {
            try self.init(address: text)
            return
        }
        try self.init(
            file: String(contentsOfFile: String(text.dropFirst()), encoding: .utf8), source: String(text.dropFirst()))
    }

    /// - Parameter source: the file's name, for messages.
    init(file content: String, source: String) throws {
        var address: String?
        var properties: [String: String] = [:]
        for (index, line) in content.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let text = line.trimmingCharacters(in: .whitespacesAndNewlines)
            if text.isEmpty || text.hasPrefix("#") { continue }
            guard address != nil else {
                address = text
                continue
            }
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw Self.invalid("line \(index + 1) of \(source) is no NAME=VALUE")
            }
            let name = text[..<equals].trimmingCharacters(in: .whitespaces)
            guard !Self.owned.contains(name) else {
                throw Self.invalid("`\(name)` in \(source) is set by Dipper; it can't be another")
            }
            properties[name] = text[text.index(after: equals)...].trimmingCharacters(in: .whitespaces)
        }
        guard let address else { throw Self.invalid("\(source) has no address") }
        try self.init(address: address)
        self.properties = properties
    }

    private init(address: String) throws {
        guard address.hasPrefix("kafka://") else { throw Self.invalid("the address does not begin with kafka://") }
        let rest = address.dropFirst("kafka://".count)
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        brokers = String(parts[0].hasSuffix("/") ? parts[0].dropLast() : parts[0])
        for broker in brokers.split(separator: ",", omittingEmptySubsequences: false) {
            guard !broker.contains("@"), !broker.contains("/"), let colon = broker.lastIndex(of: ":"),
                colon > broker.startIndex, UInt16(broker[broker.index(after: colon)...]) != nil
            else { throw Self.invalid("brokers are HOST:PORT with commas between them") }
        }
        for option in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            try set(String(pair[0]), String(pair.count > 1 ? pair[1] : ""))
        }
    }

    private mutating func set(_ name: String, _ value: String) throws {
        if name == "prefix" {
            try EventLogLimits.validate(topic: value + "x")
            prefix = value
            return
        }
        guard let number = Int(value) else { throw Self.invalid("`\(name)` is unknown or no number") }
        func take(_ key: WritableKeyPath<Self, Int>, _ range: ClosedRange<Int>) throws {
            guard range.contains(number) else {
                throw Self.invalid("`\(name)` is \(number), allowed is \(range.lowerBound) to \(range.upperBound)")
            }
            self[keyPath: key] = number
        }
        switch name {
        case "partitions": try take(\.partitions, 1...10_000)
        case "replication": try take(\.replication, -1...100)
        case "recordBytes": try take(\.recordBytes, (64 << 10)...Self.recordBytesMax)
        case "appendMilliseconds": try take(\.appendMilliseconds, 1_000...600_000)
        case "requestMilliseconds": try take(\.requestMilliseconds, 1_000...600_000)
        case "derivedPartitions": try take(\.derivedPartitions, 1...10_000)
        case "acceptedSeconds": try take(\.acceptedSeconds, 60...(1 << 40))
        case "lookBackRecords": try take(\.lookBackRecords, 100...10_000_000)
        case "recentBytes": try take(\.recentBytes, (1 << 20)...(4 << 30))
        case "minInSync":
            guard (1...100).contains(number) else { throw Self.invalid("`minInSync` is \(number)") }
            minInSync = number
        default: throw Self.invalid("there is no option `\(name)`")
        }
    }

    private static func invalid(_ what: String) -> EventLogError {
        EventLogError(
            code: "log-option-invalid", message: "the address of the log can't be used: \(what)",
            remedy: "write it as kafka://HOST:PORT,HOST:PORT?prefix=lake., or as @FILE with that as its first line and "
                + "librdkafka's properties, NAME=VALUE, below")
    }

    // MARK: What librdkafka is told

    /// What the promises of the log rest on; nobody may set these.
    static let owned: Set<String> = [
        "bootstrap.servers", "metadata.broker.list", "enable.idempotence", "acks", "request.required.acks",
        "message.timeout.ms", "delivery.timeout.ms", "message.max.bytes", "enable.partition.eof", "auto.offset.reset",
        "enable.auto.commit", "check.crcs", "group.id", "transactional.id", "isolation.level",
    ]

    private var shared: [String: String] {
        [
            "client.id": "dipper", "socket.timeout.ms": "\(requestMilliseconds)", "reconnect.backoff.ms": "50",
            "reconnect.backoff.max.ms": "1000", "socket.keepalive.enable": "true",
            "message.max.bytes": "\(recordBytes + Self.messageOverheadBytes)",
        ].merging(properties) { _, given in given }.merging(["bootstrap.servers": brokers]) { _, own in own }
    }

    /// Of the idempotent producer. The library's own queue is bounded by the log's `pendingBytesMax` before it.
    var producerProperties: [String: String] {
        ["linger.ms": "1", "queue.buffering.max.messages": "1000000", "queue.buffering.max.kbytes": "2000000"]
            .merging(shared) { _, given in given }
            .merging(
                ["enable.idempotence": "true", "acks": "all", "message.timeout.ms": "\(appendMilliseconds)"]
            ) { _, own in own }
    }

    var consumerProperties: [String: String] {
        [
            "fetch.wait.max.ms": "100", "fetch.error.backoff.ms": "100", "queued.max.messages.kbytes": "32768",
            "fetch.message.max.bytes": "8388608",
        ]
        .merging(shared) { _, given in given }
        .merging(
            ["enable.partition.eof": "true", "auto.offset.reset": "error", "check.crcs": "true"]
        ) { _, own in own }
    }

    /// Known to newer versions of the library only.
    static let consumerTuning = ["fetch.queue.backoff.ms": "50", "allow.auto.create.topics": "false"]
    static let producerTuning = ["allow.auto.create.topics": "false"]

    /// Settings of a topic that is made: Dipper drops what every sink has passed, the broker drops nothing by itself.
    var topicSettings: [String: String] {
        var settings = [
            "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1",
            "max.message.bytes": "\(recordBytes + Self.messageOverheadBytes)",
        ]
        if let minInSync { settings["min.insync.replicas"] = "\(minInSync)" }
        return settings
    }

    /// The endings of topics whose records other programs read.
    static let derivedEndings = [".accepted", ".rejected"]

    static func isDerived(_ topic: String) -> Bool { derivedEndings.contains { topic.hasSuffix($0) } }

    /// Settings of one topic that is made.
    func settings(of topic: String) -> [String: String] {
        var settings = topicSettings
        if Self.isDerived(topic) { settings["retention.ms"] = "\(acceptedSeconds * 1_000)" }
        return settings
    }

    /// Partitions of one topic that is made.
    func partitions(of topic: String) -> Int { Self.isDerived(topic) ? derivedPartitions : partitions }

    /// The broker's name of a topic.
    func topicName(_ topic: String) -> String { prefix + topic }
}

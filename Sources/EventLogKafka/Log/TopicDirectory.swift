import EventLog

/// A topic that is in use, with a reader at the end of each of its partitions.
struct OpenTopic: Sendable {
    /// As the log's users name it.
    let name: String
    let brokerName: String
    let tails: [PartitionTail]
}

/// The topics in use. One that is not there is made at the first append, never by a read.
actor TopicDirectory {
    private let options: KafkaLogOptions
    private let admin: BlockingThread<KafkaAdmin>
    private let pump: TailPump
    private var open: [String: OpenTopic] = [:]
    private var opening: [String: Task<OpenTopic?, any Error>] = [:]

    init(_ options: KafkaLogOptions, admin: BlockingThread<KafkaAdmin>, pump: TailPump) {
        self.options = options
        self.admin = admin
        self.pump = pump
    }

    var all: [OpenTopic] { Array(open.values) }

    /// - Returns: `nil` for a topic that is not there and not to be made.
    func topic(_ name: String, creating: Bool) async throws -> OpenTopic? {
        if let known = open[name] { return known }
        if let task = opening[name] {
            if let found = try await task.value { return found }
            guard creating else { return nil }
        }
        if let known = open[name] { return known }
        let task = Task { try await look(for: name, creating: creating) }
        opening[name] = task
        defer { if opening[name] == task { opening[name] = nil } }
        return try await task.value
    }

    private func look(for name: String, creating: Bool) async throws -> OpenTopic? {
        let brokerName = options.topicName(name)
        guard
            let count = try await Self.partitionCount(
                brokerName, options.settings(of: name), partitions: options.partitions(of: name),
                replication: options.replication, creating: creating, admin: admin)
        else { return nil }
        let tails = (0..<count).map { partition in
            PartitionTail(PartitionName(topic: brokerName, partition: partition), topic: name, options: options)
        }
        if let known = open[name] { return known }
        for tail in tails { pump.add(tail) }
        let found = OpenTopic(name: name, brokerName: brokerName, tails: tails)
        open[name] = found
        return found
    }

    /// Attempts to see a topic that was just made, and the pause between them: a cluster needs a moment to tell of it.
    private static let attemptsMax = 50
    private static let attemptPause = Duration.milliseconds(100)

    /// The number of a topic's partitions, which is made where it is missing if that is wanted.
    static func partitionCount(
        _ name: String, _ settings: [String: String], partitions: Int, replication: Int, creating: Bool,
        admin: BlockingThread<KafkaAdmin>
    ) async throws -> Int? {
        if let count = try await admin.run({ try $0.partitionCounts() })[name] { return count }
        guard creating else { return nil }
        try await admin.run {
            try $0.create(name, partitions: partitions, replication: replication, settings: settings)
        }
        for _ in 0..<attemptsMax {
            if let count = try await admin.run({ try $0.partitionCounts() })[name] { return count }
            try await Task.sleep(for: attemptPause)
        }
        throw EventLogError(
            code: "log-unreachable", message: "the topic \(name) was made, but the brokers don't list it",
            remedy: "repeat the call after a moment; look at the brokers if it goes on", isRetryable: true)
    }
}

import EventLog
import EventLogKafka
import Foundation
import Logging
import Synchronization

/// The broker that `bin/test` starts, and logs on it that don't see each other.
enum TestBroker {
    static let environmentName = "DIPPER_KAFKA"

    /// Whether there is a broker. Under `CI` there must be one, so that no test is left out in silence.
    static var isThere: Bool {
        ProcessInfo.processInfo.environment[environmentName] != nil || ProcessInfo.processInfo.environment["CI"] != nil
    }

    static func options(prefix: String) throws -> KafkaLogOptions {
        guard let text = ProcessInfo.processInfo.environment[environmentName] else {
            throw EventLogError(
                code: "test-broker", message: "\(environmentName) names no broker; bin/test starts one")
        }
        var options = try KafkaLogOptions(text)
        options.prefix = prefix
        options.replication = 1
        return options
    }

    /// A prefix that no other test uses.
    static func freshPrefix() -> String { "t" + UUID().uuidString.lowercased().prefix(13) + "." }

    static let logger: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return logger
    }()

    static func with<Value>(
        _ change: (inout KafkaLogOptions) -> Void = { _ in }, _ body: (KafkaEventLog) async throws -> Value
    ) async throws -> Value {
        var options = try options(prefix: freshPrefix())
        change(&options)
        let log = try await KafkaEventLog(options, logger: logger)
        defer { log.close() }
        return try await body(log)
    }
}

import ArgumentParser
import EventLogKafka
import Foundation
import LakeModel

/// Where the log lies: in the data folder, or in Kafka.
struct LogChoice: Sendable, Equatable {
    /// Where commands that open a data folder find the address that the server was started with.
    static let variable = "DIPPER_LOG"

    static let embedded = LogChoice()

    /// `nil`: the data folder's own file.
    var kafka: KafkaLogOptions?

    init() {}

    /// The option wins over the environment.
    /// - Throws: `log-option-invalid`; what keeps a file from being read.
    init(_ text: String?, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        guard let text = text ?? environment[Self.variable], !text.isEmpty else { return }
        kafka = try KafkaLogOptions(text)
    }
}

/// Remembers in a data folder that its log lies elsewhere, so that a command that was not told so does not begin an empty
/// one beside it.
struct LogMark {
    private let path: String
    private let isElsewhere: Bool

    /// - Throws: `log-elsewhere` and `log-embedded` when the folder's log is not the chosen one.
    init(folder: String, choice: LogChoice) throws {
        path = "\(folder)/log.elsewhere"
        isElsewhere = choice.kafka != nil
        let isMarked = FileManager.default.fileExists(atPath: path)
        if isMarked, !isElsewhere {
            throw ClientError(
                code: "log-elsewhere", message: "the log of \(folder) lies in Kafka",
                remedy: "give its address with --log or in \(LogChoice.variable)")
        }
        if isElsewhere, !isMarked, FileManager.default.fileExists(atPath: "\(folder)/log.db") {
            throw ClientError(
                code: "log-embedded", message: "\(folder) has a log of its own",
                remedy: "start without --log, or load the data into a new folder")
        }
    }

    /// Leaves the mark, once the log is open.
    func leave() throws {
        if isElsewhere { try "kafka\n".write(toFile: path, atomically: true, encoding: .utf8) }
    }
}

/// Options of a process that shares a lake with others.
struct ClusterOptions: ParsableArguments {
    @Option(
        help: "The log: kafka://HOST:PORT,HOST:PORT?prefix=…, or @FILE with that in it (default: in the data folder).")
    var log: String?

    @Option(help: "The folder of uploads and tables, where processes of one machine share it (default: DATA-DIR/lake).")
    var lakeDir: String?
}

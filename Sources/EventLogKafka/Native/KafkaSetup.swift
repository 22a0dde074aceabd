import Foundation
import Logging
import Synchronization

/// What every client of one log is made with.
struct KafkaSetup: Sendable {
    let options: KafkaLogOptions
    let logger: Logger
    let clients = ClientCount()
    let lines = LineFilter()

    init(_ options: KafkaLogOptions, logger: Logger) {
        self.options = options
        self.logger = logger
    }
}

/// How many of the library's clients live. A process must not end while their threads run: the library's own memory goes
/// from under them.
///
/// `@unchecked Sendable`: `count` is only touched under `condition`.
final class ClientCount: @unchecked Sendable {
    private let condition = NSCondition()
    private var count = 0

    func add(_ difference: Int) {
        condition.lock()
        count += difference
        if count == 0 { condition.broadcast() }
        condition.unlock()
    }

    /// Blocks until there is none left, or time is up.
    /// - Returns: whether there is none left.
    @discardableResult func waitForNone(seconds: Double) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        let end = Date(timeIntervalSinceNow: seconds)
        while count > 0 {
            guard condition.wait(until: end) else { return false }
        }
        return true
    }
}

/// What all clients of a log say, each thing once in a while.
final class LineFilter: Sendable {
    private let lines = Mutex(RepeatedLines())

    /// - Returns: `nil` for a line to leave out, else how many of its kind were.
    func admit(_ text: String) -> Int? {
        let now = Int64(ProcessInfo.processInfo.systemUptime * 1_000)
        return lines.withLock { $0.admit(text, now: now) }
    }
}

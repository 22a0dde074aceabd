import EventLog

/// The messages of the next append to a ``DerivedTopic``, and what of them the topic has already: a state machine without I/O.
///
/// 1. Rows go out in portions, one append each. The next portion begins when the one before has been confirmed as a whole.
/// 2. Each message says where its portion begins. So whoever finds a message in the topic, in whatever partition, knows that
///    all rows before that place are there.
/// 3. Of the highest portion that is found any part may be missing, where an append broke off: one partition has got its
///    messages and another not. Whoever goes on begins with that portion and leaves out those of its messages that are there,
///    which their ids tell. Nothing is skipped that is not in the topic, so each row is there at least once; and nothing is
///    sent again, as long as no message of a lost append arrives after the topic was asked.
/// 4. Messages of one key lie in one partition and their order counts: where one was missing, those of its key behind it are
///    sent again, so that a key's last message is its last row.
struct TopicPortion: Sendable {
    /// Messages of one append, and their bytes, about.
    static let messagesMax = 1_000
    static let bytesMax = 4 << 20
    /// Keys that are kept for rule 4 at most; beyond that the rest of what is there is sent again.
    static let lateKeysMax = 20_000

    /// Everything before is in the topic.
    private(set) var start: AcceptedPosition
    private(set) var messages: [LogRecord] = []
    /// Of all that was added, also what is in the topic: so a portion that is gone on with ends where it ended before.
    private var count = 0
    private var byteCount = 0
    /// Ids of messages behind ``start`` that the topic has.
    private var there: Set<String>
    /// Keys of messages that it had not, while others behind them were there.
    private var late: Set<[UInt8]> = []

    init(from start: AcceptedPosition, there: Set<String> = []) {
        self.start = start
        self.there = there
    }

    var isFull: Bool { count >= Self.messagesMax || byteCount >= Self.bytesMax }

    /// Whether that much more is still one append.
    func hasRoom(messages: Int, bytes: Int) -> Bool {
        count + messages <= Self.messagesMax && byteCount + bytes <= Self.bytesMax
    }

    /// Takes the next message in the log's order.
    mutating func add(_ message: LogRecord) {
        count += 1
        byteCount += message.byteCount
        if isThere(message) { return }
        var message = message
        message.headers[AcceptedPosition.header] = start.text
        messages.append(message)
    }

    private mutating func isThere(_ message: LogRecord) -> Bool {
        if there.isEmpty { return false }
        guard there.remove(message.id) != nil else {
            if let key = message.key { late.insert(key) }
            if late.count > Self.lateKeysMax { there = [] }
            return false
        }
        return message.key.map { !late.contains($0) } ?? true
    }

    /// The portion is in the topic, and with it all that lies before `place`.
    mutating func isOut(before place: AcceptedPosition) {
        start = place
        messages = []
        count = 0
        byteCount = 0
        if there.isEmpty { late = [] }
    }
}

/// A place in the rows of a table, in the log's order. Each message of a ``DerivedTopic`` carries one in a header: the rows
/// before it are in the topic, all of them (``TopicPortion``).
struct AcceptedPosition: Sendable, Hashable {
    static let header = "dipper-position"

    /// Of the log that the rows come from.
    var incarnation: String
    /// The record that rows are taken from.
    var offset: Int64
    /// Rows of that record that lie before.
    var rows: Int64 = 0

    var text: String { "\(incarnation)/\(offset)/\(rows)" }

    init(incarnation: String, offset: Int64, rows: Int64 = 0) {
        self.incarnation = incarnation
        self.offset = offset
        self.rows = rows
    }

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let offset = Int64(parts[1]), let rows = Int64(parts[2]) else { return nil }
        self.init(incarnation: String(parts[0]), offset: offset, rows: rows)
    }

    /// Whether it lies before a place of the same log.
    func isBefore(_ other: Self) -> Bool { (offset, rows) < (other.offset, other.rows) }
}

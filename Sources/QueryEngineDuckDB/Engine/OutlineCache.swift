import QueryEngine
import Synchronization

/// Outlines of statements that were parsed lately. They depend on nothing but the text, unless that speaks of now.
final class OutlineCache: Sendable {
    static let statementsMax = 1_000
    /// A longer statement is parsed each time, bytes.
    static let statementBytesMax = 16 << 10

    private let known = Mutex<[String: StatementOutline]>([:])

    subscript(sql: String) -> StatementOutline? { known.withLock { $0[sql] } }

    func keep(_ outline: StatementOutline, of sql: String) {
        // `AT (TIMESTAMP => now())` is another time at each run.
        let isLasting =
            outline.isRepeatable
            || outline.references.allSatisfy { reference in
                if case .instant? = reference.moment { false } else { true }
            }
        guard isLasting, sql.utf8.count <= Self.statementBytesMax else { return }
        known.withLock { known in
            if known.count >= Self.statementsMax { known.removeAll() }
            known[sql] = outline
        }
    }
}

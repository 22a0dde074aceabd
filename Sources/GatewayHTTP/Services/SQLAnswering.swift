package import Access
package import QueryEngine

/// Read-only SQL over the lake's tables.
package protocol SQLAnswering: Sendable {
    /// - Throws: the query engine's errors; `snapshot-unknown` when `asOf` lies before a table's first snapshot;
    ///   `forbidden` for SQL that names a table that the reader may not read.
    func answer(_ question: SQLQuestion) async throws -> SQLAnswer

    /// What the answer would be computed from, without computing it; `nil` when the same statement over the same snapshots may
    /// have another answer, or when it is the answer's to say what is wrong with it.
    /// - Throws: as ``answer(_:)``.
    func version(of question: SQLQuestion) async throws -> AnswerVersion?

    /// As ``answer(_:)``, and tells now and then, from any thread, how far the query is.
    func answer(
        _ question: SQLQuestion, progress: (@Sendable (QueryProgress) -> Void)?
    ) async throws -> SQLAnswer
}

extension SQLAnswering {
    package func answer(
        _ question: SQLQuestion, progress: (@Sendable (QueryProgress) -> Void)?
    ) async throws -> SQLAnswer { try await answer(question) }

    package func version(of question: SQLQuestion) async throws -> AnswerVersion? { nil }
}

package struct SQLQuestion: Sendable, Hashable {
    package var sql: String
    package var parameters: QueryParameters
    /// `nil`: the current snapshots.
    package var asOf: AsOf?
    /// Whose rights hold: tables that they may not read are not there.
    package var reader: Principal
    /// Rows of the result at most; `nil`: as the server has it.
    package var rowsMax: Int?
    /// Shortens the time that the server allows a query.
    package var timeoutMilliseconds: Int?

    package init(
        sql: String, parameters: QueryParameters = .positional([]), asOf: AsOf? = nil, reader: Principal = .anybody
    ) {
        self.sql = sql
        self.parameters = parameters
        self.asOf = asOf
        self.reader = reader
    }
}

/// Which state of the tables a query sees.
package enum AsOf: Sendable, Hashable {
    /// The snapshots that were current at this instant: microseconds since 1970 UTC.
    case instant(microseconds: Int64)
    /// Qualified table name to snapshot id; other tables as they are now.
    case snapshots([String: Int64])
}

package struct SQLAnswer: Sendable, Hashable {
    package var result: QueryResult
    /// Qualified table name to the snapshot id that was read.
    package var snapshotIDs: [String: Int64]
    /// Data files of the tables that were read, and those that could not hold matching rows.
    package var filesRead: Int
    package var filesSkipped: Int
    /// What it was computed from, where ``SQLAnswering/version(of:)`` has one.
    package var version: AnswerVersion?

    package init(
        result: QueryResult, snapshotIDs: [String: Int64], filesRead: Int = 0, filesSkipped: Int = 0,
        version: AnswerVersion? = nil
    ) {
        self.result = result
        self.snapshotIDs = snapshotIDs
        self.filesRead = filesRead
        self.filesSkipped = filesSkipped
        self.version = version
    }
}

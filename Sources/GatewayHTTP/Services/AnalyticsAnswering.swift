package import Access
package import LakeModel
package import QueryEngine

/// Answers the named analytics of the model file.
package protocol AnalyticsAnswering: Sendable {
    var analytics: [AnalyticDeclaration] { get }

    /// What the answer would be computed from, without computing it. Cheap: it serves `If-None-Match`.
    func version(of question: AnalyticQuestion) async throws -> AnswerVersion

    /// - Throws: the query engine's errors.
    func answer(_ question: AnalyticQuestion, page: Int, size: Int) async throws -> AnalyticAnswer
}

/// A named analytic with its parameters, checked against the declaration's types and bounds.
package struct AnalyticQuestion: Sendable, Hashable {
    package var name: String
    /// In the declared order.
    package var parameters: [QueryValue]
    /// Whose rights hold: tables that they may not read are not there.
    package var reader: Principal

    package init(name: String, parameters: [QueryValue], reader: Principal = .anybody) {
        self.name = name
        self.parameters = parameters
        self.reader = reader
    }
}

/// The data that an answer reflects.
package struct AnswerVersion: Sendable, Hashable {
    /// Changes whenever the answer could: made of snapshot ids, the declaration and the parameters. Visible ASCII
    /// without quotes.
    package var tag: String
    /// Qualified table name to snapshot id.
    package var snapshotIDs: [String: Int64]

    package init(tag: String, snapshotIDs: [String: Int64]) {
        self.tag = tag
        self.snapshotIDs = snapshotIDs
    }
}

/// One page of an analytic's rows.
package struct AnalyticAnswer: Sendable, Hashable {
    package var version: AnswerVersion
    package var columns: [QueryResult.Column]
    package var rows: [[QueryValue]]
    /// Rows of all pages.
    package var total: Int
    /// The namespace that was asked: `silver`, or `gold` when gold tables held the same.
    package var source: String
    /// What computed it: `embedded`, or `trino` for a cluster.
    package var engine: String

    package init(
        version: AnswerVersion, columns: [QueryResult.Column], rows: [[QueryValue]], total: Int,
        source: String = "silver", engine: String = "embedded"
    ) {
        self.version = version
        self.columns = columns
        self.rows = rows
        self.total = total
        self.source = source
        self.engine = engine
    }
}

/// Tells of the gold tables, and refreshes them.
package protocol GoldBrowsing: Sendable {
    /// Every declared gold table, those before it that it is made of.
    func goldTables() async throws -> [GoldSummary]

    /// Looks at every gold table now and returns when all are done; failures are in the summaries.
    func refreshGold() async throws
}

package struct GoldSummary: Sendable, Hashable {
    package var name: String
    package var doc: String
    /// Qualified names of the tables that it is computed from.
    package var inputs: [String]
    /// Whether it reflects its inputs as they are.
    package var isCurrent: Bool
    package var snapshotID: Int64?
    package var rowCount: Int64?
    /// Of the last refresh that went well in this process, microseconds since 1970 UTC.
    package var refreshedMicroseconds: Int64?
    package var tookMilliseconds: Int64?
    /// Why the last refresh failed, if it did.
    package var failure: String?

    package init(name: String, doc: String, inputs: [String], isCurrent: Bool) {
        self.name = name
        self.doc = doc
        self.inputs = inputs
        self.isCurrent = isCurrent
    }
}

package import LakeModel

/// The operational database: the accepted rows by key, for point reads and joins with transactional data.
///
/// It keeps its own watermark per topic partition in the transaction of its rows.
package protocol OperationalStore: Sendable {
    /// Creates or widens the tables. A change that would lose data is refused.
    func prepare(_ tables: [OperationalTable]) async throws

    /// How far this store has got; `nil` before the first change.
    func watermark(topic: String, partition: Int) async throws -> OperationalWatermark?

    /// Applies rows and watermark in one transaction. A watermark that would not move forward makes this a no-op.
    /// - Returns: whether the change was applied.
    @discardableResult func apply(_ change: OperationalChange) async throws -> Bool

    /// The row of a key, columns in the declared order; `nil` when there is none.
    func row(table: String, key: [Datum]) async throws -> [Datum?]?

    func rowCount(table: String) async throws -> Int
}

package struct OperationalTable: Sendable, Hashable {
    package var name: String
    package var columns: [SchemaField]
    /// Indexes into `columns`; empty for a table without a key.
    package var keyColumns: [Int]

    package init(name: String, columns: [SchemaField], keyColumns: [Int]) {
        self.name = name
        self.columns = columns
        self.keyColumns = keyColumns
    }
}

/// A position in the log, and how many rows of the record at `offset` are already in (a long file goes in slices).
/// Ordered by offset, then rows.
package struct OperationalWatermark: Sendable, Hashable {
    package var incarnation: String
    /// The next offset to work on.
    package var nextOffset: Int64
    /// Rows of the record at `nextOffset` that are in already.
    package var rowsDone: Int64

    package init(incarnation: String, nextOffset: Int64, rowsDone: Int64 = 0) {
        self.incarnation = incarnation
        self.nextOffset = nextOffset
        self.rowsDone = rowsDone
    }
}

package struct OperationalChange: Sendable {
    package enum Conflict: Sendable, Hashable { case replace, ignore }

    package var table: String
    package var topic: String
    package var partition: Int
    package var watermark: OperationalWatermark
    /// Drop every row first (an overwrite's first slice).
    package var truncate: Bool
    /// Rows in log order, the table's declared columns.
    package var upserts: [ColumnBatch]
    package var conflict: Conflict
    /// Keys to drop, before the upserts.
    package var deletes: [[Datum]]

    package init(
        table: String, topic: String, partition: Int, watermark: OperationalWatermark, truncate: Bool = false,
        upserts: [ColumnBatch], conflict: Conflict = .replace, deletes: [[Datum]] = []
    ) {
        self.table = table
        self.topic = topic
        self.partition = partition
        self.watermark = watermark
        self.truncate = truncate
        self.upserts = upserts
        self.conflict = conflict
        self.deletes = deletes
    }
}

package import Access
package import LakeModel
package import QueryEngine

/// What the catalog tells about tables. `table` is the name in the API (`hired_employees`) or the qualified Iceberg name
/// (`silver.employees_cleaned`).
package protocol TableBrowsing: Sendable {
    /// The tables that `reader` may read.
    func tables(of reader: Principal, page: Int, size: Int) async throws -> ListPage<TableSummary>
    /// `nil`: no such table.
    func table(_ table: String) async throws -> TableDetail?
    /// The newest first; `nil`: no such table.
    func snapshots(of table: String, page: Int, size: Int) async throws -> ListPage<SnapshotSummary>?
    /// The live files of a snapshot (the current one when `snapshotID` is `nil`); `nil`: no such table or snapshot.
    func files(of table: String, snapshotID: Int64?, page: Int, size: Int) async throws -> ListPage<DataFileSummary>?
}

/// One page of a list, and how many items there are in all.
package struct ListPage<Item: Sendable>: Sendable {
    package var items: [Item]
    package var total: Int

    package init(items: [Item], total: Int) {
        self.items = items
        self.total = total
    }
}

package struct TableSummary: Sendable, Hashable {
    /// The name in the API; for tables that are not declared, the qualified Iceberg name.
    package var name: String
    package var namespace: String
    package var icebergName: String
    package var rowCount: Int64?
    package var fileCount: Int64?
    /// Bytes of the data files.
    package var byteCount: Int64?
    /// `nil` before the first commit.
    package var snapshotID: Int64?
    /// When the current snapshot was committed: microseconds since 1970 UTC.
    package var committedMicroseconds: Int64?

    package init(
        name: String, namespace: String, icebergName: String, rowCount: Int64? = nil, fileCount: Int64? = nil,
        byteCount: Int64? = nil, snapshotID: Int64? = nil, committedMicroseconds: Int64? = nil
    ) {
        self.name = name
        self.namespace = namespace
        self.icebergName = icebergName
        self.rowCount = rowCount
        self.fileCount = fileCount
        self.byteCount = byteCount
        self.snapshotID = snapshotID
        self.committedMicroseconds = committedMicroseconds
    }
}

package struct TableDetail: Sendable, Hashable {
    package var summary: TableSummary
    package var formatVersion: Int
    package var tableUUID: String?
    /// The table's current metadata file, by which other readers open it.
    package var metadataLocation: String?
    package var fields: [SchemaField]
    package var key: [String]
    /// Partition fields as text, for example `hire_year` or `bucket(16, id)`.
    package var partition: [String]
    package var sortOrder: [String]
    package var properties: [String: String]
    package var currentSnapshot: SnapshotSummary?

    package init(
        summary: TableSummary, formatVersion: Int, tableUUID: String? = nil, metadataLocation: String? = nil,
        fields: [SchemaField], key: [String] = [], partition: [String] = [], sortOrder: [String] = [],
        properties: [String: String] = [:],
        currentSnapshot: SnapshotSummary? = nil
    ) {
        self.summary = summary
        self.formatVersion = formatVersion
        self.tableUUID = tableUUID
        self.metadataLocation = metadataLocation
        self.fields = fields
        self.key = key
        self.partition = partition
        self.sortOrder = sortOrder
        self.properties = properties
        self.currentSnapshot = currentSnapshot
    }
}

package struct SnapshotSummary: Sendable, Hashable {
    package var id: Int64
    package var parentID: Int64?
    package var sequenceNumber: Int64
    /// Microseconds since 1970 UTC.
    package var committedMicroseconds: Int64
    /// `append`, `overwrite`, `delete` or `replace`.
    package var operation: String
    package var isCurrent: Bool
    package var summary: [String: String]

    package init(
        id: Int64, parentID: Int64? = nil, sequenceNumber: Int64, committedMicroseconds: Int64, operation: String,
        isCurrent: Bool, summary: [String: String] = [:]
    ) {
        self.id = id
        self.parentID = parentID
        self.sequenceNumber = sequenceNumber
        self.committedMicroseconds = committedMicroseconds
        self.operation = operation
        self.isCurrent = isCurrent
        self.summary = summary
    }
}

package struct DataFileSummary: Sendable, Hashable {
    /// The path below the table's location.
    package var path: String
    /// `data`, `position-deletes` or `equality-deletes`.
    package var content: String
    package var rowCount: Int64
    package var byteCount: Int64
    package var partition: [String: QueryValue]
    package var sequenceNumber: Int64?

    package init(
        path: String, content: String = "data", rowCount: Int64, byteCount: Int64,
        partition: [String: QueryValue] = [:], sequenceNumber: Int64? = nil
    ) {
        self.path = path
        self.content = content
        self.rowCount = rowCount
        self.byteCount = byteCount
        self.partition = partition
        self.sequenceNumber = sequenceNumber
    }
}

package import AvroFormat
package import LakeModel

/// Everything that a table's metadata file says.
///
/// Source: Iceberg specification, "Table Metadata".
package struct TableMetadata: Sendable, Hashable {
    package struct SnapshotLogEntry: Sendable, Hashable {
        package var timestampMilliseconds: Int64
        package var snapshotID: Int64

        package init(timestampMilliseconds: Int64, snapshotID: Int64) {
            self.timestampMilliseconds = timestampMilliseconds
            self.snapshotID = snapshotID
        }
    }

    package struct MetadataLogEntry: Sendable, Hashable {
        package var timestampMilliseconds: Int64
        package var location: String

        package init(timestampMilliseconds: Int64, location: String) {
            self.timestampMilliseconds = timestampMilliseconds
            self.location = location
        }
    }

    /// 1 to 3. Versions 1 and 3 are kept for other engines; Dipper itself reads 1 and 2 and writes snapshots of 2.
    package var formatVersion: Int
    package var tableUUID: String
    /// The table's base location without a trailing `/`.
    package var location: String
    package var lastSequenceNumber: Int64
    package var lastUpdatedMilliseconds: Int64
    package var lastColumnID: Int
    package var schemas: [Schema]
    package var currentSchemaID: Int
    package var partitionSpecs: [PartitionSpec]
    package var defaultSpecID: Int
    package var lastPartitionID: Int
    package var sortOrders: [SortOrder]
    package var defaultSortOrderID: Int
    package var properties: [String: String]
    package var currentSnapshotID: Int64?
    package var snapshots: [Snapshot]
    package var refs: [String: SnapshotReference]
    package var snapshotLog: [SnapshotLogEntry]
    package var metadataLog: [MetadataLogEntry]
    /// Statistics files as they came.
    package var statistics: [JSONValue]
    package var partitionStatistics: [JSONValue]
    /// Members that this build does not know, kept as they came.
    package var unknownMembers: JSONObject
    /// The file that this metadata was read from or written to; `nil` once it was changed. Not part of the JSON form.
    package var metadataLocation: String?
    /// Format version 3: the id of the next row that is added.
    package var nextRowID: Int64?

    /// What the catalog keeps, and what scans read.
    package static let formatVersionMax = 3
    package static let scannedVersionMax = 2

    /// The current schema.
    package var schema: Schema { schemas.first { $0.id == currentSchemaID } ?? Schema(id: 0, fields: []) }

    /// The spec that writers partition new files by.
    package var partitionSpec: PartitionSpec {
        partitionSpecs.first { $0.id == defaultSpecID } ?? .unpartitioned
    }

    /// The order that writers sort new files by.
    package var sortOrder: SortOrder { sortOrders.first { $0.id == defaultSortOrderID } ?? .unsorted }

    package var currentSnapshot: Snapshot? { currentSnapshotID.flatMap { snapshot(id: $0) } }

    /// - Complexity: O(number of snapshots).
    package func snapshot(id: Int64) -> Snapshot? { snapshotIndex(id: id).map { snapshots[$0] } }

    func hasSnapshot(_ id: Int64) -> Bool { snapshotIndex(id: id) != nil }

    /// From the end, where the snapshots are that are asked for most. Only ids are read: a copy of each snapshot on the
    /// way would cost a commit of a long history more than everything else.
    private func snapshotIndex(id: Int64) -> Int? {
        var index = snapshots.count
        while index > 0 {
            index -= 1
            if snapshots[index].id == id { return index }
        }
        return nil
    }

    /// The same table with the snapshots that branches and tags name, and no others.
    package func withNamedSnapshots() -> TableMetadata {
        let named = Set(refs.values.map(\.snapshotID))
        var shortened = self
        shortened.snapshots = named.compactMap { snapshotIndex(id: $0) }.sorted().map { snapshots[$0] }
        shortened.snapshotLog = snapshotLog.filter { named.contains($0.snapshotID) }
        return shortened
    }

    package func schema(id: Int) -> Schema? { schemas.first { $0.id == id } }

    package func partitionSpec(id: Int) -> PartitionSpec? { partitionSpecs.first { $0.id == id } }

    /// The snapshot that was current at a time: the last entry of the snapshot log at or before it.
    package func snapshot(asOfMilliseconds timestamp: Int64) -> Snapshot? {
        snapshotLog.last { $0.timestampMilliseconds <= timestamp }.flatMap { snapshot(id: $0.snapshotID) }
    }

    /// The type of a primitive column, also one that only older schemas have.
    package func sourceType(ofID id: Int) -> PrimitiveType? {
        if let type = schema.type(ofID: id) { return type.primitive }
        for schema in schemas.reversed() {
            if let type = schema.type(ofID: id) { return type.primitive }
        }
        return nil
    }

    /// A property as a number, or `fallback` when it is not set or not a number of at least `minimum`.
    package func integerProperty(_ key: String, default fallback: Int, minimum: Int = 0) -> Int {
        properties[key].flatMap { Int($0) }.flatMap { $0 >= minimum ? $0 : nil } ?? fallback
    }

    /// Metadata of a new, empty table of format version 2.
    ///
    /// Field ids are taken as they are in `schema` (they must be unique), and so are those of the spec.
    package static func new(
        uuid: String, location: String, schema: Schema, partitionSpec: PartitionSpec = .unpartitioned,
        sortOrder: SortOrder = .unsorted, properties: [String: String] = [:], nowMilliseconds: Int64
    ) -> TableMetadata {
        TableMetadata(
            formatVersion: 2, tableUUID: uuid, location: Self.trimmed(location), lastSequenceNumber: 0,
            lastUpdatedMilliseconds: nowMilliseconds, lastColumnID: schema.highestFieldID, schemas: [schema],
            currentSchemaID: schema.id, partitionSpecs: [partitionSpec], defaultSpecID: partitionSpec.id,
            lastPartitionID: partitionSpec.fields.map(\.fieldID).max() ?? PartitionSpec.fieldIDFirst - 1,
            sortOrders: [sortOrder], defaultSortOrderID: sortOrder.id, properties: properties, currentSnapshotID: nil,
            snapshots: [], refs: [:], snapshotLog: [], metadataLog: [], statistics: [], partitionStatistics: [],
            unknownMembers: JSONObject(), metadataLocation: nil)
    }

    static func trimmed(_ location: String) -> String {
        var location = location
        while location.hasSuffix("/"), !location.hasSuffix("://") { location.removeLast() }
        return location
    }
}
